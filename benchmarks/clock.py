"""Taking turns, and what a measurement says."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `goal` is the least it should be, or the most where `below` is set."""

    what: str
    value: float
    unit: str = ""
    goal: float | None = None
    below: bool = False

    @property
    def reached(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value <= self.goal if self.below else self.value >= self.goal

    def __str__(self) -> str:
        aim = ""
        if self.goal is not None:
            aim = f"   goal: {'at most' if self.below else 'at least'} {self.goal:g}"
            aim += ", reached" if self.reached else ", NOT REACHED"
        return f"{self.what:<72}{self.value:9.3f} {self.unit:<8}{aim}"


class Turns:
    """Seconds of several ways of doing a thing, in rounds in which each has its turn.

    Args:
        ways: name -> the work. Each is done once before anything is timed.
    """

    def __init__(self, ways: Mapping[str, Callable[[], object]], rounds: int) -> None:
        for work in ways.values():
            work()
        self.seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, work in ways.items():
                began = time.perf_counter()
                work()
                self.seconds[name].append(time.perf_counter() - began)

    def median(self, name: str) -> float:
        """Seconds."""
        return statistics.median(self.seconds[name])

    def ratio(self, slow: str, fast: str) -> float:
        """How many times as long `slow` takes: the median over rounds of the ratio within a round."""
        pairs = zip(self.seconds[slow], self.seconds[fast], strict=True)
        return statistics.median(one / other for one, other in pairs)
