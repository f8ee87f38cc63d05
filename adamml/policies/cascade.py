"""The audio-first cascade: every segment is heard; then, one segment after the other, whether to look as well.

What a look showed counts when the next one is decided. Of a segment that it does not look at, no frame is decoded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch
from torch import Tensor

from adamml.evidence import Evidence
from adamml.nn.cascade import FEATURE_DIM, CascadeNetwork, known_so_far
from adamml.policies.base import Decision, budget_name


@dataclass(frozen=True, kw_only=True)
class CascadePolicy:
    """Listen first.

    Args:
        threshold: a segment is looked at from this probability on; None takes the arg max.
    """

    name: str = "cascade"
    description: str = "Audio first: listens everywhere, then looks only where the sound leaves doubt"
    threshold: float | None = None

    def begin(self, evidence: Evidence) -> "_CascadeDecider":
        return _CascadeDecider(evidence, self.threshold)

    def at(self, threshold: float) -> "CascadePolicy":
        """The same policy on another budget."""
        return CascadePolicy(
            name=budget_name(self.name, threshold),
            description=f"{self.description}, from a probability of {threshold:g} on",
            threshold=threshold,
        )


class _CascadeDecider:
    def __init__(self, evidence: Evidence, threshold: float | None) -> None:
        self.evidence, self.threshold = evidence, threshold
        self.net = cast(CascadeNetwork, evidence.decider("cascade"))
        self.state = self.net.initial_state(1)
        self.heard: list[Tensor] = []  # logits (K,) of every segment listened to so far
        self.seen: list[Tensor] = []  # and of every segment looked at

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        evidence = self.evidence
        has_sound = {s: evidence.available(s, "audio") for s in segments}
        self.heard += [evidence.modality_logits(s, "audio") for s in segments if has_sound[s]]
        for s in segments:
            self.state = evidence.decide(partial(self.net.step, *self._told(s, has_sound[s]), self.state))
            probability = float(self.state.logits[0].softmax(-1)[1])
            wanted = bool(self.state.logits[0].argmax()) if self.threshold is None else probability >= self.threshold
            has_picture = evidence.available(s, "rgb")
            look = wanted and has_picture
            if look:
                self.seen.append(evidence.modality_logits(s, "rgb"))
            yield Decision(
                segment=s,
                use={"rgb": look, "audio": has_sound[s]},
                probability={"rgb": probability if has_picture else None, "audio": None},
            )

    def _told(self, segment: int, has_sound: bool) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The inputs of `CascadeNetwork.step`, with a batch axis, but for the state."""
        evidence, nothing = self.evidence, torch.zeros(self.evidence.classes)
        features, logits = torch.zeros(FEATURE_DIM), nothing  # count for nothing without sound
        if has_sound:
            features, logits = evidence.features(segment, "audio"), evidence.modality_logits(segment, "audio")
        heard = torch.stack(self.heard) if self.heard else nothing[None][:0]  # N, K
        seen = torch.stack(self.seen) if self.seen else nothing[None][:0]
        times_heard, times_seen = (torch.tensor([[float(len(logits_NK))]]) for logits_NK in (heard, seen))
        weight = evidence.rgb_weight
        known = known_so_far(heard.sum(0)[None], times_heard, seen.sum(0)[None], times_seen, weight)
        clip = heard.sum(0)[None] / times_heard.clamp(min=1)
        present = torch.tensor([[float(has_sound)]])
        return features[None], logits[None], clip, present, known, times_seen / evidence.segments
