"""Accuracy against compute of a cross-validation's policies: curves with bands as a PNG, and the areas under them."""

import io
from collections.abc import Mapping
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from adamml.evaluation.plot_style import GRID, INK, MUTED
from adamml.results.accuracy_curves import EVERYTHING, Curve, Point, area, curves_of, points_of
from adamml.results.policy_spec import spec_of
from adamml.training import model_card

DPI = 90
_DASHES = ("-", "--", ":", "-.")
_ALONE = ("rgb", "adamml", "adamml-nocost", "liteeval", "cascade", "random")
Rows = Mapping[str, Mapping[str, Any]]


def areas(results: Mapping[str, Rows]) -> str:
    """The area under every curve as Markdown, a column for each set of clips, and each seed's by itself."""
    names: dict[str, list[str]] = {}
    for rows in results.values():
        points = points_of(rows)
        for curve in curves_of(points):
            everything = points[EVERYTHING].gmacs
            cell = f"{area(curve.points, everything):.1f}"
            if len(by_seed := _by_seed(curve, rows, everything)) > 1:
                cell += f" ({' / '.join(f'{value:.1f}' for value in by_seed)})"
            names.setdefault(curve.name, []).append(cell)
    lines = [(name, *cells) for name, cells in names.items() if len(cells) == len(results)]
    return model_card.grid(("", *results), lines)


def _by_seed(curve: Curve, rows: Rows, everything: float) -> list[float]:
    """Points of a policy without chance stand for every seed."""
    many = max(len(rows[point.policy]["seeds"]) for point in curve.points)

    def of(seed: int, point: Point) -> Point:
        seeds = rows[point.policy]["seeds"]
        return Point(policy=point.policy, gmacs=point.gmacs, accuracy=seeds[min(seed, len(seeds) - 1)])

    return [area([of(seed, point) for point in curve.points], everything) for seed in range(many)]


def figure(parts: Mapping[str, Rows]) -> bytes:
    """One panel for each set of clips: title -> policy -> figures."""
    drawn = Figure(figsize=(5.4 * len(parts), 4.6), facecolor="white", layout="constrained")
    FigureCanvasAgg(drawn)
    for place, (title, rows) in enumerate(parts.items()):
        axes = drawn.add_subplot(1, len(parts), place + 1)
        axes.set_title(title, color=INK, fontsize=11, loc="left")
        points = points_of(rows)
        for curve, dash in zip(curves_of(points), _DASHES, strict=False):
            xs, color = [p.gmacs for p in curve.points], spec_of(curve.policy).color
            low, high = ([_limit(p, side) for p in curve.points] for side in ("low", "high"))
            axes.fill_between(xs, low, high, color=color, alpha=0.07, linewidth=0)
            axes.plot(
                xs, [p.accuracy for p in curve.points], dash, color=color, marker=".", linewidth=1.8, label=curve.name
            )
        for name in _ALONE:
            if name in points:
                spec, at = spec_of(name), (points[name].gmacs, points[name].accuracy)
                axes.plot(*at, spec.marker, color=spec.color, markersize=8, markeredgecolor="white")
                axes.annotate(spec.label, at, (0, -13), textcoords="offset points", ha="center", fontsize=8, color=INK)
        widest = max(point.gmacs for point in points.values())
        axes.set(xlabel="G MACs per clip", ylabel="Top-1 accuracy, %", xlim=(0, 1.12 * widest))
        axes.grid(color=GRID, linewidth=0.8)
        axes.tick_params(colors=MUTED)
        axes.legend(fontsize=8, loc="lower right", frameon=False, labelcolor=INK)
    out = io.BytesIO()
    drawn.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
    return out.getvalue()


def _limit(point: Point, side: str) -> float:
    value = getattr(point, side)
    return point.accuracy if value is None else value
