"""Honest probabilities, and the answer "none of my classes".

Temperature scaling (Guo et al. 2017): scores = softmax(logits / T) with one T > 0, fitted by the negative log
likelihood. It changes no answer, only how sure the model says it is. A clip of none of the classes is found by a
confidence score under a threshold: the largest softmax after temperature, the largest logit (Hendrycks et al. 2022),
or the negative energy, log-sum-exp of the logits (Liu et al. 2020). Logits are the fused ones of the clip, (N, K).

Different selections give differently sharp logits, so every policy has a temperature and a threshold of its own, fitted
on clips that are not the test clips; `model.json` keeps them and the session applies them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from adamml.evaluation.metrics import Floats, Ints, auroc, expected_calibration_error
from adamml.nn.confidence import UNKNOWN_SCORES, UnknownScore, confidence, softmax

TEMPERATURES = (0.05, 20.0)
_GOLDEN = (math.sqrt(5) - 1) / 2


class CalibrationError(ValueError):
    """Logits or settings that nothing can be fitted to. The message says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class TemperatureFit:
    """A temperature, and what it did on the clips that it was fitted to."""

    temperature: float
    loss_before: float
    loss_after: float
    calibration_error_before: float
    calibration_error_after: float


@dataclass(frozen=True, kw_only=True)
class UnknownFit:
    """A threshold on one confidence score.

    Attributes:
        score: which confidence.
        threshold: less than this means "none of my classes".
        retention: share of the known clips that stay known; at least what was asked for.
        rejection: share of the unknown clips that are found.
        auroc: how well the score tells the two apart, threshold or not.
    """

    score: UnknownScore
    threshold: float
    retention: float
    rejection: float
    auroc: float


def fit_temperature(logits_NK: Floats, labels_N: Ints) -> TemperatureFit:
    """The T between 0.05 and 20 of the least negative log likelihood. The same input gives the same T.

    The loss is convex in 1 / T, so it has one valley over log T and a golden section finds it. A model that is right
    about every clip has no best T: the search then ends at the lower bound.

    Raises:
        CalibrationError: for shapes that do not fit, or logits that are not finite.
    """
    logits_NK, labels_N = _checked(logits_NK, "known"), np.asarray(labels_N, np.int64)
    count, classes = logits_NK.shape
    if labels_N.shape != (count,) or not ((labels_N >= 0) & (labels_N < classes)).all():
        raise CalibrationError(f"{count} clips need as many labels between 0 and {classes - 1}")

    def loss(temperature: float) -> float:
        scaled = logits_NK / temperature
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(count), labels_N]).mean())

    low, high = TEMPERATURES
    temperature = math.exp(_golden_section(lambda x: loss(math.exp(x)), math.log(low), math.log(high)))
    return TemperatureFit(
        temperature=temperature,
        loss_before=loss(1.0),
        loss_after=loss(temperature),
        calibration_error_before=expected_calibration_error(softmax(logits_NK), labels_N),
        calibration_error_after=expected_calibration_error(softmax(logits_NK / temperature), labels_N),
    )


def fit_threshold(known_N: Floats, unknown_N: Floats, score: UnknownScore, retention: float = 0.95) -> UnknownFit:
    """The highest threshold at which at least `retention` of the known clips stay known.

    Args:
        known_N, unknown_N: confidences of clips of the classes and of clips of nothing or of other classes; neither
            may be test clips.

    Raises:
        CalibrationError: when either is empty, or the retention lies outside 0 to 1.
    """
    if not 0 < retention <= 1:
        raise CalibrationError(f"retention lies above 0 and at most at 1, got {retention}")
    if not (len(known_N) and len(unknown_N)):
        raise CalibrationError("a threshold needs both known and unknown clips")
    may_go = math.floor((1 - retention) * len(known_N) + 1e-9)  # 1 - 0.9 is a little less than 0.1
    threshold = float(np.sort(known_N)[may_go])
    positive = np.repeat([True, False], [len(known_N), len(unknown_N)])
    area = auroc(positive, np.concatenate([known_N, unknown_N]))
    assert area is not None
    return UnknownFit(
        score=score,
        threshold=threshold,
        retention=float((known_N >= threshold).mean()),
        rejection=float((unknown_N < threshold).mean()),
        auroc=area,
    )


def compare_unknown_scores(
    known_NK: Floats, unknown_NK: Floats, temperature: float = 1.0, retention: float = 0.95
) -> tuple[UnknownFit, ...]:
    """Every confidence score on the same clips, best AUROC first."""
    known_NK, unknown_NK = _checked(known_NK, "known"), _checked(unknown_NK, "unknown")
    fits = [
        fit_threshold(confidence(known_NK, s, temperature), confidence(unknown_NK, s, temperature), s, retention)
        for s in UNKNOWN_SCORES
    ]
    return tuple(sorted(fits, key=lambda fit: -fit.auroc))


def _checked(logits_NK: Floats, what: str) -> Floats:
    logits_NK = np.asarray(logits_NK, float)
    if logits_NK.ndim != 2 or not logits_NK.size:
        raise CalibrationError(f"{what} logits must be (clips, classes), got shape {logits_NK.shape}")
    if not np.isfinite(logits_NK).all():
        raise CalibrationError(f"{what} logits hold values that are not finite")
    return logits_NK


def _golden_section(loss: Callable[[float], float], low: float, high: float, rounds: int = 60) -> float:
    """Where a function of one valley is least; each round keeps 0.618 of the interval."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(rounds):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss(right)
    return (low + high) / 2
