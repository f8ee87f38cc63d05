"""Where each segment stands on a lane, and what its cells say: plain numbers, no drawing.

Positions are shares (0 to 1) of the lane's width. Lanes are to scale: in a long clip there are gaps between the cells
that nobody examined, and where segments of a short clip overlap, each cell is as wide as the distance to its neighbor
and stands in the middle of its segment. Only when the segments of a very short clip lie on top of each other do the
cells stand side by side instead, and `Lanes.to_scale` is false.
"""

from dataclasses import dataclass
from itertools import pairwise

from adamml.results.analysis import Analysis, SegmentResult

LEAST = 0.004  # of the lane's width: cells closer together than this could not be told apart
USED, SKIPPED, MISSING = "used", "skipped", "missing"
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One segment's place, in shares of the lane's width.

    `room` is the distance to the nearest neighbor's middle, or the cell's width where there is none. `turn` is the
    second from which the playhead counts as being in it: its start, or, where segments overlap, half-way from the
    middle of the one before.
    """

    segment: SegmentResult
    left: float
    right: float
    room: float
    turn: float


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """The whole drawing. `gaps` are shares of the width, `ticks` and `duration` seconds."""

    duration: float
    cells: tuple[Cell, ...]
    gaps: tuple[tuple[float, float], ...]
    ticks: tuple[float, ...]
    to_scale: bool


def lay_out(analysis: Analysis, most_ticks: int = 12) -> Lanes:
    """Places for all segments of an analysis."""
    segments = analysis.segments
    duration = max(analysis.clip.duration, segments[-1].end)
    pitch = min((b.start - a.start for a, b in pairwise(segments)), default=duration)
    to_scale = pitch / duration >= LEAST
    middles = [(segment.start + segment.end) / 2 for segment in segments]
    cells = []
    for index, segment in enumerate(segments):
        if to_scale:
            half = min(segment.end - segment.start, pitch) / 2
            left, right = max(0.0, middles[index] - half) / duration, min(duration, middles[index] + half) / duration
            turn = max(segment.start, (middles[index - 1] + middles[index]) / 2) if index else segment.start
        else:
            left, right = index / len(segments), (index + 1) / len(segments)
            turn = left * duration
        room = pitch / duration if to_scale and len(segments) > 1 else right - left
        cells.append(Cell(segment=segment, left=left, right=right, room=room, turn=turn))
    step = next((s for s in _STEPS if duration / s <= most_ticks), _STEPS[-1])
    return Lanes(
        duration=duration,
        cells=tuple(cells),
        gaps=_gaps(analysis, duration),
        ticks=tuple(round(k * step, 1) for k in range(int(duration / step + 1e-9) + 1)),
        to_scale=to_scale,
    )


def state(segment: SegmentResult, modality: str) -> str:
    """ "used", "skipped" or "missing"."""
    if not segment.available[modality]:
        return MISSING
    return USED if segment.decisions[modality] else SKIPPED


def _gaps(analysis: Analysis, duration: float) -> tuple[tuple[float, float], ...]:
    """Stretches that lie in no segment; slivers under 20 ms are rounding."""
    gaps, reached = [], 0.0
    for segment in analysis.segments:
        if segment.start - reached > 0.02:
            gaps.append((reached / duration, segment.start / duration))
        reached = max(reached, segment.end)
    if duration - reached > 0.02:
        gaps.append((reached / duration, 1.0))
    return tuple(gaps)
