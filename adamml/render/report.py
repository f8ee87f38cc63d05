"""A one-page report as PNG: the answer, the timeline, each segment's scores, what was counted and what was measured.

Drawn with matplotlib on the Agg canvas alone (no pyplot: nothing global, so it is safe in a server's threads). Counted
compute (multiply-accumulates, MACs) and measured time (seconds) stand in panels of their own. Patterns and words say
the same as the colours, so that a black-and-white print can be read. 1240 x 1754 pixels, A4 upright.
"""

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from adamml.analysis import Analysis, Macs
from adamml.render import words
from adamml.render.files import put_in_place, workshop
from adamml.render.lanes import SKIPPED, USED, Cell, Lanes, lay_out, state
from adamml.render.lettering import plain

INK = {"rgb": "#2f6fb0", "audio": "#c9651c"}
PARTS = (("decide", "deciding", "#8a8580", ""), ("rgb", "looking", INK["rgb"], "//"))
PARTS += (("audio", "listening", INK["audio"], ".."),)
_LINES = (("#444444", "o", "-"), ("#8b5fd0", "s", "--"), ("#168a6c", "D", ":"), ("#c2468a", "^", "-."))
_TEXT, _MUTED, _FAINT = "#1b1c1e", "#5d6168", "#c9ccd1"
_SKIPPED_WORD = {"ha": "center", "va": "center", "fontsize": 7.5, "color": _MUTED}
_SKIPPED_WORD |= {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1}}
_MOST_THUMBNAILS = 12
_MOST_NOTES = 6


def render_report(analysis: Analysis, out: str | Path, *, thumbnails: Sequence[bytes | None] | None = None) -> Path:
    """Write the report as PNG.

    Args:
        analysis: what to report.
        out: where to write; replaced when it exists.
        thumbnails: one JPEG per segment (or None), as in `Storyboard.thumbnails`; left out when not given.

    Returns:
        `out`.

    Raises:
        ExportError: when the file cannot be written.
    """
    out = Path(out)
    figure = Figure(figsize=(8.27, 11.69), dpi=150, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    pictures = _pictures(analysis, thumbnails)
    _heading(figure, analysis)
    _best(figure.add_axes((0.72, 0.852, 0.25, 0.09)), analysis)
    lanes = lay_out(analysis)
    _timeline(figure.add_axes((0.14, 0.555, 0.79, 0.205)), analysis, lanes, pictures)
    _scores(figure.add_axes((0.14, 0.345, 0.79, 0.145)), analysis, lanes)
    _compute(figure.add_axes((0.22, 0.185, 0.38, 0.095)), analysis)
    _measured(figure.add_axes((0.74, 0.185, 0.19, 0.095)), analysis)
    _small_print(figure, analysis)
    with workshop(out) as folder:
        finished = folder / "report.png"
        canvas.print_png(str(finished))
        return put_in_place(finished, out)


def _write(figure: Figure, x: float, y: float, text: str, size: float = 9, **style: object) -> None:
    """Text on the page; what is not ours is never read as mathematics."""
    style = {"color": _TEXT, "va": "top", "ha": "left", "parse_math": False} | style
    figure.text(x, y, text, fontsize=size, **style)


def _heading(figure: Figure, analysis: Analysis) -> None:
    clip = analysis.clip
    has = " and ".join(noun for noun, there in (("picture", clip.has_video), ("sound", clip.has_audio)) if there)
    _write(figure, 0.07, 0.965, "AdaMML Studio", 9, color=_MUTED, weight="bold")
    _write(figure, 0.93, 0.965, plain(clip.name, 70), 9, color=_MUTED, ha="right")
    _write(figure, 0.07, 0.935, plain(words.label(analysis.label), 24), 26, weight="bold")
    _write(figure, 0.07, 0.897, f"{words.percent(analysis.scores[analysis.label])} sure", 13)
    rates = [f"the {words.NOUN[m]} in {_often(analysis, m)}" for m in words.MODALITIES]
    lines = [
        f"{words.seconds(clip.duration)} s with {has}, {len(analysis.segments)} segments "
        f"covering {words.percent(analysis.examined)} of it.",
        f"{words.policy(analysis.policy)} used {' and '.join(rates)}.",
        words.saving(analysis),
    ]
    # A number and its sign stay together: a no-break space is none to textwrap.
    whole = [part.replace(" %", "\N{NO-BREAK SPACE}%") for part in lines]
    text = "\n".join(line for part in whole for line in textwrap.wrap(part, 68))
    _write(figure, 0.07, 0.868, text, 8.5, linespacing=1.45)


def _often(analysis: Analysis, modality: str) -> str:
    used = sum(segment.decisions[modality] for segment in analysis.segments)
    return f"{used} of {len(analysis.segments)}"


def _title(axes: Axes, text: str) -> None:
    figure, place = axes.figure, axes.get_position()
    left = 0.07 if place.x0 < 0.5 else 0.65  # titles line up with the page, not with the axes
    figure.text(left, place.y1 + 0.012, text, fontsize=10, fontweight="bold", color=_TEXT)


def _plain_axes(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)
    axes.tick_params(length=0, labelsize=8, colors=_TEXT)


def _best(axes: Axes, analysis: Analysis) -> None:
    """The clip's best five classes."""
    ranked = analysis.ranked(5)
    _plain_axes(axes)
    axes.spines["bottom"].set_visible(False)
    axes.barh(range(len(ranked)), [score for _, score in ranked], color=["#444444"] + ["#b5b8bd"] * 4, height=0.62)
    axes.set_yticks(range(len(ranked)), [plain(words.label(name), 18) for name, _ in ranked], parse_math=False)
    for place, (_, score) in enumerate(ranked):
        axes.text(score + 0.02, place, words.percent(score), va="center", fontsize=8, color=_TEXT)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2)
    axes.set_xticks([])


