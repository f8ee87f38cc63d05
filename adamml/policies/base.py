"""What a policy is: something that decides, segment by segment, which modalities are run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from torch import Tensor

from adamml.inference.feature_view import FeatureView
from adamml.nn.confidence import softmax


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is run for one segment, and how probable the policy held each choice (None: it has no opinion)."""

    segment: int
    use: Mapping[str, bool]
    probability: Mapping[str, float | None]


def with_cell(decision: Decision, modality: str) -> Decision:
    """The same decision with one more modality run."""
    return replace(decision, use=dict(decision.use) | {modality: True})


class Decider(Protocol):
    """One policy at work on one clip. It may carry state from one stretch of segments to the next."""

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        """A decision for each of the next segments, in any order. Each stretch follows the one before."""
        ...


def probability_of_use(logits: Tensor) -> list[float]:
    """Logits (M, 2), index 1 for use -> M probabilities."""
    return softmax(logits.double().numpy())[:, 1].tolist()


def threshold_name(policy: str, threshold: float) -> str:
    """A policy's name with a threshold, as in `adamml@0.30`: two digits, and more where the threshold has more."""
    short = f"{threshold:.2f}"
    return f"{policy}@{short if float(short) == threshold else repr(float(threshold))}"


@runtime_checkable
class Classifier(Protocol):
    """A decider that also answers: the session asks it instead of fusing the recognizers' logits."""

    def predict(self) -> tuple[Tensor, Tensor]:
        """Logits (S, K) of the segments and (K,) of the clip, once every segment is decided."""
        ...


@runtime_checkable
class Adjustable(Protocol):
    """A policy that takes a number: `at` gives the same one with another threshold."""

    def at(self, threshold: float) -> "Policy": ...


def most_probable(decisions: Sequence[Decision]) -> tuple[int, str] | None:
    """The last resort where nothing was chosen anywhere: segment and modality of the most probable cell that is there.

    Of several the earliest one; None when the policy has no opinion on any.
    """
    cells = [
        (probability, -decision.segment, modality)
        for decision in decisions
        for modality, probability in decision.probability.items()
        if probability is not None
    ]
    if not cells:
        return None
    _, segment, modality = max(cells)
    return -segment, modality


class Policy(Protocol):
    """A way of deciding. `begin` gives a fresh decider for a clip."""

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str: ...

    def begin(self, evidence: FeatureView) -> Decider: ...
