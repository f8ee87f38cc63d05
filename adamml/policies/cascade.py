"""The audio-first cascade: every segment is heard; then, one segment after the other, whether to look as well.

What a look showed counts when the next one is decided. Of a segment that it does not look at, no frame is decoded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch
from torch import Tensor

from adamml.inference.feature_view import FeatureView
from adamml.nn.cascade import CascadeNetwork, CascadeState, known_so_far
from adamml.policies.base import Decision, probability_of_use, threshold_name


@dataclass(frozen=True, kw_only=True)
class CascadePolicy:
    """Listen first.

    Args:
        threshold: a segment is looked at from this probability on; None takes the arg max.
    """

    name: str = "cascade"
    description: str = "Audio first: listens everywhere, then looks only where the sound leaves doubt"
    threshold: float | None = None

    def begin(self, evidence: FeatureView) -> "_CascadeDecider":
        return _CascadeDecider(evidence, self.threshold)

    def at(self, threshold: float) -> "CascadePolicy":
        """The same policy with another threshold."""
        return CascadePolicy(
            name=threshold_name(self.name, threshold),
            description=f"{self.description}, from a probability of {threshold:g} on",
            threshold=threshold,
        )


class _CascadeDecider:
    def __init__(self, evidence: FeatureView, threshold: float | None) -> None:
        self.evidence, self.threshold = evidence, threshold
        self.net = cast(CascadeNetwork, evidence.decider("cascade"))
        self.state = self.net.initial_state(1)
        self.heard = _Sum(evidence.classes)  # logits of every segment listened to so far
        self.seen = _Sum(evidence.classes)  # and of every segment looked at

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        evidence = self.evidence
        has_sound = {s: evidence.available(s, "audio") for s in segments}
        for logits_K in evidence.logits([s for s in segments if has_sound[s]], "audio"):
            self.heard.add(logits_K)
        for s in segments:
            self.state = evidence.decide(partial(self._step, *self._heard(s, has_sound[s]), has_sound[s]))
            (probability,) = probability_of_use(self.state.logits)
            wanted = bool(self.state.logits[0].argmax()) if self.threshold is None else probability >= self.threshold
            has_picture = evidence.available(s, "rgb")
            look = wanted and has_picture
            if look:
                self.seen.add(evidence.modality_logits(s, "rgb"))
            yield Decision(
                segment=s,
                use={"rgb": look, "audio": has_sound[s]},
                probability={"rgb": probability if has_picture else None, "audio": None},
            )

    def _heard(self, segment: int, has_sound: bool) -> tuple[Tensor, Tensor]:
        """Features (D,) and logits (K,) of a segment's sound; zeros, which count for nothing, without."""
        if not has_sound:
            return torch.zeros(self.net.feature_dim), torch.zeros(self.evidence.classes)
        return self.evidence.features(segment, "audio"), self.evidence.modality_logits(segment, "audio")

    def _step(self, features_D: Tensor, logits_K: Tensor, has_sound: bool) -> CascadeState:
        """The state after a segment, from its sound and from all that was heard and seen so far."""
        heard, times_heard = self.heard.total()
        seen, times_seen = self.seen.total()
        known = known_so_far(heard, times_heard, seen, times_seen, self.evidence.rgb_weight)
        clip = heard / times_heard.clamp(min=1)
        present = torch.tensor([[float(has_sound)]])
        looked = times_seen / self.evidence.segments
        return self.net.step(features_D[None], logits_K[None], clip, present, known, looked, self.state)


class _Sum:
    """A running sum of logits, so that a segment late in a long clip costs no more than an early one."""

    def __init__(self, classes: int) -> None:
        self.sum_K, self.times = torch.zeros(classes, dtype=torch.float64), 0

    def add(self, logits_K: Tensor) -> None:
        self.sum_K += logits_K
        self.times += 1

    def total(self) -> tuple[Tensor, Tensor]:
        """The sum (1, K) and how many were added (1, 1)."""
        return self.sum_K.float()[None], torch.tensor([[float(self.times)]])
