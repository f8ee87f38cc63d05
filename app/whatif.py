"""What if: the state of the switches in one sentence, and the curve of certainty against compute by budget."""

from collections.abc import Mapping, Sequence
from typing import Any

from adamml import Analysis
from app import icons, words
from app.budget_panel import limit
from app.view_state import BUDGETS, Point, ViewState, has_budget, rated
from app.words import esc, percent

_W, _H, _L, _B, _T, _R = 460, 170, 44, 24, 14, 16  # the curve's box and margins, in its own units


def what_if(shown: ViewState, facts: Mapping[str, Any], remark: str = "") -> str:
    """The card's content as HTML; `remark` stands before what switching did."""
    curves = f'<div class="curves">{_clip(shown)}{_model(facts, shown)}</div>'
    return f'<div class="whatif"><div class="whatif-hand">{_state(shown, remark)}{_none(shown)}</div>{curves}</div>'


def sentence(shown: ViewState) -> str:
    """What switching did, in plain words."""
    before, after = shown.own, shown.current
    if not shown.switched:
        return _within(shown) if shown.budget is not None else f"Nothing is switched: this is {_own(before)}."
    moved = after.macs.total - before.macs.total
    cost = "the same compute"
    if moved:
        cost = f"{words.billions(abs(moved))} billion MACs {'more' if moved > 0 else 'less'}"
    now = f"{words.label(after.label)}, {percent(after.scores[after.label])}"
    was = f"{words.label(before.label)}, {percent(before.scores[before.label])}"
    same = "The answer stays" if after.label == before.label else "The answer becomes"
    return (
        f"{words.count(shown.switched, 'cell')} switched: {same.lower()} {now} (the policy’s was {was}), with {cost}."
    )


def _within(shown: ViewState) -> str:
    """What the budget did: how many looks, and the answer beside that without one."""
    before, after = shown.base, shown.own
    now = f"{words.label(after.label)}, {percent(after.scores[after.label])}"
    was = f"{words.label(before.label)}, {percent(before.scores[before.label])}"
    same = "the answer stays" if after.label == before.label else "the answer becomes"
    return (
        f"Looking takes {limit(shown.budget or 0, len(after.segments))}: "
        f"{same} {now} (without a budget {was}). Nothing is switched by hand."
    )


def _own(base: Analysis) -> str:
    """What stands while nothing is switched: a policy's choice, or a way that leaves none."""
    if rated(base) or not base.policy.startswith(("rgb", "audio", "all", "even", "random")):
        return f"what {words.policy(base.policy)} chose"
    return f"{words.policy(base.policy)}, which leaves nothing to choose"


def _state(shown: ViewState, remark: str) -> str:
    off = "" if shown.switched or shown.budget is not None else " disabled"
    return (
        f'<div class="whatif-state"><p role="status">{icons.HAND} {esc(remark)} {esc(sentence(shown))}</p>'
        f'<button type="button" class="small-button" data-reset{off}>Reset</button></div>'
    )


def _none(shown: ViewState) -> str:
    if has_budget(shown.base):
        return ""
    return (
        '<p class="remark">A budget goes with AdaMML, whose probabilities give the order of the looks. '
        "Cells can be switched all the same.</p>"
    )


def _clip(shown: ViewState) -> str:
    if not has_budget(shown.base):
        return ""
    points = shown.points
    now = Point(
        budget=-1,
        macs=shown.current.macs.total,
        label=shown.current.label,
        certainty=shown.current.scores[shown.current.label],
    )
    missing = len({p.budget for p in points}) < len(BUDGETS)
    button = (
        '<button type="button" class="small-button" data-curve>Run the rest, draw the whole curve</button>'
        if missing
        else ""
    )
    return (
        '<figure class="curve"><figcaption><b>This clip:</b> how sure the answer is, by compute (billion MACs).'
        "</figcaption>"
        f"{_drawn(points, now, shown.base.label)}{button}</figure>"
    )


