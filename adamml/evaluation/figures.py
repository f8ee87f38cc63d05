"""Figures of a table: accuracy against compute (PNG and interactive HTML), accuracy by class, confusion.

Policies are labeled where they stand, and differ in marker as well as in color. Rows at a threshold ("adamml@0.30")
form the budget curve: what the learned policy reaches as it is made freer or thriftier. Drawn without a display.
"""

import io
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from plotly.offline import get_plotlyjs

from adamml.evaluation.plot_style import BAND, GRID, INK, MUTED, at_threshold
from adamml.evaluation.table import Row, Table
from adamml.files import write_whole
from adamml.results.policy_spec import spec_of

DPI = 160
X_TITLE = "G MACs per clip (billions of multiply-accumulates, counted)"
Y_TITLE = "Top-1 accuracy, %"
CURVE_NOTE = "line: one policy at several probability thresholds"
FIGURE_FILES = ("accuracy_macs.png", "accuracy_macs.html", "class_accuracy.png", "plotly.min.js")
INTERVAL_NOTE = "bars: 95 % bootstrap intervals over clips"


def write_figures(
    table: Table, folder: Path, *, inline_plotly: bool = False, inputs: Iterable[Path] = ()
) -> list[Path]:
    """Write every figure; returns the files. See `report.write_report`."""
    named = [row for row in table.rows if at_threshold(row.policy)[1] is None] or list(table.rows)
    accuracy, page, by_class, library = FIGURE_FILES
    contents: dict[str, str | bytes] = {
        accuracy: _png(accuracy_against_macs(table)),
        page: interactive(table, inline_plotly=inline_plotly),
        by_class: _png(class_accuracy(table, named)),
    }
    if not inline_plotly:
        contents[library] = get_plotlyjs()
    contents |= {confusion_file(row.policy): _png(confusion(table, row)) for row in named}
    read = list(inputs)
    return [write_whole(folder / name, content, inputs=read) for name, content in contents.items()]


def confusion_file(policy: str) -> str:
    """Name of the figure of a policy's confusion."""
    return f"confusion_{re.sub(r'[^A-Za-z0-9._-]', '_', policy)}.png"


def budget_curves(table: Table) -> list[list[Row]]:
    """Rows of one policy at several thresholds, thriftiest last; the policy as it is (threshold 0.5) is among them."""
    bases = dict.fromkeys(base for row in table.rows for base, at in [at_threshold(row.policy)] if at is not None)
    curves = []
    for base in bases:
        placed = [
            (0.5 if at is None else at, row) for row in table.rows for b, at in [at_threshold(row.policy)] if b == base
        ]
        curves.append([row for _, row in sorted(placed, key=lambda pair: pair[0])])
    return [curve for curve in curves if len(curve) > 1]


def accuracy_against_macs(table: Table) -> Figure:
    """Every policy as a labeled point with its interval; upwards is better, leftwards is cheaper."""
    figure, axes = _canvas(8.4, 5.2)
    _titles(axes, "Accuracy against compute", _notes(table))
    for curve in budget_curves(table):
        xs, ys = [row.macs / 1e9 for row in curve], [100 * row.top1.value for row in curve]
        axes.plot(xs, ys, color=spec_of(curve[0].policy).color, linewidth=2, alpha=0.55, zorder=2)
    for row in table.rows:
        spec = spec_of(row.policy)
        color, marker = spec.color, spec.marker
        small = at_threshold(row.policy)[1] is not None
        x, y = row.macs / 1e9, 100 * row.top1.value
        if row.top1.low is not None and row.top1.high is not None and not small:
            axes.vlines(x, 100 * row.top1.low, 100 * row.top1.high, color=color, alpha=0.45, linewidth=1.6, zorder=2)
        axes.plot(x, y, marker, color=color, markersize=5 if small else 10, markeredgecolor="white", zorder=3)
    axes.margins(y=0.12)
    axes.set_xlim(0, max(row.macs for row in table.rows) / 1e9 * 1.14 or 1)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_xlabel(X_TITLE, color=INK)
    axes.set_ylabel(Y_TITLE, color=INK)
    _label_points(figure, axes, table)
    return figure


def _notes(table: Table) -> str:
    return "; ".join([f"{len(table.clips)} clips", INTERVAL_NOTE, *([CURVE_NOTE] if budget_curves(table) else [])])


