"""Policies that look at nothing before they decide: the baselines."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adamml.inference.feature_view import FeatureView
from adamml.nn import MODALITIES
from adamml.policies.base import Decision


@dataclass(frozen=True, kw_only=True)
class FixedPolicy:
    """The same modalities in every segment that has them."""

    name: str
    description: str
    modalities: tuple[str, ...]

    def begin(self, evidence: FeatureView) -> "_FixedDecider":
        return _FixedDecider(self.modalities, evidence)


class _FixedDecider:
    def __init__(self, modalities: tuple[str, ...], evidence: FeatureView) -> None:
        self.modalities, self.evidence = modalities, evidence

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        for s in segments:
            use = {m: m in self.modalities and self.evidence.available(s, m) for m in MODALITIES}
            yield Decision(segment=s, use=use, probability=dict.fromkeys(MODALITIES))


@dataclass(frozen=True, kw_only=True)
class EvenPolicy:
    """Looks at k segments, evenly spread over the clip, and listens wherever there is sound: the plain rival.

    Args:
        looks: k, at least 1; every segment of a clip that has no more.
    """

    looks: int

    def __post_init__(self) -> None:
        if self.looks < 1:
            raise ValueError(f"there must be at least one look, got {self.looks}")

    @property
    def name(self) -> str:
        return f"even-{self.looks}"

    @property
    def description(self) -> str:
        return f"Even: looks at {self.looks} segments, evenly spread, and listens everywhere"

    def begin(self, evidence: FeatureView) -> "_EvenDecider":
        return _EvenDecider(frozenset(evenly(self.looks, evidence.segments)), evidence)


def evenly(looks: int, segments: int) -> tuple[int, ...]:
    """Which segments: the middles of as many equal shares of the clip."""
    looks = min(looks, segments)
    return tuple(int((k + 0.5) * segments / looks) for k in range(looks))


class _EvenDecider:
    def __init__(self, looked_at: frozenset[int], evidence: FeatureView) -> None:
        self.looked_at, self.evidence = looked_at, evidence

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        for s in segments:
            wanted = {"rgb": s in self.looked_at, "audio": True}
            use = {m: wanted[m] and self.evidence.available(s, m) for m in MODALITIES}
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

    def begin(self, evidence: FeatureView) -> "_RandomDecider":
        return _RandomDecider(self, evidence)


class _RandomDecider:
    def __init__(self, policy: RandomPolicy, evidence: FeatureView) -> None:
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
