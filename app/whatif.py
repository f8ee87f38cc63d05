"""What if: the state of the switches in one sentence, and the curve of certainty against compute by budget."""

from collections.abc import Mapping, Sequence
from typing import Any

from adamml import Analysis
from app import icons, words
from app.budget_panel import limit
from app.curve_box import HEIGHT, WIDTH, CurveBox
from app.measured_curves import measured_curves
from app.view_state import BUDGETS, Point, ViewState, has_budget, rated
from app.words import esc, percent

_LETTER = 8  # units that one takes in bold


def what_if(shown: ViewState, facts: Mapping[str, Any], remark: str = "") -> str:
    """The card's content as HTML; `remark` stands before what switching did."""
    measured = measured_curves(facts, shown.current.macs.total / 1e9 / len(shown.current.segments))
    curves = f'<div class="curves">{_clip(shown)}{measured}</div>'
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
    box = CurveBox(most=max([p.macs for p in points] + [now.macs]) * 1.06 / 1e9)
    line = box.path((p.macs / 1e9, p.certainty) for p in sorted(points, key=lambda p: p.macs))
    dots = "".join(
        box.circle(p.macs / 1e9, p.certainty, "is-answer" if p.label == answer else "is-other", _point_words(p))
        for p in points
    )
    x, y = box.x(now.macs / 1e9), box.y(now.certainty)
    here = f'<path class="is-now" d="M{x:.1f},{y - 8:.1f}l7,8l-7,8l-7,-8z"/>'
    said = f"{words.label(now.label)} {percent(now.certainty)}, {words.billions(now.macs)}"
    side, shift = ("end", -12) if x + 12 + _LETTER * len(said) > WIDTH else ("start", 12)
    text = (
        f'<text class="curve-now" text-anchor="{side}" x="{x + shift:.1f}" y="{y + (-6 if y > 40 else 20):.1f}">'
        f"{esc(said)}</text>"
    )
    table = "".join(
        f"<tr><td>{percent(p.budget)}</td><td>{words.billions(p.macs)}</td><td>{esc(words.label(p.label))}</td>"
        f"<td>{percent(p.certainty)}</td></tr>"
        for p in points
    )
    names = ("Looking at most", "Billion MACs", "Answer", "Sure")
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    other = any(p.label != answer for p in (*points, now))
    key = f" Hollow dots give another answer than {esc(words.label(answer))}." if other else ""
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Certainty against compute; a table follows">'
        f'{box.grid()}<path class="curve-line" d="{line}"/>{dots}{here}{text}</svg>'
        f'<p class="remark">The diamond is where you are; dots are budgets known so far.{key}</p>'
        f'<table class="visually-hidden"><caption>Budgets on this clip</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{table}</tbody></table>"
    )


def _point_words(point: Point) -> str:
    return (
        f"looking at most {percent(point.budget)}: {esc(words.label(point.label))} {percent(point.certainty)}, "
        f"{words.billions(point.macs)} billion MACs"
    )
