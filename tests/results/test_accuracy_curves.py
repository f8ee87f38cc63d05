"""Rows of a table become curves, and the area under one is the mean accuracy over budgets."""

import pytest

from adamml.results.accuracy_curves import area, curves_of, points_of

ROWS = {
    "rgb": {"top1": 75.0, "gmacs": 100.0},
    "all": {"top1": 76.0, "gmacs": 101.0},
    "even-1": {"top1": 60.0, "gmacs": 10.0, "low": 50.0, "high": 70.0},
    "even-5": {"accuracy": 70.0, "gmacs": 50.0},
    "adamml": {"top1": 71.0, "gmacs": 39.0},
    "confident@0.50": {"top1": 66.0, "gmacs": 20.0},
    "confident": {"top1": 72.0, "gmacs": 45.0},
    "anytime-20%": {"top1": 69.0, "gmacs": 20.0},
    "best-1": {"top1": 90.0, "gmacs": 10.0},
}


def test_rows_of_one_policy_are_a_curve_from_one_look_to_everything() -> None:
    points = points_of(ROWS)
    assert "best-1" not in points  # no policy
    assert (points["even-1"].low, points["even-1"].high, points["even-5"].low) == (50.0, 70.0, None)
    found = {curve.name: [point.policy for point in curve.points] for curve in curves_of(points)}
    assert found == {
        "Even, by number of looks": ["even-1", "even-5", "all"],
        "Evenly, by certainty": ["even-1", "confident@0.50", "confident", "all"],
    }


def test_thresholds_are_a_curve_and_what_stands_alone_is_none() -> None:
    rows = {f"adamml@{at:.2f}": {"accuracy": 90 - at, "gmacs": 10 - at} for at in (0.2, 0.5, 0.8)}
    (curve,) = curves_of(points_of(rows | {"rgb": ROWS["rgb"]}))
    assert (curve.name, [point.policy for point in curve.points]) == (
        "AdaMML, by threshold",
        ["adamml@0.80", "adamml@0.50", "adamml@0.20"],
    )


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (["even-1", "even-5"], 65.0),  # straight between 10 and 50 of 100
        (["even-5"], 70.0),  # level
        (["even-1", "adamml", "even-5"], (29 * 65.5 + 11 * 70.5) / 40),
        (["all", "even-1"], 60 + 16 * 20 / 91),  # only the part inside counts
    ],
)
def test_the_area_is_the_mean_over_budgets(policies: list[str], expected: float) -> None:
    points = points_of(ROWS)
    assert area([points[name] for name in policies], 100.0, 0.1, 0.5) == pytest.approx(expected)
