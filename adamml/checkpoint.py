"""Moved: `adamml.weights.checkpoint` and `adamml.weights.ibm_checkpoint`. Goes with the next release."""

import warnings

from adamml.weights.checkpoint import (
    CheckpointError,
    LoadedModel,
    ModelCard,
    find_model,
    load_model,
    read_card,
    save_model,
)
from adamml.weights.ibm_checkpoint import load_published

__all__ = [
    "CheckpointError",
    "LoadedModel",
    "ModelCard",
    "find_model",
    "load_model",
    "load_published",
    "read_card",
    "save_model",
]

warnings.warn("adamml.checkpoint is now adamml.weights.checkpoint", DeprecationWarning, stacklevel=2)
