"""The budget below the savings: a slider for how much of everything's compute looking may take at most.

Until it is moved there is none, and the policy decides as it does by itself; the thumb then stands at what that took.
With a budget, AdaMML's probabilities give the order of the looks: the policy `anytime`, as `adamml analyze --budget`.
"""

from adamml import looks_within
from app import words
from app.view_state import BUDGETS, RGB, ViewState, has_budget
from app.words import esc, percent


def panel(shown: ViewState) -> str:
    """The panel as HTML; empty where the policy keeps to no budget."""
    if not has_budget(shown.base) or shown.way == RGB:
        return ""
    low, high = round(100 * BUDGETS[0]), round(100 * BUDGETS[-1])
    if shown.budget is None:
        value, said = _nearest(_share(shown)), f"none, {words.policy(shown.base.policy)} decides"
        spoken = f"no budget: {words.policy(shown.base.policy)} decides, {percent(_share(shown))} of compute"
    else:
        value = round(100 * shown.budget)
        said, spoken = limit(shown.budget, len(shown.base.segments)), f"{value}\u00a0% of compute"
    off = " disabled" if shown.budget is None else ""
    return (
        '<div class="budget"><label for="budget-slider">Budget for looking: '
        f'<output id="budget-value">{esc(said)}</output></label>'
        f'<div class="budget-row"><span aria-hidden="true">{low}\u00a0%</span>'
        f'<input id="budget-slider" type="range" min="{low}" max="{high}" step="5" value="{value}" '
        f'data-segments="{len(shown.base.segments)}" '
        f'aria-valuetext="{esc(spoken)}" aria-describedby="budget-took">'
        f'<span aria-hidden="true">{high}\u00a0%</span>'
        f'<button type="button" class="small-button" data-reset{off}>No budget</button></div>'
        f'<p class="remark" id="budget-took">{esc(_took(shown))}</p></div>'
    )


def limit(budget: float, segments: int) -> str:
    """A budget in words and whole looks; less than one look is said to be one. `budget_panel.js` says the same."""
    if budget * segments < 1:
        return f"at least one look, {percent(1 / segments)} of this clip"
    looks = words.count(looks_within(budget, segments), "look")
    return f"at most {percent(budget)} of everything’s compute, {looks}"


def _share(shown: ViewState) -> float:
    """What stands before anything is switched by hand, as a share of running everything."""
    everything = shown.own.alternatives.get("all")
    return shown.own.macs.total / everything.total if everything is not None and everything.total else 1.0


def _nearest(share: float) -> int:
    return min((round(100 * budget) for budget in BUDGETS), key=lambda stop: abs(stop - 100 * share))


def _took(shown: ViewState) -> str:
    """What the budget came to in whole looks, or what the policy took by itself."""
    looks = sum(segment.decisions["rgb"] for segment in shown.own.segments)
    looks_at = f"{looks} of {words.count(len(shown.own.segments), 'look')}"
    took = percent(_share(shown))
    if shown.budget is None:
        return f"By itself {looks_at}, {took}. A budget takes the looks in AdaMML’s order."
    return f"In AdaMML’s order {looks_at}; with deciding and listening {took}."
