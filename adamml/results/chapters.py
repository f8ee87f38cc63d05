"""Chapters: stretches of a clip with the same answer, "0:00 playing guitar · 0:30 playing drums".

Made from the answers of segments that are certain enough. One uncertain or different segment between two that agree
does not break a chapter: it takes two in a row, or a quarter of a minute, to begin another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_SCORE = 0.5
LEAST_SEGMENTS, LEAST_S = 2, 15.0
MOST = 12  # more of them are no overview


@dataclass(frozen=True, kw_only=True)
class SegmentAnswer:
    """What one segment says: its answer and the probability of it; None where nothing was run."""

    start: float
    end: float
    label: str | None
    score: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A stretch of one answer, in seconds of the clip, and the first segment that gave it."""

    start: float
    end: float
    label: str
    segment: int


def chapters(moments: Sequence[SegmentAnswer], duration: float) -> tuple[Chapter, ...]:
    """The chapters of a clip, from its start to its end without a gap; none where all of it is one answer.

    Args:
        moments: one per segment, in order.
        duration: seconds of the clip.
    """
    kept = _long_enough(_runs(moments))
    if len(kept) < 2 or len(kept) > MOST:
        return ()
    begins = [0.0, *(moments[run[1]].start for run in kept[1:])]
    ends = [*begins[1:], duration]
    return tuple(
        Chapter(start=start, end=end, label=label, segment=first)
        for (label, first, _), start, end in zip(kept, begins, ends, strict=True)
    )


_Run = tuple[str, int, list[SegmentAnswer]]  # label, index of its first segment, the segments that say so


def _runs(moments: Sequence[SegmentAnswer]) -> list[_Run]:
    """Certain segments in a row that say the same; what is uncertain between them is passed over."""
    runs: list[_Run] = []
    for index, moment in enumerate(moments):
        if moment.label is None or moment.score < LEAST_SCORE:
            continue
        if runs and runs[-1][0] == moment.label:
            runs[-1][2].append(moment)
        else:
            runs.append((moment.label, index, [moment]))
    return runs


def _long_enough(runs: list[_Run]) -> list[_Run]:
    """The runs that are chapters; those of one answer that meet when a short one between them is left out are one."""
    kept: list[_Run] = []
    for label, first, said in runs:
        if len(said) < LEAST_SEGMENTS and said[-1].end - said[0].start < LEAST_S:
            continue
        if kept and kept[-1][0] == label:
            kept[-1][2].extend(said)
        else:
            kept.append((label, first, list(said)))
    return kept
