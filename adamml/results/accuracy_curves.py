"""Measured accuracy against compute: which rows of a table form a curve, and the area under it.

A family of rows is one policy at several settings: numbers of looks ("even-3"), levels of certainty ("anytime@0.70"),
thresholds ("adamml@0.30"). Curves of looks end where everything is run, which is what looking everywhere comes to;
those of certainty run from one look, where a level of 0 stops, to everything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from adamml.results.policy_spec import spec_of, split_name

EVERYTHING = "all"
LEAST, MOST = 0.1, 0.5  # of everything's compute, between which areas are taken


@dataclass(frozen=True, kw_only=True)
class Point:
    """One row: billions of MACs per clip, and per cent answered rightly with its interval where there is one."""

    policy: str
    gmacs: float
    accuracy: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A family of at least two rows, cheapest first."""

    name: str
    policy: str
    points: tuple[Point, ...]


def points_of(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Point]:
    """Policy -> its point, from a card's or a table's figures (accuracy or top1, gmacs, perhaps low and high)."""
    return {
        policy: Point(
            policy=policy,
            gmacs=float(row["gmacs"]),
            accuracy=float(row["accuracy"] if "accuracy" in row else row["top1"]),
            low=row.get("low"),
            high=row.get("high"),
        )
        for policy, row in rows.items()
        if not policy.startswith("best-")  # upper bounds are no policies
    }


def curves_of(points: Mapping[str, Point]) -> list[Curve]:
    """Every family, in the order of its first row. Points that stand alone are in none."""
    families: dict[tuple[str, str], list[Point]] = {}
    for policy, point in points.items():
        if kind := _kind(policy):
            families.setdefault((split_name(policy)[0], kind), []).append(point)
    curves = []
    for (base, kind), found in families.items():
        ends = {"looks": (EVERYTHING,), "certainty": (f"{_FIRST_LOOK.get(base, base)}-1", EVERYTHING)}.get(kind, ())
        found = [*found, *(points[end] for end in ends if end in points)]
        if len(found) > 1:
            ordered = tuple(sorted(found, key=lambda point: point.gmacs))
            curves.append(
                Curve(
                    name=_NAMES[kind].format(spec_of(base).label.removesuffix(", until sure")),
                    policy=base,
                    points=ordered,
                )
            )
    return curves


def area(points: Iterable[Point], everything: float, least: float = LEAST, most: float = MOST) -> float:
    """Mean accuracy, per cent, of budgets between two shares of everything's compute, all as likely.

    Between its points a curve is straight; below the cheapest and above the dearest it stays level.

    Args:
        everything: its billions of MACs.
    """
    ordered = sorted(points, key=lambda point: point.gmacs)
    low, high = least * everything, most * everything
    stops = sorted({low, high, *(p.gmacs for p in ordered if low < p.gmacs < high)})
    values = [_at(ordered, stop) for stop in stops]
    parts = zip(pairwise(stops), pairwise(values), strict=True)
    return sum((b - a) * (first + second) / 2 for (a, b), (first, second) in parts) / (high - low)


def _at(ordered: list[Point], gmacs: float) -> float:
    if gmacs <= ordered[0].gmacs:
        return ordered[0].accuracy
    for before, after in pairwise(ordered):
        if gmacs <= after.gmacs:
            share = (gmacs - before.gmacs) / (after.gmacs - before.gmacs)
            return before.accuracy + share * (after.accuracy - before.accuracy)
    return ordered[-1].accuracy


_FIRST_LOOK = {"confident": "even"}  # whose first look a policy takes that stops by certainty, if not its own
_NAMES = {"looks": "{}, by number of looks", "certainty": "{}, by certainty", "threshold": "{}, by threshold"}


def _kind(policy: str) -> str:
    """What the number in a name means; a policy that goes by certainty has a level without one, too."""
    base, number = split_name(policy)
    if "@" in policy:
        return spec_of(base).number
    if number:
        return "" if "%" in number else "looks"
    return "certainty" if spec_of(base).number == "certainty" else ""
