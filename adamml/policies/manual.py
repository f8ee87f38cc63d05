"""Decisions given by hand: an explicit grid of cells, alone or in place of another policy's choices.

With a `base`, that policy decides first, as always, and is charged for what its deciding takes; its probabilities stay
on record, and the grid then has the last word. So "what if" and a moved threshold cost what they would really cost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adamml.inference.feature_view import FeatureView
from adamml.nn import MODALITIES
from adamml.policies.base import Decider, Decision, Policy

Grid = Sequence[Mapping[str, bool]]


@dataclass(frozen=True, kw_only=True)
class ManualPolicy:
    """One decision per cell, as told. A modality that the clip lacks is never run.

    Args:
        grid: per segment, modality -> whether to run it.
        base: a policy that decides first and is overruled; None decides nothing and costs nothing.
    """

    grid: Grid
    base: Policy | None = None
    name: str = "by-hand"
    description: str = "By hand: every cell as it was switched"

    def __post_init__(self) -> None:
        for index, row in enumerate(self.grid):
            if set(row) != set(MODALITIES):
                raise ValueError(f"row {index} of the grid must name {' and '.join(MODALITIES)}, got {sorted(row)}")

    def begin(self, evidence: FeatureView) -> "_ByHandDecider":
        return _ByHandDecider(self.grid, evidence, None if self.base is None else self.base.begin(evidence))


class _ByHandDecider:
    def __init__(self, grid: Grid, evidence: FeatureView, base: Decider | None) -> None:
        self.grid, self.evidence, self.base = grid, evidence, base

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        if segments and segments[-1] >= len(self.grid):
            raise ValueError(f"the grid has {len(self.grid)} rows; the clip has at least {segments[-1] + 1} segments")
        if self.base is None:
            for segment in segments:
                yield self._overruled(segment, dict.fromkeys(MODALITIES))
            return
        for decision in self.base.decide(segments):
            yield self._overruled(decision.segment, decision.probability)

    def _overruled(self, segment: int, probability: Mapping[str, float | None]) -> Decision:
        told = self.grid[segment]
        use = {m: told[m] and self.evidence.available(segment, m) for m in MODALITIES}
        return Decision(segment=segment, use=use, probability=probability)
