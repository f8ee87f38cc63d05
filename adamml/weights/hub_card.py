"""A card for a model that has none: what the Hugging Face Hub wants in its head, and what `model.json` says."""

import yaml

from adamml.weights.checkpoint import ModelCard

LIBRARY = "adamml-studio"
PAPER = "https://arxiv.org/abs/2105.05165"
SHOWN = 40  # classes named; a model may have hundreds


def hub_card(card: ModelCard, repo: str) -> str:
    """The text of README.md in a repository of the hub."""
    head = {
        "library_name": LIBRARY,
        "pipeline_tag": "video-classification",
        "tags": ["video-classification", "audio-visual", "adaptive-inference"],
    }
    classes = ", ".join(card.classes[:SHOWN]) + (", ..." if len(card.classes) > SHOWN else "")
    return f"""---
{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---

# {card.name}

A model for AdaMML Studio, after [AdaMML]({PAPER}) (Panda et al., ICCV 2021): for each second of a clip, a small network
picks which large recognizer is worth running, for the picture, the sound, both or neither.

* Trained on: {card.trained}.
* License: {card.licence}.
* Policies: {", ".join(card.policies)}.
* {len(card.classes)} classes: {classes}.

```python
from adamml import Recognizer

recognizer = Recognizer.from_pretrained("{repo}")
print(recognizer.analyze("clip.mp4").label)
```
"""
