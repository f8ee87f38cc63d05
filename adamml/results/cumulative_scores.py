"""What the answer was so far: the clip's scores as they grow, segment by segment.

A clip's score is the mean of its segments' logits z_s (Panda et al., Sec. 3.1; see `adamml.nn.fusion`). A result keeps
scores p_s = softmax(z_s) only, but that is enough: softmax(mean_s z_s) = normalized exp(mean_s log p_s), because each
log p_s is z_s less a number that is the same for all classes. Renormalized fusion averages over segments in which
anything was run; the published rule over all segments, those with nothing run counting as zeros; `per_modality` over
the segments of each modality by itself, and then joins both means. Of the picture it averages softened probabilities
instead of logits, as `adamml.nn.fusion` does: tau * log(mean_s softmax(z_s / tau)), and softmax(z_s / tau) is
normalized p_s ^ (1 / tau).

How both means are weighed, and the temperature of the clip's scores, a result does not say. But its own scores follow
from its segments' by them, so a fit over all classes brings them back (`_weights`). With two classes all means point
the same way, and no fit tells them apart: there the segments say how both are weighed, each of which joins its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adamml.results.analysis import Analysis, Scores, SegmentResult

_FLOOR = 1e-300  # a probability that underflowed to 0 still has a logarithm
TAU = 3.0  # of `adamml.nn.fusion`, which brings torch along; a test holds them equal
_ALIKE = 1e-6  # means that differ by less, of the larger one, cannot be told apart in a result that was stored


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The answer with everything up to and including a segment counted; None before anything was run."""

    segment: int
    scores: Scores | None
    label: str | None


def running(analysis: Analysis) -> tuple[Moment, ...]:
    """One moment per segment; the last one is the clip's own answer."""
    kinds = ("rgb", "audio") if analysis.fusion == "per_modality" else ("",)
    logs = [[_logs(analysis, segment, kind) for segment in analysis.segments] for kind in kinds]
    means = [  # kind -> segment -> (K,) or None
        _softened(rows) if kind == "rgb" else _means(rows, whole=analysis.fusion == "published")
        for kind, rows in zip(kinds, logs, strict=True)
    ]
    weights = _weights([mean[-1] for mean in means], analysis)
    moments = []
    for index, segment in enumerate(analysis.segments):
        scores: Scores | None = None
        there = [(mean[index], weight) for mean, weight in zip(means, weights, strict=True)]
        known = [(mean_K, weight) for mean_K, weight in there if mean_K is not None]
        if index == len(analysis.segments) - 1:
            scores = analysis.scores
        elif known:
            # What has not run yet leaves its weight to the other.
            share = sum(weights) / sum(weight for _, weight in known)
            scores = _softmax(analysis, share * np.sum([weight * mean_K for mean_K, weight in known], axis=0))
        label = max(scores, key=scores.__getitem__) if scores is not None else None
        moments.append(Moment(segment=segment.index, scores=scores, label=label))
    return tuple(moments)


def _logs(analysis: Analysis, segment: SegmentResult, kind: str) -> np.ndarray | None:
    """(K,) logits of a segment, or of one modality of it, but for a constant; None where it was not run."""
    scores = segment.modality_scores[kind] if kind else segment.scores
    if scores is None:
        return None
    logs_K = np.log(np.maximum([scores[name] for name in analysis.classes], _FLOOR))
    return logs_K - logs_K.mean()


def _means(rows: Sequence[np.ndarray | None], *, whole: bool) -> list[np.ndarray | None]:
    """After each segment, the mean of what was run; `whole`: with zeros for what was not."""
    means: list[np.ndarray | None] = []
    total, count = None, 0
    for seen, logs_K in enumerate(rows, start=1):
        if logs_K is not None:
            total, count = logs_K if total is None else total + logs_K, count + 1
        means.append(None if total is None else total / (seen if whole else count))
    return means


def _softened(rows: Sequence[np.ndarray | None]) -> list[np.ndarray | None]:
    """The same of softened probabilities, as logits again."""
    soft = [None if logs_K is None else np.exp((logs_K - logs_K.max()) / TAU) for logs_K in rows]
    pooled = _means([None if raised_K is None else raised_K / raised_K.sum() for raised_K in soft], whole=False)
    logits = [None if mean_K is None else TAU * np.log(np.maximum(mean_K, 1e-30)) for mean_K in pooled]
    return [None if logits_K is None else logits_K - logits_K.mean() for logits_K in logits]


def _weights(means: Sequence[np.ndarray | None], analysis: Analysis) -> list[float]:
    """What the logits of the clip's scores are made of: one factor per mean.

    Least squares, weighed by how probable a class is: of improbable ones a stored result has few digits left.
    """
    columns = [mean_K for mean_K in means if mean_K is not None]
    if not columns:
        return [1.0 for _ in means]
    scores_K = np.array([analysis.scores[name] for name in analysis.classes])
    weigh_K = np.sqrt(np.maximum(scores_K, 1e-9))
    given_KC = np.stack([*columns, np.ones_like(scores_K)], axis=1) * weigh_K[:, None]
    wanted_K = np.log(np.maximum(scores_K, _FLOOR)) * weigh_K
    fitted, _, rank, _ = np.linalg.lstsq(given_KC, wanted_K, rcond=_ALIKE)
    if len(columns) == 2 and rank < 3:
        share = _share_of_first(analysis)
        joined_K = share * given_KC[:, 0] + (1 - share) * given_KC[:, 1]
        (scale, _), *_ = np.linalg.lstsq(np.stack([joined_K, weigh_K], axis=1), wanted_K, rcond=None)
        fitted = np.array([scale * share, scale * (1 - share), 0.0])
    found = [max(float(value), 1e-6) for value in fitted[:-1]]
    return [found.pop(0) if mean_K is not None else 0.0 for mean_K in means]


def _share_of_first(analysis: Analysis) -> float:
    """How much the picture weighs, from the segments in which both were run; one half where there is none."""
    above, below = 0.0, 0.0
    for segment in analysis.segments:
        rgb_K, audio_K, both_K = (_logs(analysis, segment, kind) for kind in ("rgb", "audio", ""))
        if rgb_K is not None and audio_K is not None and both_K is not None:
            above += float((both_K - audio_K) @ (rgb_K - audio_K))
            below += float((rgb_K - audio_K) @ (rgb_K - audio_K))
    return min(max(above / below, 0.0), 1.0) if below else 0.5


def _softmax(analysis: Analysis, logits_K: np.ndarray) -> Scores:
    powers_K = np.exp(logits_K - logits_K.max())
    return dict(zip(analysis.classes, (powers_K / powers_K.sum()).tolist(), strict=True))
