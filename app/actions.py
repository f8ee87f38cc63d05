"""What a visitor can do with a result: switch cells, move the budget, compare policies, open a segment.

Every answer comes from the same session as the first one, so that only what was not run yet is run.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

import adamml
from adamml import Analysis, SegmentDetail
from adamml.inputs import MODALITIES
from app import words
from app.budget import by_hand, known_points, with_point, within
from app.service import sessions
from app.view_state import BUDGETS, Grid, Point, ViewState, grid_of, has_budget, outcome


def read_grid(shown: ViewState, text: object) -> Grid:
    """The grid that a browser sent: per modality a string of 0 and 1, one sign per segment.

    Raises:
        ValueError: for anything else.
    """
    count = len(shown.base.segments)
    if not isinstance(text, dict) or set(text) != set(MODALITIES):
        raise ValueError("a grid names both modalities")
    for signs in text.values():
        if not isinstance(signs, str) or len(signs) != count or set(signs) - {"0", "1"}:
            raise ValueError(f"a grid has {count} signs, 0 or 1, for each modality")
    return tuple({m: text[m][i] == "1" for m in MODALITIES} for i in range(count))


def apply(shown: ViewState, request: Mapping[str, object]) -> ViewState:
    """What a browser asked for: a whole grid, a budget, or to go back to what the policy chose.

    Raises:
        ValueError: for anything else.
    """
    if "grid" in request:
        return switch(shown, read_grid(shown, request["grid"]))
    if "budget" in request:
        budget = request["budget"]
        if not isinstance(budget, int | float) or not BUDGETS[0] <= budget <= 1:
            raise ValueError(f"a budget is a share of running everything, from {BUDGETS[0]} to 1")
        return set_budget(shown, round(float(budget), 2))
    if "reset" in request:
        return shown.reset()
    raise ValueError("a request is a grid, a budget or a reset")


def switch(shown: ViewState, grid: Grid) -> ViewState:
    """Run a grid of cells in place of the policy's choices."""
    if grid == grid_of(shown.own):
        return replace(shown, current=shown.own)
    with sessions.session(shown.key) as session:
        current = by_hand(session, shown.own, grid)
        return replace(_with_known_rivals(session, shown), current=current)


def set_budget(shown: ViewState, budget: float) -> ViewState:
    """Look for at most this share of running everything, and note what that gave."""
    if not has_budget(shown.base):
        raise ValueError(f"{shown.base.policy} keeps to no budget")
    with sessions.session(shown.key) as session:
        limited = within(session, budget)
        shown = _with_known_rivals(session, shown)
    points = with_point(shown.points, budget, limited)
    return replace(shown, current=limited, limited=limited, budget=budget, points=points)


def whole_curve(shown: ViewState) -> Generator[tuple[str, tuple[Point, ...] | None], None, None]:
    """Run the rest of the clip once, so that every budget can be drawn; yields (message, the points at the end)."""
    with sessions.session(shown.key) as session:
        for event in session.run("all"):
            yield event.message, None
        yield "Drawing the curve", None
        yield "Done", known_points(session, shown).points


def with_points(shown: ViewState, points: tuple[Point, ...]) -> ViewState:
    """The budgets that are known by now, besides those that were known before."""
    fresh = {point.budget for point in points}
    kept = [point for point in shown.points if point.budget not in fresh]
    return replace(shown, points=tuple(sorted([*kept, *points], key=lambda point: point.budget)))


RIVALS = ("rgb", "all")


def rivals(shown: ViewState) -> Generator[tuple[float, str, dict[str, Analysis] | None], None, None]:
    """Run looking only, then everything, on the same clip; yields (share done, message, what is there at the end).

    What the policy had run already is remembered, so that only the rest is computed.
    """
    yield from _run_all(shown, RIVALS)


def with_rivals(shown: ViewState, found: Mapping[str, Analysis]) -> ViewState:
    """The rivals beside whatever is shown by now."""
    return replace(shown, rgb=found["rgb"], everything=outcome(found["all"]))


def _with_known_rivals(session: adamml.ClipSession, shown: ViewState) -> ViewState:
    """With the rivals, where all that they need has been run: they may have ended while this was asked for."""
    cells = ((s.index, m) for s in shown.base.segments for m in MODALITIES if s.available[m])
    if shown.rgb is not None or not shown.base.clip.has_video or not all(session.has_run(*cell) for cell in cells):
        return shown
    own = {shown.base.policy: shown.base}
    return with_rivals(shown, {name: own.get(name) or session.analyze(name) for name in RIVALS})


def _run_all(
    shown: ViewState, policies: Sequence[str]
) -> Generator[tuple[float, str, dict[str, Analysis] | None], None, None]:
    """Every one of these policies that has not run yet."""
    results: dict[str, Analysis] = {"shown": shown.current, shown.base.policy: shown.base}
    if shown.rgb is not None:
        results["rgb"] = shown.rgb
    missing = [name for name in dict.fromkeys(policies) if name not in results]
    for number, name in enumerate(missing):
        with sessions.session(shown.key) as session:
            for event in session.run(name):
                share = (number + event.progress) / len(missing)
                yield share, f"{words.policy(name)}: {event.message}", None
                if isinstance(event, adamml.Finished):
                    results[name] = event.analysis
    yield 1.0, "Done", results


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two policies on one clip."""

    left: Analysis
    right: Analysis


def compare(shown: ViewState, left: str, right: str) -> Generator[tuple[float, str, Pair | None], None, None]:
    """Run two policies on the clip; yields (share done, message, both results at the end).

    Args:
        left: a policy, or "shown" for what is shown, switches included.
        right: a policy.
    """
    for share, message, results in _run_all(shown, (left, right)):
        yield share, message, Pair(left=results[left], right=results[right]) if results else None


def open_segment(shown: ViewState, segment: int, explain: bool) -> SegmentDetail:
    """One segment from near; `explain` shows where each recognizer found the segment's answer."""
    asked: dict[str, str] = {}
    result = shown.current.segments[segment]
    if explain and result.label is not None:
        asked = {m: result.label for m in MODALITIES if result.decisions[m]}
    with sessions.session(shown.key) as session:
        return session.closeup(segment, asked)