def _label_points(figure: Figure, axes: Axes, table: Table) -> None:
    """Names beside their points, each at the first of several places where it covers nothing."""
    figure.draw_without_rendering()  # the layout has to be settled before anything can be measured
    frame = axes.get_window_extent()
    taken = _obstacles(axes, table)
    named_first = sorted(table.rows, key=lambda row: at_threshold(row.policy)[1] is not None)
    for row in named_first:
        threshold = at_threshold(row.policy)[1]
        label = axes.annotate(
            row.policy if threshold is None else f"{threshold:.2f}",
            (row.macs / 1e9, 100 * row.top1.value),
            xytext=(0, 0),
            textcoords="offset points",
            color=spec_of(row.policy).color,
            fontsize=11 if threshold is None else 8.5,
            fontweight="bold" if threshold is None else "normal",
            zorder=4,
        )
        boxes: list[tuple[int, int, Bbox]] = []  # (how much it covers, which place, where)
        for dx, dy, across, along in _PLACES:
            label.set(position=(dx, dy), horizontalalignment=across, verticalalignment=along)
            box = label.get_window_extent()
            inside = frame.x0 < box.x0 and box.x1 < frame.x1
            boxes.append((sum(box.overlaps(other) for other in taken) + 100 * (not inside), len(boxes), box))
            if boxes[-1][0] == 0:
                break
        _, place, box = min(boxes, key=lambda found: found[:2])
        dx, dy, across, along = _PLACES[place]
        label.set(position=(dx, dy), horizontalalignment=across, verticalalignment=along)
        taken.append(box)


def _obstacles(axes: Axes, table: Table) -> list[Bbox]:
    """Points, intervals and curves as small boxes in pixels."""
    at = [(row.macs / 1e9, 100 * row.top1.value) for row in table.rows]
    for curve in budget_curves(table):
        for one, two in pairwise(curve):
            at += [
                (
                    (one.macs + part * (two.macs - one.macs)) / 1e9,
                    100 * (one.top1.value + part * (two.top1.value - one.top1.value)),
                )
                for part in np.linspace(0, 1, 25)
            ]
    for row in table.rows:
        if row.top1.low is not None and row.top1.high is not None and at_threshold(row.policy)[1] is None:
            at += [(row.macs / 1e9, 100 * y) for y in np.linspace(row.top1.low, row.top1.high, 12)]
    reach = 0.03 * DPI  # pixels
    return [Bbox.from_extents(x - reach, y - reach, x + reach, y + reach) for x, y in axes.transData.transform(at)]


_PLACES = (  # points to the right and up, and which side of the text lies there
    (9, 4, "left", "bottom"),
    (9, -4, "left", "top"),
    (-9, 4, "right", "bottom"),
    (-9, -4, "right", "top"),
    (5, 10, "left", "bottom"),
    (5, -10, "left", "top"),
    (-5, 10, "right", "bottom"),
    (-5, -10, "right", "top"),
    (0, 12, "center", "bottom"),
    (0, -12, "center", "top"),
    (16, 16, "left", "bottom"),
    (16, -16, "left", "top"),
    (-16, 16, "right", "bottom"),
    (-16, -16, "right", "top"),
)


def class_accuracy(table: Table, rows: Sequence[Row]) -> Figure:
    """One line per class, hardest for the reference at the bottom, one marker per policy."""
    reference = table.row(table.reference) or rows[0]
    order = sorted(range(len(table.classes)), key=lambda k: (reference.class_accuracy[k] or 0.0, table.classes[k]))
    figure, axes = _canvas(8.4, 1.7 + 0.42 * len(order))
    _titles(axes, "Accuracy by class", f"{len(table.clips)} clips; sorted by {reference.policy}", above=26)
    for place in range(0, len(order), 2):
        axes.axhspan(place - 0.5, place + 0.5, color=BAND, zorder=0)
    values_PK = np.array(
        [[np.nan if (value := row.class_accuracy[k]) is None else 100 * value for k in order] for row in rows]
    )
    aside_PK = np.stack([_stacked(values_PK[:, place]) for place in range(len(order))], axis=1)
    for row, xs, aside in zip(rows, values_PK, aside_PK, strict=True):
        spec = spec_of(row.policy)
        color, marker = spec.color, spec.marker
        ys = np.arange(len(order)) + aside
        axes.plot(xs, ys, marker, color=color, markersize=8, markeredgecolor="white", label=row.policy)
    counts = [sum(reference.confusion[k]) for k in order]
    axes.set_yticks(range(len(order)), [f"{table.classes[k]}  ({n})" for k, n in zip(order, counts, strict=True)])
    axes.set_ylim(-0.5, len(order) - 0.5)
    axes.set_xlim(-3, 103)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_xlabel(f"{Y_TITLE} (clips of the class in brackets)", color=INK)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=len(rows), frameon=False, handletextpad=0.1, borderaxespad=0.2
    )
    return figure