def _drawn(points: Sequence[Point], now: Point, answer: str) -> str:
    most = max([p.macs for p in points] + [now.macs]) * 1.06
    everything = [*points, now]

    def x(macs: float) -> float:
        return _L + (_W - _L - _R) * macs / most

    def y(share: float) -> float:
        return _H - _B - (_H - _B - _T) * share

    line = "".join(
        f"{'L' if i else 'M'}{x(p.macs):.1f},{y(p.certainty):.1f}"
        for i, p in enumerate(sorted(points, key=lambda p: p.macs))
    )
    dots = "".join(
        f'<circle class="{"is-answer" if p.label == answer else "is-other"}" cx="{x(p.macs):.1f}" '
        f'cy="{y(p.certainty):.1f}" r="4"><title>{_point_words(p)}</title></circle>'
        for p in points
    )
    here = f'<path class="is-now" d="M{x(now.macs):.1f},{y(now.certainty) - 8:.1f}l7,8l-7,8l-7,-8z"/>'
    side = "end" if x(now.macs) > _W * 0.7 else "start"
    shift = -12 if side == "end" else 12
    lift = -6 if y(now.certainty) > 40 else 20
    text = (
        f'<text class="curve-now" text-anchor="{side}" x="{x(now.macs) + shift:.1f}" y="{y(now.certainty) + lift:.1f}">'
        f"{esc(words.label(now.label))} {percent(now.certainty)}, {words.billions(now.macs)}</text>"
    )
    table = "".join(
        f"<tr><td>{percent(p.budget)}</td><td>{words.billions(p.macs)}</td><td>{esc(words.label(p.label))}</td>"
        f"<td>{percent(p.certainty)}</td></tr>"
        for p in points
    )
    names = ("Looking at most", "Billion MACs", "Answer", "Sure")
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    other = any(p.label != answer for p in everything)
    key = f" Hollow dots give another answer than {esc(words.label(answer))}." if other else ""
    return (
        f'<svg viewBox="0 0 {_W} {_H}" role="img" aria-label="Certainty against compute; a table follows">'
        f'{_grid(most / 1e9)}<path class="curve-line" d="{line}"/>{dots}{here}{text}</svg>'
        f'<p class="remark">The diamond is where you are; dots are budgets known so far.{key}</p>'
        f'<table class="visually-hidden"><caption>Budgets on this clip</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{table}</tbody></table>"
    )


def _point_words(point: Point) -> str:
    return (
        f"looking at most {percent(point.budget)}: {esc(words.label(point.label))} {percent(point.certainty)}, "
        f"{words.billions(point.macs)} billion MACs"
    )


def _grid(most: float) -> str:
    step = next(s for s in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1e9) if most / s <= 6)
    parts = []
    for share in (0, 0.5, 1):
        y = _H - _B - (_H - _B - _T) * share
        parts.append(f'<path class="grid" d="M{_L},{y:.1f}H{_W - _R}"/>')
        parts.append(f'<text text-anchor="end" x="{_L - 6}" y="{y + 4:.1f}">{share:.0%}</text>')
    value = 0.0
    while value <= most:
        x = _L + (_W - _L - _R) * value / most
        parts.append(f'<text text-anchor="middle" x="{x:.1f}" y="{_H - _B + 16}">{value:g}</text>')
        value += step
    return "".join(parts)


def _model(facts: Mapping[str, Any], shown: ViewState) -> str:
    """Accuracy against compute over many test clips, where the model's card has it, and this clip's compute on it."""
    measured = facts.get("measured")
    rows = measured.get("budget") if isinstance(measured, Mapping) else None
    if not isinstance(measured, Mapping) or not rows:
        return ""
    split = f" ({esc(measured['split'])})" if measured.get("split") else ""
    points = sorted((float(r["gmacs"]), float(r["accuracy"]), float(r["threshold"])) for r in rows)
    scale = 100 if max(p[1] for p in points) > 1 else 1
    here = shown.current.macs.total / 1e9 * 10 / len(shown.current.segments)
    most = max(here, *(p[0] for p in points)) * 1.06
    low = min(p[1] / scale for p in points)
    floor = max(0.0, (low * 20 // 1) / 20 - 0.05)

    def place(point: tuple[float, float, float]) -> tuple[float, float]:
        share = (point[1] / scale - floor) / max(1e-9, 1 - floor)
        return _L + (_W - _L - _R) * point[0] / most, _H - _B - (_H - _B - _T) * share

    line = "".join(f"{'L' if i else 'M'}{a:.1f},{b:.1f}" for i, (a, b) in enumerate(map(place, points)))
    dots = "".join(
        f'<circle class="is-answer" cx="{place(p)[0]:.1f}" cy="{place(p)[1]:.1f}" r="4"><title>threshold '
        f"{p[2]:g}: {p[1] / scale:.1%} right, {p[0]:.1f} billion MACs</title></circle>"
        for p in points
    )
    x, side = _L + (_W - _L - _R) * here / most, "end" if here > most * 0.6 else "start"
    mark = (
        f'<path class="curve-here" d="M{x:.1f},{_T}V{_H - _B}"/><text class="curve-now" text-anchor="{side}" '
        f'x="{x + (-8 if side == "end" else 8):.1f}" y="{_H - _B - 10}">this clip {here:.0f}</text>'
    )
    grid = _grid(most).replace(">0%<", f">{floor:.0%}<").replace(">50%<", f">{(1 + floor) / 2:.0%}<")
    return (
        f'<figure class="curve"><figcaption><b>The clips it was tested on</b>{split}: how often the answer is right, '
        f'by compute for ten segments (billion MACs).</figcaption><svg viewBox="0 0 {_W} {_H}" role="img" '
        f'aria-label="Accuracy against compute over the test clips">{grid}<path class="curve-line" d="{line}"/>'
        f"{dots}{mark}</svg></figure>"
    )
