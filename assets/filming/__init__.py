"""How the example clips are made; `make_examples.py` one folder up holds their storyboards."""