def _stacked(values_P: np.ndarray) -> np.ndarray:
    """How far each of P markers of a line moves up or down so that (nearly) equal ones stay visible, in lines."""
    aside_P = np.zeros(len(values_P))
    for p, value in enumerate(values_P):
        near = np.flatnonzero(np.abs(values_P - value) < 1.2)
        if near.size > 1:
            step = min(0.26, 0.78 / (near.size - 1))
            aside_P[p] = step * ((near.size - 1) / 2 - near.tolist().index(p))
    return aside_P


def confusion(table: Table, row: Row) -> Figure:
    """Rows are true classes, columns answers; shade is the share of the true class, figures are clips."""
    counts_KK = np.array(row.confusion)
    size = len(table.classes)
    side = 2.6 + 0.42 * size
    figure, axes = _canvas(side + 0.4, side)
    _titles(axes, f"Confusion of {row.policy}", f"{row.clips} clips; shade: share of the true class")
    shares_KK = counts_KK / np.maximum(1, counts_KK.sum(1, keepdims=True))
    image = axes.imshow(shares_KK, cmap="Blues", vmin=0, vmax=1)
    if size <= 30:
        for k, j in zip(*np.nonzero(counts_KK), strict=True):
            ink = "white" if shares_KK[k, j] > 0.55 else INK
            axes.text(j, k, counts_KK[k, j], ha="center", va="center", fontsize=8.5, color=ink)
    axes.set_xticks(range(size), table.classes, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), table.classes)
    axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("answer", color=INK)
    axes.set_ylabel("true class", color=INK)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, ticks=[0, 0.5, 1], format=lambda v, _: f"{v:.0%}")
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelcolor=MUTED)
    return figure


def interactive(table: Table, *, inline_plotly: bool = False) -> str:
    """Accuracy against compute as a page that loads nothing from outside."""
    figure = go.Figure()
    for curve in budget_curves(table):
        figure.add_scatter(
            x=[row.macs / 1e9 for row in curve],
            y=[100 * row.top1.value for row in curve],
            mode="lines",
            line={"color": spec_of(curve[0].policy).color, "width": 2},
            opacity=0.55,
            hoverinfo="skip",
            showlegend=False,
        )
    for row in table.rows:
        spec = spec_of(row.policy)
        color, symbol = spec.color, spec.symbol
        small = at_threshold(row.policy)[1] is not None
        interval = {}
        if row.top1.low is not None and row.top1.high is not None:
            above, below = row.top1.high - row.top1.value, row.top1.value - row.top1.low
            interval = {"error_y": {"array": [100 * above], "arrayminus": [100 * below], "width": 0, "thickness": 1.5}}
        figure.add_scatter(
            x=[row.macs / 1e9],
            y=[100 * row.top1.value],
            name=row.policy,
            mode="markers" if small else "markers+text",
            text=[row.policy],
            textposition="top right",
            textfont={"color": color, "size": 14},
            marker={
                "color": color,
                "symbol": symbol,
                "size": 8 if small else 14,
                "line": {"color": "white", "width": 1},
            },
            hovertemplate=f"{row.policy}<br>%{{y:.1f}} % at %{{x:.2f}} G MACs<extra></extra>",
            showlegend=False,
            **({} if small else interval),
        )
    figure.update_layout(
        template="plotly_white",
        title={"text": f"Accuracy against compute<br><sup>{_notes(table)}</sup>"},
        xaxis={"title": {"text": X_TITLE}, "rangemode": "tozero"},
        yaxis={"title": {"text": Y_TITLE}},
        font={"family": "system-ui, sans-serif", "color": INK, "size": 14},
    )
    return figure.to_html(include_plotlyjs=True if inline_plotly else "directory", div_id="accuracy-macs")


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure with one quiet pair of axes, drawn in memory."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[:].set_visible(False)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=INK)
    return figure, axes


def _titles(axes: Axes, title: str, below: str, above: float = 8) -> None:
    axes.set_title(title, loc="left", fontsize=14, fontweight="bold", color=INK, pad=above + 16)
    axes.annotate(
        below, (0, 1), xycoords="axes fraction", xytext=(0, above), textcoords="offset points", color=MUTED, fontsize=10
    )


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white")
    return out.getvalue()
