"""Budgets on one clip: what each threshold on the policy's probabilities gives, as far as it needs nothing new."""

from dataclasses import replace

import adamml
from adamml import Analysis
from app.timeline_model import MODALITIES
from app.view_state import THRESHOLDS, Grid, Point, ViewState, budget_grid, has_budget


def by_hand(session: adamml.ClipSession, base: Analysis, grid: Grid) -> Analysis:
    """A grid of cells in place of a policy's choices, its deciding still on the bill."""
    return session.analyze(adamml.ManualPolicy(grid=grid, base=adamml.get_policy(base.policy)))


def known_points(session: adamml.ClipSession, shown: ViewState) -> ViewState:
    """Add the budgets that need nothing but what was run already. Equal grids are worked out once."""
    if not has_budget(shown.base):
        return shown
    points, answers = shown.points, dict[tuple[tuple[bool, ...], ...], Analysis]()
    for threshold in THRESHOLDS:
        grid = budget_grid(shown.base, threshold)
        if all(session.has_run(segment, modality) for segment, modality in _needed(shown.base, grid)):
            same = tuple(tuple(row.values()) for row in grid)
            answer = answers.get(same)
            if answer is None:
                answer = answers[same] = by_hand(session, shown.base, grid)
            points = with_point(points, threshold, answer)
    return replace(shown, points=points)


def with_point(points: tuple[Point, ...], threshold: float, analysis: Analysis) -> tuple[Point, ...]:
    """The points with one more, or a newer one for its threshold, in order."""
    point = Point(
        threshold=threshold,
        macs=analysis.macs.total,
        label=analysis.label,
        certainty=analysis.scores[analysis.label],
    )
    return tuple(sorted([p for p in points if p.threshold != threshold] + [point], key=lambda p: p.threshold))


def _needed(base: Analysis, grid: Grid) -> list[tuple[int, str]]:
    """The cells that a grid runs; where it runs none, the most probable one, which is then run as a last resort."""
    cells = [(i, m) for i, row in enumerate(grid) for m in MODALITIES if row[m]]
    if cells:
        return cells
    wanted = [(p, -s.index, m) for s in base.segments for m, p in s.probabilities.items() if p is not None]
    _, index, modality = max(wanted)
    return [(-index, modality)]
