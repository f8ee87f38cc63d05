"""Policies that look at nothing before they decide: the baselines."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adamml.evidence import Evidence
from adamml.nn import MODALITIES
from adamml.policies.base import Decision


@dataclass(frozen=True, kw_only=True)
class FixedPolicy:
    """The same modalities in every segment that has them."""

    name: str
    description: str
    modalities: tuple[str, ...]

    def begin(self, evidence: Evidence) -> "_FixedDecider":
        return _FixedDecider(self.modalities, evidence)


class _FixedDecider:
    def __init__(self, modalities: tuple[str, ...], evidence: Evidence) -> None:
        self.modalities, self.evidence = modalities, evidence

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        for s in segments:
            use = {m: m in self.modalities and self.evidence.available(s, m) for m in MODALITIES}
            yield Decision(segment=s, use=use, probability=dict.fromkeys(MODALITIES))


@dataclass(frozen=True, kw_only=True)
class RandomPolicy:
    """Every cell by the toss of a seeded coin.

    Args:
        rate: probability of use per modality, 0 to 1.
        seed: the same seed gives the same choices.
    """

    rate: tuple[float, float] = (0.5, 0.5)
    seed: int = 0
    name: str = "random"
    description: str = "Random: half of all cells, by the toss of a seeded coin"

    def __post_init__(self) -> None:
        if not all(0 <= rate <= 1 for rate in self.rate):
            raise ValueError(f"rates must lie between 0 and 1, got {self.rate}")

    def begin(self, evidence: Evidence) -> "_RandomDecider":
        return _RandomDecider(self, evidence)


class _RandomDecider:
    def __init__(self, policy: RandomPolicy, evidence: Evidence) -> None:
        self.rate, self.evidence = policy.rate, evidence
        self.coin = random.Random(policy.seed)

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        for s in segments:
            tossed = [self.coin.random() < rate for rate in self.rate]
            use = {m: tossed[i] and self.evidence.available(s, m) for i, m in enumerate(MODALITIES)}
            yield Decision(
                segment=s,
                use=use,
                probability={
                    m: self.rate[i] if self.evidence.available(s, m) else None for i, m in enumerate(MODALITIES)
                },
            )
