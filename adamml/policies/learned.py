"""The learned policy: glimpse, remember, take the arg max (Panda et al., Sec. 3.2). No noise at inference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from torch import Tensor

from adamml.inference.feature_view import FeatureView
from adamml.nn import MODALITIES, PolicyNetwork
from adamml.policies.base import Decision, probability_of_use, threshold_name


@dataclass(frozen=True, kw_only=True)
class LearnedPolicy:
    """AdaMML's own policy, and others of its kind.

    Args:
        network: name of the trained network that decides.
        threshold: a cell is used from this probability on; None takes the arg max. A lower one spends more, a higher
            one less, without any training.
    """

    name: str = "adamml"
    description: str = "AdaMML: a small network glances at picture and sound and picks what is worth running"
    network: str = "adamml"
    threshold: float | None = None

    def begin(self, evidence: FeatureView) -> "_LearnedDecider":
        return _LearnedDecider(evidence, self)

    def at(self, threshold: float) -> "LearnedPolicy":
        """The same policy with another threshold."""
        return LearnedPolicy(
            name=threshold_name(self.name, threshold),
            description=f"{self.description}, from a probability of {threshold:g} on",
            network=self.network,
            threshold=threshold,
        )


class Rater:
    """A policy network at work on one clip. Its LSTM goes on from one stretch of segments to the next.

    Args:
        network: name of the trained network.
    """

    def __init__(self, evidence: FeatureView, network: str) -> None:
        self.evidence = evidence
        self.net = cast(PolicyNetwork, evidence.decider(network))
        self.state = self.net.initial_state(1)

    def rate(self, segments: Sequence[int]) -> Iterator[tuple[int, Tensor]]:
        """Segment and logits (M, 2), index 1 for use, of one segment after the other."""
        for segment, (rgb, audio) in zip(segments, self.evidence.glimpses(segments), strict=True):
            self.state = self.evidence.decide(partial(self.net.observe, rgb[None], audio[None], self.state))
            yield segment, self.state.logits[0]


class _LearnedDecider:
    def __init__(self, evidence: FeatureView, policy: LearnedPolicy) -> None:
        self.evidence, self.threshold = evidence, policy.threshold
        self.rater = Rater(evidence, policy.network)

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        for segment, logits in self.rater.rate(segments):
            probability = probability_of_use(logits)
            if self.threshold is None:
                chosen = logits.argmax(-1).tolist()
            else:
                chosen = [p >= self.threshold for p in probability]
            available = [self.evidence.available(segment, modality) for modality in MODALITIES]
            yield Decision(
                segment=segment,
                use={m: bool(chosen[i]) and available[i] for i, m in enumerate(MODALITIES)},
                probability={m: probability[i] if available[i] else None for i, m in enumerate(MODALITIES)},
            )
