"""LiteEval (Wu et al., NeurIPS 2019): a coarse look always, both recognisers where a gate asks for them.

It names the class itself, from the fine LSTM's state after the last segment. What the recognisers say of a segment
is shown beside it but has no part in the answer.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor

from adamml.evidence import Evidence
from adamml.nn import MODALITIES, AudioRecognizer, RGBRecognizer
from adamml.nn.liteeval import LiteEvalNetwork
from adamml.policies.base import Decision, probability_of_use

WIDTHS = {"rgb": RGBRecognizer.feature_dim, "audio": AudioRecognizer.feature_dim}


class LiteEvalPolicy:
    """LiteEval behind the same interface as the policies."""

    name = "liteeval"
    description = "LiteEval: a coarse memory of everything, refined where a gate asks for both recognisers"

    def begin(self, evidence: Evidence) -> "_LiteEvalDecider":
        return _LiteEvalDecider(evidence)


class _LiteEvalDecider:
    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.net = cast(LiteEvalNetwork, evidence.decider("liteeval"))
        self.state = self.net.initial_state(1)
        self.classes: list[Tensor] = []  # class logits (K,) after each segment

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        for s, glimpses in zip(segments, self.evidence.glimpses(segments), strict=True):
            coarse = torch.cat(glimpses)[None]
            state, gate = self.evidence.decide(partial(self.net.glance, coarse, self.state))
            available = {m: self.evidence.available(s, m) for m in MODALITIES}
            look = bool(gate[0].argmax()) and any(available.values())
            (probability,) = probability_of_use(gate)
            if look:
                fine = torch.cat(
                    [self.evidence.features(s, m) if available[m] else torch.zeros(WIDTHS[m]) for m in MODALITIES]
                )[None]
                state = self.evidence.judge(partial(self.net.look, fine, state))
            else:
                state = self.net.synchronise(state)
            self.state = state
            with torch.inference_mode():
                self.classes.append(self.net.classifier(state.fine_hidden)[0])
            yield Decision(
                segment=s,
                use={m: look and available[m] for m in MODALITIES},
                probability={m: probability if available[m] else None for m in MODALITIES},
            )

    def verdict(self) -> tuple[Tensor, Tensor]:
        """Class logits after each segment (S, K), and of the clip (K,): those after the last one."""
        return torch.stack(self.classes), self.classes[-1]