def _timeline(axes: Axes, analysis: Analysis, lanes: Lanes, pictures: Sequence[Image.Image | None]) -> None:
    """Two lanes of cells to scale, the answers below them, small pictures above."""
    _plain_axes(axes)
    _title(axes, "What it picked")
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
                axes.add_patch(Rectangle((left, bottom - 0.1), width * probability, 0.06, color=_MUTED, lw=0))
        _answer(axes, cell, analysis.label)
    for left, right in lanes.gaps if lanes.to_scale else ():
        for y in (1.7, 0.6):
            axes.plot([left, right], [y, y], color=_FAINT, lw=1.2, ls=":")
    axes.set_xlim(0, 1)
    written = all(_fits(cell) for cell in lanes.cells) or lanes.cells[0].room < 0.012
    axes.set_ylim(-0.55 if written else -1.0, 3.35 if shown else 2.25)
    axes.set_yticks([1.7, 0.6, -0.2], ["Picture", "Sound", "Answer"])
    axes.set_xticks(
        [tick / lanes.duration for tick in lanes.ticks], [f"{words.seconds(tick)} s" for tick in lanes.ticks]
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
        axes.add_patch(Rectangle(*box, facecolor="none", edgecolor=_MUTED, lw=1, ls=(0, (3, 2))))
        axes.plot([left + air, left + width - air], [bottom, bottom + 0.9], color=_FAINT, lw=1)
        if width > 0.07:
            axes.text(left + width / 2, bottom + 0.45, "skipped", **_SKIPPED_WORD)
    else:
        axes.add_patch(Rectangle(*box, facecolor="none", edgecolor=_FAINT, lw=0.8, hatch="////"))


def _air(width: float) -> float:
    """Room between neighbouring cells, where there is any."""
    return 0.003 if width > 0.015 else 0.0


def _fits(cell: Cell) -> bool:
    """Whether a segment's answer can be written along the lane."""
    return len(plain(words.label(cell.segment.label or "–"), 12)) * 0.0125 < cell.room


def _answer(axes: Axes, cell: Cell, answer: str) -> None:
    """A segment's own answer, turned upright where cells are close, left out where they are slivers."""
    label = cell.segment.label
    if cell.room < 0.012:
        return
    text, fits = plain(words.label(label), 12) if label is not None else "–", _fits(cell)
    size = 7.5 if fits else 6.5 if cell.room > 0.02 else 5
    style = {"rotation": 0 if fits else 90, "parse_math": False, "color": _TEXT if label == answer else _MUTED}
    axes.text((cell.left + cell.right) / 2, -0.09, text, ha="center", va="top", fontsize=size, **style)


def _legend(axes: Axes, analysis: Analysis) -> None:
    handles = [
        Rectangle((0, 0), 1, 1, facecolor=_MUTED, edgecolor=_MUTED, label="used"),
        Rectangle((0, 0), 1, 1, facecolor="none", edgecolor=_MUTED, ls=(0, (3, 2)), label="skipped"),
        Rectangle((0, 0), 1, 1, facecolor="none", edgecolor=_FAINT, hatch="////", label="not in the clip"),
    ]
    if any(p is not None for segment in analysis.segments for p in segment.probabilities.values()):
        handles.append(Rectangle((0, 0), 1, 0.1, color=_MUTED, lw=0, label="bar below: how much the policy wanted it"))
    style = {"ncols": 4, "fontsize": 7.5, "frameon": False, "labelcolor": _MUTED, "handlelength": 1.8}
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1.0), borderaxespad=0.2, **style)


