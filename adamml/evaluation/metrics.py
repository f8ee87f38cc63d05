"""Every figure that an evaluation reports, each as one function of plain arrays.

N clips, K classes, S segments, M = 2 modalities in the order ("rgb", "audio"); cells of all clips are put end to end
(C of them), because clips may differ in S. A figure that has no meaning (no truth, no probability, one class only)
is None and never NaN. Sources: Efron 1979 for the percentile bootstrap, Guo et al. 2017 for the calibration error.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from adamml.evaluation.records import USELESS, ClipRecord
from adamml.inputs import MODALITIES

RESAMPLES = 2000
BINS = 15
_AT_ONCE = 4_000_000  # resampled values in memory: 32 MB

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over clips with its 95 % interval; no interval (None) for fewer than two clips."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The cells of one modality over all clips, end to end, each (C,).

    Attributes:
        used, available: booleans.
        probability: NaN where the policy gave none.
        truth: -1 unknown, 0 useless, 1 needed, 2 redundant.
        clip: index of the clip that the cell belongs to.
    """

    used: NDArray[np.bool_]
    available: NDArray[np.bool_]
    probability: Floats
    truth: Ints
    clip: Ints


def cells_of(records: Sequence[ClipRecord], modality: str) -> Cells:
    """The column of one modality, over all records."""
    m = MODALITIES.index(modality)
    rows = [(n, s, record) for n, record in enumerate(records) for s in range(len(record.decisions))]
    return Cells(
        used=np.array([r.decisions[s][m] for _, s, r in rows], bool),
        available=np.array([r.available[s][m] for _, s, r in rows], bool),
        probability=np.array([r.probabilities[s][m] for _, s, r in rows], float),  # None becomes NaN
        truth=np.array([-1 if r.cells is None else r.cells[s][m] for _, s, r in rows], np.int64),
        clip=np.array([n for n, _, _ in rows], np.int64),
    )


def correct_within(scores_NK: Floats, labels_N: Ints, best: int) -> Floats | None:
    """(N,) of 1 where the label is among the `best` highest scores; None where that is no achievement (best >= K).

    A class that only ties with the last place is in when its index is lower, as arg max has it.
    """
    if best >= scores_NK.shape[1]:
        return None
    order_NK = np.argsort(-scores_NK, axis=1, kind="stable")[:, :best]
    return (order_NK == labels_N[:, None]).any(1).astype(float)


def mean_average_precision(scores_NK: Floats, labels_N: Ints) -> float | None:
    """Average precision per class, averaged over the classes that occur; None when fewer than two do."""
    present = np.unique(labels_N)
    if present.size < 2:
        return None
    return float(np.mean([average_precision_score(labels_N == k, scores_NK[:, k]) for k in present]))


def selection_rate(cells: Cells) -> float | None:
    """Share of the available cells that were run; None when none was available."""
    return _mean(cells.used[cells.available])


def wasted_share(cells: Cells) -> float | None:
    """Share of the selections spent on useless cells, among selections whose truth is known; None without any."""
    known = cells.truth[cells.used & (cells.truth >= 0)]
    return _mean(known == USELESS)


def cell_auroc(cells: Cells) -> float | None:
    """How well the probability tells informative cells (needed or redundant) from useless ones; 0.5 is by chance.

    Over available cells with a probability and a known truth; None when either kind is missing.
    """
    asked = cells.available & (cells.truth >= 0) & ~np.isnan(cells.probability)
    return auroc(cells.truth[asked] > USELESS, cells.probability[asked])


def auroc(positive_C: NDArray[np.bool_], score_C: Floats) -> float | None:
    """Area under the ROC curve; None when one of the two kinds is missing."""
    if positive_C.all() or not positive_C.any():
        return None
    return float(roc_auc_score(positive_C, score_C))


def informed_share(columns: Sequence[Cells]) -> float | None:
    """Share of clips in which at least one informative cell was run, among clips that have one; None without any.

    Args:
        columns: the cells of every modality.
    """
    has, hit = set[int](), set[int]()
    for cells in columns:
        informative = cells.truth > USELESS
        has.update(cells.clip[informative].tolist())
        hit.update(cells.clip[informative & cells.used].tolist())
    return len(hit) / len(has) if has else None


def expected_calibration_error(scores_NK: Floats, labels_N: Ints, bins: int = BINS) -> float:
    """Mean distance between confidence and accuracy over equal bins of confidence, weighted by clips, 0 to 1."""
    confidence_N = scores_NK.max(1)
    correct_N = scores_NK.argmax(1) == labels_N
    bin_N = np.clip(np.ceil(confidence_N * bins).astype(int) - 1, 0, bins - 1)  # (0, 1/15], (1/15, 2/15], ...
    confidence_sum = np.bincount(bin_N, weights=confidence_N, minlength=bins)
    correct_sum = np.bincount(bin_N, weights=correct_N, minlength=bins)
    return float(np.abs(confidence_sum - correct_sum).sum() / len(labels_N))


def bootstrap_mean(values_N: Floats, seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """The mean of N clips and the 2.5 and 97.5 percentiles of the means of `resamples` draws of N with replacement."""
    value, count = float(values_N.mean()), len(values_N)
    if count < 2:
        return Estimate(value=value, low=None, high=None)
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // count)
    draws = (min(step, resamples - begin) for begin in range(0, resamples, step))
    means = np.concatenate([values_N[rng.integers(0, count, (rows, count))].mean(1) for rows in draws])
    low, high = np.percentile(means, (2.5, 97.5))
    return Estimate(value=value, low=float(low), high=float(high))


def paired_difference(first_N: Floats, second_N: Floats, seed: int = 0) -> Estimate:
    """Mean of first less second on the same clips. Clips are drawn in pairs, so what makes both hard cancels."""
    return bootstrap_mean(first_N - second_N, seed)


def confusion(scores_NK: Floats, labels_N: Ints) -> Ints:
    """(K, K) counts: rows are true classes, columns the answers."""
    size = scores_NK.shape[1]
    return np.bincount(labels_N * size + scores_NK.argmax(1), minlength=size * size).reshape(size, size)


def class_accuracy(confusion_KK: Ints) -> tuple[float | None, ...]:
    """Per class the share of its clips that were answered rightly; None for a class without clips."""
    return tuple(float(row[k] / row.sum()) if row.sum() else None for k, row in enumerate(confusion_KK))


def _mean(flags: NDArray[np.bool_]) -> float | None:
    return float(flags.mean()) if flags.size else None
