"""Comparisons of compute read well at their edges: nearly nothing, everything, and many times more."""

import pytest

from adamml.results import wording


@pytest.mark.parametrize(
    ("saving", "said"),
    [
        (0.999, "over 99 % less than"),
        (0.53, "53 % less than"),
        (0.004, "the same as"),
        (-0.004, "the same as"),
        (-0.05, "5 % more than"),
        (-0.94, "94 % more than"),
        (-0.999, "twice as much as"),
        (-1.04, "twice as much as"),
        (-1.5, "2.5 times as much as"),
        (-8.96, "10 times as much as"),
        (-17.2, "18 times as much as"),
        (-1694, "about 1,700 times as much as"),
    ],
)
def test_compute_is_compared_as_people_say_it(saving: float, said: str) -> None:
    amount = wording.compared(saving)
    assert f"{amount} {wording.than(amount)}".replace("\u00a0", " ") == said
