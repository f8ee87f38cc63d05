"""The audio-first cascade: every segment is heard, and from what was heard follows where to look.

Of a segment that it does not look at, no frame is decoded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch
from torch import Tensor

from adamml.evidence import Evidence
from adamml.nn.cascade import FEATURE_DIM, CascadeNetwork
from adamml.policies.base import Decision


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
            name=f"{self.name}@{threshold:.2f}",
            description=f"{self.description}, from a probability of {threshold:.2f} on",
            threshold=threshold,
        )


class _CascadeDecider:
    def __init__(self, evidence: Evidence, threshold: float | None) -> None:
        self.evidence, self.threshold = evidence, threshold
        self.net = cast(CascadeNetwork, evidence.decider("cascade"))
        self.state = self.net.initial_state(1)
        self.heard: list[Tensor] = []  # logits (K,) of every segment listened to so far

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        evidence = self.evidence
        has_sound = {s: evidence.available(s, "audio") for s in segments}
        self.heard += [evidence.modality_logits(s, "audio") for s in segments if has_sound[s]]
        for s in segments:
            if has_sound[s]:
                features, logits = evidence.features(s, "audio"), evidence.modality_logits(s, "audio")
                clip = torch.stack(self.heard).mean(0)
            else:  # counts for nothing, see CascadeNetwork.step
                features, logits, clip = torch.zeros(FEATURE_DIM), torch.zeros(2), torch.zeros(2)
            present = torch.tensor([[float(has_sound[s])]])
            step = partial(self.net.step, features[None], logits[None], clip[None], present, self.state)
            self.state = evidence.decide(step)
            probability = float(self.state.logits[0].softmax(-1)[1])
            look = bool(self.state.logits[0].argmax()) if self.threshold is None else probability >= self.threshold
            has_picture = evidence.available(s, "rgb")
            yield Decision(
                segment=s,
                use={"rgb": look and has_picture, "audio": has_sound[s]},
                probability={"rgb": probability if has_picture else None, "audio": None},
            )
