"""The report's timeline: two lanes of cells to scale, small pictures above, each segment's answer below."""

import io
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from PIL import Image

from adamml.render.report_style import FAINT, INCHES, INK, MUTED, TEXT, fitted, plain_axes, title, wrapped
from adamml.results import wording
from adamml.results.analysis import Analysis
from adamml.results.timeline import SKIPPED, USED, Cell, Lanes, state

PLACE = (0.14, 0.53, 0.79, 0.2)  # left, bottom, width, height in shares of the page
_LINES = 3  # of an answer that is written along the lane
_UPRIGHT = 0.09  # of the page's width: how long an answer may be that is turned upright
_SKIPPED_WORD: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7.5, "color": MUTED}
_SKIPPED_WORD |= {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1}}
_MOST_THUMBNAILS = 12


def timeline(axes: Axes, analysis: Analysis, lanes: Lanes, pictures: Sequence[Image.Image | None]) -> None:
    """Two lanes of cells to scale, the answers below them, small pictures above."""
    plain_axes(axes)
    title(axes, "What it picked")
    shown = any(pictures)
    for cell, picture in zip(lanes.cells, pictures, strict=True):
        left, width = cell.left, cell.right - cell.left
        if picture is not None:
            air = _air(width)
            axes.imshow(
                picture, extent=(left + air, cell.right - air, 2.3, 3.3), aspect="auto", interpolation="bilinear"
            )
        for modality, bottom in (("rgb", 1.25), ("audio", 0.15)):
            _cell(axes, left, bottom, width, state(cell.segment, modality), modality)
            probability = cell.segment.probabilities[modality]
            if probability is not None and cell.segment.available[modality]:
                axes.add_patch(Rectangle((left, bottom - 0.1), width * probability, 0.06, color=MUTED, lw=0))
        _answer(axes, cell, analysis.label)
    for left, right in lanes.gaps if lanes.to_scale else ():
        for y in (1.7, 0.6):
            axes.plot([left, right], [y, y], color=FAINT, lw=1.2, ls=":")
    axes.set_xlim(0, 1)
    axes.set_ylim(_bottom(lanes, top := 3.35 if shown else 2.25), top)
    axes.set_yticks([1.7, 0.6, -0.2], ["Picture", "Sound", "Answer"])
    axes.set_xticks(
        [tick / lanes.duration for tick in lanes.ticks], [f"{wording.seconds(tick)} s" for tick in lanes.ticks]
    )
    _legend(axes, analysis)


def _cell(axes: Axes, left: float, bottom: float, width: float, kind: str, modality: str) -> None:
    air = _air(width)
    box = ((left + air, bottom), width - 2 * air, 0.9)
    if kind == USED:
        axes.add_patch(Rectangle(*box, facecolor=INK[modality], edgecolor=INK[modality], lw=1))
        if width > 0.05:
            axes.text(left + width / 2, bottom + 0.45, "used", ha="center", va="center", fontsize=7.5, color="white")
    elif kind == SKIPPED:
        axes.add_patch(Rectangle(*box, facecolor="none", edgecolor=MUTED, lw=1, ls=(0, (3, 2))))
        axes.plot([left + air, left + width - air], [bottom, bottom + 0.9], color=FAINT, lw=1)
        if width > 0.07:
            axes.text(left + width / 2, bottom + 0.45, "skipped", **_SKIPPED_WORD)
    else:
        axes.add_patch(Rectangle(*box, facecolor="none", edgecolor=FAINT, lw=0.8, hatch="////"))


def _air(width: float) -> float:
    """Room between neighboring cells, where there is any."""
    return 0.003 if width > 0.015 else 0.0


def _fits(cell: Cell) -> bool:
    """Whether there is room to write a segment's answer along the lane."""
    return cell.room * PLACE[2] > 0.05


def _bottom(lanes: Lanes, top: float) -> float:
    """Where the axes end, so that the answers stand above the axis: what they take in shares of the lanes' height."""
    if lanes.cells[0].room < 0.012:
        return -0.3
    lines = _LINES * 7.5 * 1.25 / 72 / INCHES[1] if all(map(_fits, lanes.cells)) else _UPRIGHT * INCHES[0] / INCHES[1]
    share = 1.06 * lines / PLACE[3]
    return -(0.12 + share * top) / (1 - share)


def _answer(axes: Axes, cell: Cell, answer: str) -> None:
    """A segment's own answer, turned upright where cells are close, left out where they are slivers."""
    label = cell.segment.label
    if cell.room < 0.012:
        return
    fits, name = _fits(cell), "–" if label is None else wording.label(label)
    size = 7.5 if fits else 6.5 if cell.room > 0.02 else 5
    text = "\n".join(wrapped(name, size, cell.room * PLACE[2], _LINES)) if fits else fitted(name, size, _UPRIGHT)
    style: dict[str, Any] = {
        "rotation": 0 if fits else 90,
        "parse_math": False,
        "color": TEXT if label == answer else MUTED,
    }
    axes.text((cell.left + cell.right) / 2, -0.09, text, ha="center", va="top", fontsize=size, **style)


def _legend(axes: Axes, analysis: Analysis) -> None:
    handles = [
        Rectangle((0, 0), 1, 1, facecolor=MUTED, edgecolor=MUTED, label="used"),
        Rectangle((0, 0), 1, 1, facecolor="none", edgecolor=MUTED, ls=(0, (3, 2)), label="skipped"),
        Rectangle((0, 0), 1, 1, facecolor="none", edgecolor=FAINT, hatch="////", label="not in the clip"),
    ]
    if any(p is not None for segment in analysis.segments for p in segment.probabilities.values()):
        handles.append(Rectangle((0, 0), 1, 0.1, color=MUTED, lw=0, label="bar below: how much the policy wanted it"))
    style: dict[str, Any] = {"ncols": 4, "fontsize": 7.5, "frameon": False, "labelcolor": MUTED, "handlelength": 1.8}
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1.0), borderaxespad=0.2, **style)


def pictures(analysis: Analysis, thumbnails: Sequence[bytes | None] | None) -> list[Image.Image | None]:
    """Thumbnails as images; none where there are too many to be seen."""
    count = len(analysis.segments)
    given = list(thumbnails or ())[:count] if count <= _MOST_THUMBNAILS else []
    images = [_cropped(Image.open(io.BytesIO(jpeg)), count) if jpeg else None for jpeg in given]
    return [*images, *[None] * (count - len(images))]


def _cropped(picture: Image.Image, count: int) -> Image.Image:
    """The middle of a picture in the shape of one of `count` boxes side by side, so that nothing is squeezed."""
    shape = PLACE[2] * 8.27 / count / (PLACE[3] * 11.69 / 3.9)  # the timeline's width over one of its rows
    width, height = picture.size
    wide, high = max(1, min(width, round(height * shape))), max(1, min(height, round(width / shape)))
    left, top = (width - wide) // 2, (height - high) // 2
    return picture.convert("RGB").crop((left, top, left + wide, top + high))
