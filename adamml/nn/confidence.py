"""How sure logits are of any class at all: (..., K) in, one number out, higher is surer. Imports nothing of ours.

A clip of nothing that the model knows still has a best class. A confidence below the threshold that was fitted for it
turns the answer into "none of my classes".
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
UnknownScore = Literal["max_softmax", "max_logit", "negative_energy"]
UNKNOWN_SCORES: tuple[UnknownScore, ...] = get_args(UnknownScore)


def softmax(logits_NK: Floats) -> Floats:
    """Over the last axis.

    Ours, since torch wakes its threads even for two numbers, and they wait for cores on which networks are running:
    about 7 ms for every segment.
    """
    raised = np.exp(logits_NK - logits_NK.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def confidence(logits_NK: Floats, score: UnknownScore, temperature: float = 1.0) -> Floats:
    """(N,) for (N, K). Only max_softmax depends on the temperature.

    Raises:
        ValueError: for an unknown score.
    """
    logits_NK = np.asarray(logits_NK, float)
    if score == "max_softmax":
        return softmax(logits_NK / temperature).max(-1)
    if score == "max_logit":
        return logits_NK.max(-1)
    if score == "negative_energy":
        return np.logaddexp.reduce(logits_NK, axis=-1)
    raise ValueError(f"score must be one of {', '.join(UNKNOWN_SCORES)}, got {score!r}")