def _scores(axes: Axes, analysis: Analysis, lanes: Lanes) -> None:
    """Probability of the leading classes in each segment; a gap where nothing was run."""
    _plain_axes(axes)
    _title(axes, "What each segment said")
    centres = [(cell.left + cell.right) / 2 for cell in lanes.cells]
    for name, (colour, marker, dash) in zip(_leading(analysis), _LINES, strict=False):
        values = [float("nan") if s.scores is None else s.scores[name] for s in analysis.segments]
        size = 4 if len(centres) <= 60 else 0
        style = {"color": colour, "marker": marker, "ls": dash, "lw": 1.4, "ms": size}
        axes.plot(centres, values, label=plain(words.label(name), 18), **style)
    idle = [c for s, c in zip(analysis.segments, centres, strict=True) if s.scores is None]
    if idle:
        axes.plot(idle, [0] * len(idle), ls="", marker="|", ms=7, color=_MUTED, label="nothing run")
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.04, 1.06)
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.grid(axis="y", color=_FAINT, lw=0.6)
    ticks = [tick / lanes.duration for tick in lanes.ticks] if lanes.to_scale else []
    axes.set_xticks(ticks, [f"{words.seconds(tick)} s" for tick in lanes.ticks][: len(ticks)])
    legend = axes.legend(
        loc="lower right", bbox_to_anchor=(1, 1.0), ncols=5, fontsize=7.5, frameon=False, borderaxespad=0.2
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _leading(analysis: Analysis) -> list[str]:
    """The clip's best two, then whatever else wins segments, as far as the lines reach."""
    names = [name for name, _ in analysis.ranked(2)]
    winners = [s.label for s in analysis.segments if s.label is not None and s.label not in names]
    return (names + sorted(set(winners), key=lambda name: (-winners.count(name), name)))[: len(_LINES)]


def _compute(axes: Axes, analysis: Analysis) -> None:
    """What ran first, then what the other ways would have needed."""
    _plain_axes(axes)
    _title(axes, "Compute, counted: billion MACs")
    rows: dict[str, Macs] = {analysis.policy: analysis.macs}
    for name in ("audio", "rgb", "all"):
        if name in analysis.alternatives:
            rows.setdefault(name, analysis.alternatives[name])
    most = max(1, *(macs.total for macs in rows.values()))
    for place, macs in enumerate(rows.values()):
        begun = 0
        for part, title, colour, hatch in PARTS:
            value = getattr(macs, part)
            named = title if place == 0 else None
            style = {"color": colour, "hatch": hatch, "edgecolor": "white", "lw": 0, "height": 0.62, "label": named}
            axes.barh(place, value, left=begun, **style)
            begun += value
        bold = "bold" if place == 0 else "normal"
        axes.text(begun + most * 0.02, place, words.billions(macs.total), va="center", fontsize=8, fontweight=bold)
    ran = [plain(words.policy(name), 22) for name in rows]
    axes.set_yticks(range(len(rows)), [f"{ran[0]} (ran)", *ran[1:]], parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(0, most * 1.15)
    axes.set_xticks([])
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.04), ncols=3, fontsize=7.5, frameon=False, borderaxespad=0)


