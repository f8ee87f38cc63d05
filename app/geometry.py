"""Where things stand on the time axis: plain numbers, no HTML.

Positions are percents of the track's width, so that the drawing keeps its proportions at any width. Segments are about
a second long and spread evenly, so three cases need care:

    gaps      long clip: between two segments lies a stretch that nobody examined
    overlaps  short clip: segments overlap; a cell is then as wide as the distance to its neighbor, and a bracket above
              shows the true span, in as many rows as overlap
    crowded   clip of about one segment's length: true places would lie on top of each other, so the cells stand side by
              side and only the brackets are to scale
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# Least distance between two cells, in CSS pixels: room for the percentage below each, and for a word of this many
# letters. Longer words end in an ellipsis; the button's name has them in full.
_PITCH, _LETTER, _LETTERS = 46, 6, 8
# Above so many segments a cell is a bar without words. Above MANY the words may be cut, so that the track stays short.
DENSE, _MANY, _DENSE_PITCH = 36, 16, 14
# A track wider than this is no longer a drawing that one can follow; beyond it the cells stand side by side.
MAX_TRACK = 4200

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300)

Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Place:
    """One segment: its cell and its true span, all in percent of the track."""

    centre: float
    width: float
    true_left: float
    true_width: float
    row: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The whole drawing: seconds for `duration`, `gaps` and `ticks`, CSS pixels for the track's least width.

    `pitch` is the distance from cell to cell in percent of the track.
    """

    duration: float
    min_width: int
    pitch: float
    places: tuple[Place, ...]
    rows: int
    gaps: tuple[Span, ...]
    ticks: tuple[float, ...]
    overlapping: bool
    crowded: bool


def least_pitch(labels: Sequence[str], segments: int) -> int:
    """CSS pixels from cell to cell that keep these words apart."""
    if segments > DENSE:
        return _DENSE_PITCH
    if segments > _MANY:
        return _PITCH
    longest = max((len(word) for label in labels for word in label.split()), default=0)  # labels have two lines
    return max(_PITCH, 8 + _LETTER * min(longest, _LETTERS))


def lay_out(spans: Sequence[Span], duration: float, least: int = _PITCH) -> Layout:
    """Places for segments given by (start, end) in seconds, in order of their starts, `least` pixels apart or more."""
    length = min(end - start for start, end in spans)
    pitch = min((b[0] - a[0] for a, b in pairwise(spans)), default=duration)
    crowded = pitch <= 0 or least * duration / pitch > MAX_TRACK
    min_width = least * len(spans) if crowded else math.ceil(least * duration / pitch)
    # Bars in one row need a little air between them, or two would read as one.
    rows = min(math.ceil(length / pitch + 0.1), len(spans)) if pitch > 0 else len(spans)
    places = []
    for index, (start, end) in enumerate(spans):
        centre = (index + 0.5) / len(spans) if crowded else (start + end) / 2 / duration
        width = 1 / len(spans) if crowded else min(length, pitch) / duration
        places.append(
            Place(
                centre=100 * centre,
                width=100 * width,
                true_left=100 * start / duration,
                true_width=100 * (end - start) / duration,
                row=index % rows,
            )
        )
    return Layout(
        duration=duration,
        min_width=min_width,
        pitch=100 / len(spans) if crowded else 100 * min(pitch / duration, 1),
        places=tuple(places),
        rows=rows,
        gaps=unexamined(spans, duration),
        ticks=ticks(duration, min_width),
        overlapping=pitch < length,
        crowded=crowded,
    )


def unexamined(spans: Sequence[Span], duration: float) -> tuple[Span, ...]:
    """Stretches of (start, end) in seconds that lie in no segment; slivers under 20 ms are rounding."""
    gaps, reached = [], 0.0
    for start, end in sorted(spans):
        if start - reached > 0.02:
            gaps.append((reached, start))
        reached = max(reached, end)
    if duration - reached > 0.02:
        gaps.append((reached, duration))
    return tuple(gaps)


def ticks(duration: float, min_width: int) -> tuple[float, ...]:
    """Round times for the axis: at least 60 px apart on the narrowest track, and not more than about a dozen."""
    room = max(4, min(14, max(min_width, 600) // 60))
    step = next((s for s in _STEPS if duration / s <= room), _STEPS[-1])
    return tuple(round(i * step, 1) for i in range(math.floor(duration / step + 1e-9) + 1))


def waveform(peaks: Sequence[float], first: float = 0.0, last: float = 1.0) -> str:
    """A mirrored outline of the peaks between two shares of the clip, as an SVG path in a box of len(peaks) by 100."""
    start, stop = max(0, math.floor(first * len(peaks))), min(len(peaks), math.ceil(last * len(peaks)))
    if stop <= start:
        return ""
    top = [f"{i + 0.5:g},{50 - 47 * peaks[i] - 0.8:.1f}" for i in range(start, stop)]
    bottom = [f"{i + 0.5:g},{50 + 47 * peaks[i] + 0.8:.1f}" for i in reversed(range(start, stop))]
    return f"M{start},50L{'L'.join(top)}L{stop},50L{'L'.join(bottom)}Z"
