"""A one-page report as PNG: the answer, the timeline, each segment's scores, what was counted and what was measured.

Drawn with matplotlib on the Agg canvas alone (no pyplot: nothing global, so it is safe in a server's threads). Counted
compute (multiply-accumulates, MACs) and measured time (seconds) stand in panels of their own. Patterns and words say
the same as the colors, so that a black-and-white print can be read. 1240 x 1754 pixels, A4 upright.
"""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from adamml.inputs import MODALITIES
from adamml.render import report_timeline
from adamml.render.export_file import export_file
from adamml.render.fonts import plain
from adamml.render.report_charts import best, compute, measured, scores
from adamml.render.report_style import MUTED, TEXT
from adamml.render.report_timeline import pictures, timeline
from adamml.results import wording
from adamml.results.analysis import Analysis
from adamml.results.timeline import lay_out

_MOST_NOTES = 6


def render_report(
    analysis: Analysis,
    out: str | Path,
    *,
    thumbnails: Sequence[bytes | None] | None = None,
    rgb: Analysis | None = None,
    inputs: Iterable[Path] = (),
) -> Path:
    """Write the report as PNG.

    Args:
        analysis: what to report.
        out: where to write; replaced when it exists.
        thumbnails: one JPEG per segment (or None), as in `Storyboard.thumbnails`; left out when not given.
        rgb: what looking only gave on the same clip, to be said beside; left out when not given.
        inputs: files that must not be written over, such as the clip.

    Returns:
        `out`.

    Raises:
        ExportError: when the file cannot be written.
    """
    out = Path(out)
    figure = Figure(figsize=(8.27, 11.69), dpi=150, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    _heading(figure, analysis)
    best(figure.add_axes((0.72, 0.852, 0.25, 0.09)), analysis)
    if rgb is not None and rgb.policy != analysis.policy:
        beside = textwrap.wrap(plain(wording.against(analysis, rgb)), 44)
        _write(figure, 0.6, 0.84, "\n".join(beside), 8.5, linespacing=1.45)
    lanes = lay_out(analysis)
    timeline(figure.add_axes(report_timeline.PLACE), analysis, lanes, pictures(analysis, thumbnails))
    scores(figure.add_axes((0.14, 0.345, 0.79, 0.145)), analysis, lanes)
    compute(figure.add_axes((0.22, 0.185, 0.38, 0.095)), analysis)
    measured(figure.add_axes((0.74, 0.185, 0.19, 0.095)), analysis)
    _small_print(figure, analysis)
    with export_file(out, suffix=".png", inputs=inputs) as made:
        canvas.print_png(str(made))
    return out


def _write(figure: Figure, x: float, y: float, text: str, size: float = 9, **style: Any) -> None:
    """Text on the page; what is not ours is never read as mathematics."""
    usual: dict[str, Any] = {"color": TEXT, "va": "top", "ha": "left", "parse_math": False}
    figure.text(x, y, text, fontsize=size, **(usual | style))


def _heading(figure: Figure, analysis: Analysis) -> None:
    clip = analysis.clip
    _write(figure, 0.07, 0.965, "AdaMML Studio", 9, color=MUTED, weight="bold")
    _write(figure, 0.93, 0.965, plain(clip.name, 70), 9, color=MUTED, ha="right")
    kind = wording.noun(analysis.classes)
    answer, sure = wording.headline(analysis.label, analysis.scores[analysis.label], analysis.known, kind)
    _write(figure, 0.07, 0.935, plain(answer, 42), 26 if len(answer) <= 24 else 18, weight="bold")
    _write(figure, 0.07, 0.897, plain(sure, 60), 13)
    there = {"rgb": clip.has_video, "audio": clip.has_audio}
    rates = [f"the {wording.NOUN[m]} in {_often(analysis, m)}" for m in MODALITIES if there[m]]
    has = " and ".join(wording.NOUN[m] for m in MODALITIES if there[m])
    lines = [
        f"{wording.seconds(clip.duration)} s with {has}, {len(analysis.segments)} segments "
        f"covering {wording.percent(analysis.examined)} of it.",
        f"{wording.policy(analysis.policy)} used {' and '.join(rates)}.",
        wording.saving(analysis),
        *([f"Heard: {plain(wording.heard(analysis.heard))} (each from 0 to 1)."] if analysis.heard else []),
    ]
    text = "\n".join(line for part in lines for line in textwrap.wrap(part, 68))  # which keeps "43 %" whole
    _write(figure, 0.07, 0.868, text, 8.5, linespacing=1.45)


def _often(analysis: Analysis, modality: str) -> str:
    used = sum(segment.decisions[modality] for segment in analysis.segments)
    return f"{used} of {len(analysis.segments)}"


def _small_print(figure: Figure, analysis: Analysis) -> None:
    """Notes, and which model and rules answered."""
    notes = [plain(note, 300) for note in analysis.notes[:_MOST_NOTES]]
    lines = [line for note in notes for line in textwrap.wrap(note, 105)]
    if lines:
        _write(figure, 0.07, 0.155, "Notes", 10, weight="bold")
        _write(figure, 0.07, 0.137, "\n".join(lines[:4]), 8.5, linespacing=1.4)
    weights = ", ".join(f"{part}: {file}" for part, file in analysis.weights.items())
    about = [
        f"Model {analysis.model} {analysis.version}, policy {wording.policy(analysis.policy)}, "
        f"{analysis.fusion} fusion.",
        f"Weights: {weights or 'not named'}.",
        "MACs are multiply-accumulates of what ran, counted layer by layer; 1 MAC = 2 FLOPs. Bars of ways that did not "
        "run are counted, not run. Seconds are of the machine that ran it.",
    ]
    small = "\n".join(line for part in about for line in textwrap.wrap(plain(part, 400), 125))
    _write(figure, 0.07, 0.065, small, 7, color=MUTED, linespacing=1.4)
