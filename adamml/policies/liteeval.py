"""LiteEval (Wu et al., NeurIPS 2019): a coarse look always, both recognizers where a gate asks for them.

It names the class itself, from the fine LSTM's state after the last segment. What the recognizers say of a segment
is shown beside it but has no part in the answer. A model whose LiteEval brings no classifier (it would have to be
taught every class from clips) takes the gate alone: it decides, and the recognizers answer.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor

from adamml.inference.feature_view import FeatureView
from adamml.nn import MODALITIES
from adamml.nn.liteeval import LiteEvalNetwork
from adamml.policies.base import Decision, probability_of_use


class LiteEvalPolicy:
    """LiteEval behind the same interface as the policies."""

    name = "liteeval"
    description = "LiteEval: a coarse memory of everything, refined where a gate asks for both recognizers"

    def begin(self, evidence: FeatureView) -> "_GateDecider":
        net = cast(LiteEvalNetwork, evidence.decider("liteeval"))
        return (_LiteEvalDecider if net.names_classes else _GateDecider)(evidence, net)


class _GateDecider:
    """Coarse LSTM, gate and fine LSTM; what the fine one says of classes is not asked."""

    def __init__(self, evidence: FeatureView, net: LiteEvalNetwork) -> None:
        self.evidence, self.net = evidence, net
        self.state = self.net.initial_state(1)

    def decide(self, segments: Sequence[int]) -> Iterator[Decision]:
        for s, glimpses in zip(segments, self.evidence.glimpses(segments), strict=True):
            coarse = torch.cat(glimpses)[None]
            state, gate = self.evidence.decide(partial(self.net.glance, coarse, self.state))
            available = {m: self.evidence.available(s, m) for m in MODALITIES}
            look = bool(gate[0].argmax()) and any(available.values())
            (probability,) = probability_of_use(gate)
            if look:
                none = {m: torch.zeros(self.evidence.feature_dim(m)) for m in MODALITIES}
                fine = torch.cat([self.evidence.features(s, m) if available[m] else none[m] for m in MODALITIES])[None]
                meter = self.evidence.judge if self.net.names_classes else self.evidence.decide
                state = meter(partial(self.net.look, fine, state))
            else:
                state = self.net.synchronize(state)
            self.state = state
            self.after_segment()
            yield Decision(
                segment=s,
                use={m: look and available[m] for m in MODALITIES},
                probability={m: probability if available[m] else None for m in MODALITIES},
            )

    def after_segment(self) -> None:
        """What else is done with the state."""


class _LiteEvalDecider(_GateDecider):
    """The same, answering by its own classifier."""

    def __init__(self, evidence: FeatureView, net: LiteEvalNetwork) -> None:
        super().__init__(evidence, net)
        self.classes: list[Tensor] = []  # class logits (K,) after each segment

    def after_segment(self) -> None:
        with torch.inference_mode():
            self.classes.append(self.net.classifier(self.state.fine_hidden)[0])

    def predict(self) -> tuple[Tensor, Tensor]:
        """Class logits after each segment (S, K), and of the clip (K,): those after the last one."""
        return torch.stack(self.classes), self.classes[-1]
