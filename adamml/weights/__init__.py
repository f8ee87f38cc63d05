"""Weights on disk and where they come from.

`checkpoint` reads and writes a model's folder; `model_lookup` turns a name into such a folder and fetches what was
asked for: from the authors' release (`github_release` over `download`, converted by `ibm_checkpoint`, classes named by
`kinetics_sounds`) or from the Hugging Face Hub (`huggingface`, over its own library). The ways out: `huggingface.push`
for a model, with a card by `hub_card` where it has none, and `space_upload` for this repository as a Space; `hub` is
what all of these share.
"""
