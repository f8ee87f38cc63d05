"""How often a model was right on the clips that it was tested on, by compute: what its card has, drawn."""

from collections.abc import Mapping
from typing import Any

from adamml.policies.base import threshold_name
from adamml.results.accuracy_curves import Curve, Point, curves_of, points_of
from adamml.results.policy_spec import spec_of
from app.curve_box import BOTTOM, HEIGHT, TOP, CurveBox
from app.words import esc

_SEGMENTS = 10  # of the clips tested on
_LINES = ("is-first", "is-second", "is-third", "is-fourth")


def measured_curves(facts: Mapping[str, Any], per_segment: float) -> str:
    """The figure as HTML, with this clip's compute on it (billions of MACs a segment); empty without figures."""
    points = points_of(_rows(facts))
    curves = curves_of(points)[: len(_LINES)]
    if not curves:
        return ""
    here = per_segment * _SEGMENTS
    alone = [p for name, p in points.items() if name in ("rgb", "adamml") and not any(p in c.points for c in curves)]
    drawn = [*alone, *(point for curve in curves for point in curve.points)]
    lowest = min(point.accuracy if point.low is None else point.low for point in drawn)
    box = CurveBox(most=max(here, *(p.gmacs for p in drawn)) * 1.06, floor=lowest // 10 / 10)
    lines = "".join(_line(box, curve, kind) for curve, kind in zip(curves, _LINES, strict=False))
    return (
        f'<figure class="curve"><figcaption><b>The clips it was tested on</b>{_split(facts)}: how often the answer is '
        f'right, by compute for ten segments (billion MACs).</figcaption><svg viewBox="0 0 460 {HEIGHT}" role="img" '
        f'aria-label="Accuracy against compute over the test clips; a table follows">{box.grid()}{lines}'
        f"{''.join(_alone(box, point) for point in alone)}{_here(box, here)}</svg>{_key(curves, drawn)}{_table(drawn)}"
        "</figure>"
    )


def _rows(facts: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Policy -> figures, as a card has them: of every policy, or of one at several thresholds."""
    if isinstance(rows := facts.get("rows"), Mapping):
        return rows
    measured = facts.get("measured")
    budget = measured.get("budget") if isinstance(measured, Mapping) else None
    return {threshold_name("adamml", float(row["threshold"])): row for row in budget or ()}


def _split(facts: Mapping[str, Any]) -> str:
    measured = facts.get("measured")
    said = measured.get("split") if isinstance(measured, Mapping) else facts.get("tested_on")
    return f" ({esc(said)})" if said else ""


def _line(box: CurveBox, curve: Curve, kind: str) -> str:
    band = ""
    if all(point.low is not None and point.high is not None for point in curve.points):
        upper = [(p.gmacs, (p.high or 0) / 100) for p in curve.points]
        lower = [(p.gmacs, (p.low or 0) / 100) for p in reversed(curve.points)]
        band = f'<path class="curve-band {kind}" d="{box.path([*upper, *lower])}Z"/>'
    way = box.path((p.gmacs, p.accuracy / 100) for p in curve.points)
    dots = "".join(box.circle(p.gmacs, p.accuracy / 100, f"on-curve {kind}", esc(_words(p))) for p in curve.points)
    return f'{band}<path class="curve-line {kind}" d="{way}"/>{dots}'


def _alone(box: CurveBox, point: Point) -> str:
    x, y = box.x(point.gmacs), box.y(point.accuracy / 100)
    return (
        f'<path class="curve-alone" d="M{x:.1f},{y - 6:.1f}l6,6l-6,6l-6,-6z"><title>{esc(_words(point))}</title></path>'
        f'<text class="curve-name" text-anchor="middle" x="{x:.1f}" y="{y + 18:.1f}">{esc(spec_of(point.policy).label)}'
        "</text>"
    )


def _here(box: CurveBox, here: float) -> str:
    x, side = box.x(here), "end" if here > box.most * 0.6 else "start"
    return (
        f'<path class="curve-here" d="M{x:.1f},{TOP}V{HEIGHT - BOTTOM}"/><text class="curve-now" text-anchor="{side}" '
        f'x="{x + (-8 if side == "end" else 8):.1f}" y="{HEIGHT - BOTTOM - 10}">this clip {here:.0f}</text>'
    )


def _key(curves: list[Curve], drawn: list[Point]) -> str:
    if len(curves) == 1:
        return ""
    named = "".join(
        f'<span><svg viewBox="0 0 26 10" aria-hidden="true"><path class="curve-line {kind}" d="M0,5H26"/></svg>'
        f"{esc(curve.name)}</span>"
        for curve, kind in zip(curves, _LINES, strict=False)
    )
    band = " Bands are 95 % intervals over clips." if any(point.low is not None for point in drawn) else ""
    return f'<p class="remark curve-key">{named}{band}</p>'


def _words(point: Point) -> str:
    interval = f" ({point.low:g} to {point.high:g})" if point.low is not None and point.high is not None else ""
    return f"{spec_of(point.policy).label}: {point.accuracy:g} % right{interval}, {point.gmacs:.1f} billion MACs"


def _table(drawn: list[Point]) -> str:
    rows = {point.policy: point for point in drawn}.values()
    body = "".join(
        f"<tr><td>{esc(spec_of(p.policy).label)}</td><td>{p.gmacs:.1f}</td><td>{p.accuracy:g} %</td></tr>" for p in rows
    )
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Policy", "Billion MACs", "Right"))
    return (
        '<table class="visually-hidden"><caption>Accuracy by compute over the test clips</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )
