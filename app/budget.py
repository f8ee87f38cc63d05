"""Budgets on one clip: what each share of running everything gives, as far as it needs nothing new.

A budget is the policy `anytime` within that share: AdaMML's probabilities give the order of the looks.
"""

from dataclasses import replace

import adamml
from adamml import Analysis
from app.view_state import BUDGETS, Grid, Point, ViewState, budget_looks, has_budget


def by_hand(session: adamml.ClipSession, base: Analysis, grid: Grid) -> Analysis:
    """A grid of cells in place of a policy's choices, its deciding still on the bill."""
    return session.analyze(adamml.ManualPolicy(grid=grid, base=adamml.get_policy(base.policy)))


def within(session: adamml.ClipSession, budget: float) -> Analysis:
    """The clip within a budget."""
    return session.analyze(adamml.budget_policy(budget))


def known_points(session: adamml.ClipSession, shown: ViewState) -> ViewState:
    """Add the budgets that need nothing but what was run already. Equal ones are worked out once."""
    if not has_budget(shown.base):
        return shown
    points, answers = shown.points, dict[frozenset[int], Analysis]()
    heard = [s.index for s in shown.base.segments if s.available["audio"]]
    for budget in BUDGETS:
        looks = frozenset(budget_looks(shown.base, budget))
        if all(session.has_run(index, "rgb") for index in looks) and all(session.has_run(i, "audio") for i in heard):
            if looks not in answers:
                answers[looks] = within(session, budget)
            points = with_point(points, budget, answers[looks])
    return replace(shown, points=points)


def with_point(points: tuple[Point, ...], budget: float, analysis: Analysis) -> tuple[Point, ...]:
    """The points with one more, or a newer one for its budget, in order."""
    point = Point(
        budget=budget,
        macs=analysis.macs.total,
        label=analysis.label,
        certainty=analysis.scores[analysis.label],
    )
    return tuple(sorted([p for p in points if p.budget != budget] + [point], key=lambda p: p.budget))
