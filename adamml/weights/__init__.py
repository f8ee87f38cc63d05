"""Weights on disk and where they come from.

`checkpoint` reads and writes a model's folder; `model_lookup` turns a name into such a folder and fetches what was
asked for: `github_release` with `ibm_checkpoint` (the published weights and their conversion) or `huggingface`, both
over `download`. `kinetics_sounds` names the classes of the published model. `space_upload` is the way out: this
repository onto a Hugging Face Space.
"""