def _measured(axes: Axes, analysis: Analysis) -> None:
    """Seconds on the machine that ran it: never on one scale with MACs."""
    _plain_axes(axes)
    _title(axes, "Time, measured: seconds")
    seconds = analysis.seconds
    rows = {"decoding": seconds.decode, "deciding": seconds.decide, "looking": seconds.rgb, "listening": seconds.audio}
    most = max(*rows.values(), 1e-3)
    axes.barh(range(len(rows)), list(rows.values()), color="#b5b8bd", height=0.62)
    for place, value in enumerate(rows.values()):
        axes.text(value + most * 0.03, place, f"{value:.2f}", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.set_xlim(0, most * 1.3)
    axes.set_xticks([])
    axes.set_xlabel(f"{seconds.total:.1f} s altogether", fontsize=8, color=_MUTED, loc="left")


def _small_print(figure: Figure, analysis: Analysis) -> None:
    """Notes, and which model and rules answered."""
    notes = [plain(note, 300) for note in analysis.notes[:_MOST_NOTES]]
    lines = [line for note in notes for line in textwrap.wrap(note, 105)]
    if lines:
        _write(figure, 0.07, 0.155, "Notes", 10, weight="bold")
        _write(figure, 0.07, 0.137, "\n".join(lines[:4]), 8.5, linespacing=1.4)
    weights = ", ".join(f"{part}: {file}" for part, file in analysis.weights.items())
    about = [
        f"Model {analysis.model} {analysis.version}, policy {words.policy(analysis.policy)}, {analysis.fusion} fusion.",
        f"Weights: {weights or 'not named'}.",
        "MACs are multiply-accumulates of what ran, counted layer by layer; 1 MAC = 2 FLOPs. Bars of ways that did not "
        "run are counted, not run. Seconds are of the machine that ran it.",
    ]
    small = "\n".join(line for part in about for line in textwrap.wrap(plain(part, 400), 125))
    _write(figure, 0.07, 0.065, small, 7, color=_MUTED, linespacing=1.4)


def _pictures(analysis: Analysis, thumbnails: Sequence[bytes | None] | None) -> list[Image.Image | None]:
    """Thumbnails as images; none where there are too many to be seen."""
    count = len(analysis.segments)
    given = list(thumbnails or ())[:count] if count <= _MOST_THUMBNAILS else []
    images = [_cropped(Image.open(io.BytesIO(jpeg)), count) if jpeg else None for jpeg in given]
    return [*images, *[None] * (count - len(images))]


def _cropped(picture: Image.Image, count: int) -> Image.Image:
    """The middle of a picture in the shape of one of `count` boxes side by side, so that nothing is squeezed."""
    shape = 0.79 * 8.27 / count / (0.205 * 11.69 / 3.85)  # the timeline's width over one of its rows
    width, height = picture.size
    wide, high = max(1, min(width, round(height * shape))), max(1, min(height, round(width / shape)))
    left, top = (width - wide) // 2, (height - high) // 2
    return picture.convert("RGB").crop((left, top, left + wide, top + high))
