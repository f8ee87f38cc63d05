"""LiteEval (Wu et al., NeurIPS 2019): a coarse look always, a fine one where a gate asks for it.

A coarse LSTM reads cheap features of every segment. A gate, from those features and the fine LSTM's state, decides
whether the fine features are computed. If so the fine LSTM takes them; if not, the coarse state is copied over the
first part of the fine one, so that it is never out of date. The fine state names the class. Coarse features are the
policy's glimpses (2 x 1280), fine ones those of both recognizers (2048 + 1280).
coarse (B, S, 2560) and fine (B, S, 3328) -> gate logits (B, S, 2) and class logits (B, S, K) after each segment.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from adamml.nn.macs import StepCost, layer_macs

COARSE_DIM, FINE_DIM = 2 * 1280, 2048 + 1280  # of the published recognizers
COARSE_HIDDEN, FINE_HIDDEN = 128, 512


class LiteEvalState(NamedTuple):
    """Both LSTMs' states."""

    coarse_hidden: Tensor  # B, 128
    coarse_cell: Tensor  # B, 128
    fine_hidden: Tensor  # B, 512
    fine_cell: Tensor  # B, 512


class LiteEvalNetwork(nn.Module):
    """Coarse LSTM, gate, fine LSTM and classifier.

    Args:
        num_classes: K; 0 for a gate that only decides, while the recognizers answer.
        coarse_dim, fine_dim: of the glimpses and of the recognizers' features, both modalities together.
    """

    def __init__(self, num_classes: int, coarse_dim: int = COARSE_DIM, fine_dim: int = FINE_DIM) -> None:
        super().__init__()
        self.coarse = nn.LSTMCell(coarse_dim, COARSE_HIDDEN)
        self.gate = nn.Linear(coarse_dim + 2 * FINE_HIDDEN, 2)
        self.fine = nn.LSTMCell(fine_dim, FINE_HIDDEN)
        self.names_classes = num_classes > 0
        self.classifier = nn.Linear(FINE_HIDDEN, num_classes) if self.names_classes else nn.Identity()

    def initial_state(self, batch: int) -> LiteEvalState:
        """Zeros."""
        like = self.gate.weight
        coarse, fine = like.new_zeros(batch, COARSE_HIDDEN), like.new_zeros(batch, FINE_HIDDEN)
        return LiteEvalState(coarse, coarse, fine, fine)

    def step_cost(self) -> StepCost:
        """The gate and the coarse LSTM decide, the fine one judges; the published convention takes the LSTMs alone."""
        coarse, fine = layer_macs(self.coarse), layer_macs(self.fine)
        named = layer_macs(self.classifier) if isinstance(self.classifier, nn.Linear) else 0
        return StepCost(
            decide=coarse + layer_macs(self.gate) + named, decide_published=coarse, judge=fine, judge_published=fine
        )

    def glance(self, coarse_BD: Tensor, state: LiteEvalState) -> tuple[LiteEvalState, Tensor]:
        """Coarse features (B, 2560) -> the state with the coarse LSTM moved on, and the gate's logits (B, 2)."""
        gate_B2 = self.gate(torch.cat((coarse_BD, state.fine_hidden, state.fine_cell), -1))
        hidden, cell = self.coarse(coarse_BD, (state.coarse_hidden, state.coarse_cell))
        return state._replace(coarse_hidden=hidden, coarse_cell=cell), gate_B2

    def look(self, fine_BD: Tensor, state: LiteEvalState) -> LiteEvalState:
        """The gate said yes: fine features (B, 3328) move the fine LSTM on."""
        hidden, cell = self.fine(fine_BD, (state.fine_hidden, state.fine_cell))
        return state._replace(fine_hidden=hidden, fine_cell=cell)

    def synchronize(self, state: LiteEvalState) -> LiteEvalState:
        """The gate said no: the coarse state is written over the first part of the fine one."""
        hidden = torch.cat((state.coarse_hidden, state.fine_hidden[:, COARSE_HIDDEN:]), -1)
        cell = torch.cat((state.coarse_cell, state.fine_cell[:, COARSE_HIDDEN:]), -1)
        return state._replace(fine_hidden=hidden, fine_cell=cell)

    def forward(
        self, coarse_BSD: Tensor, fine_BSD: Tensor, decide: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """All segments, both branches computed and mixed by the decision, as training needs it.

        Args:
            decide: gate logits (B, 2) -> decisions (B,), 0 or 1; gradients flow through.

        Returns:
            gate logits (B, S, 2), decisions (B, S), class logits (B, S, K).
        """
        state = self.initial_state(coarse_BSD.shape[0])
        gates, decisions, classes = [], [], []
        for s in range(coarse_BSD.shape[1]):
            state, gate_B2 = self.glance(coarse_BSD[:, s], state)
            use_B1 = decide(gate_B2)[:, None]
            looked, kept = self.look(fine_BSD[:, s], state), self.synchronize(state)
            state = state._replace(
                fine_hidden=use_B1 * looked.fine_hidden + (1 - use_B1) * kept.fine_hidden,
                fine_cell=use_B1 * looked.fine_cell + (1 - use_B1) * kept.fine_cell,
            )
            gates.append(gate_B2)
            decisions.append(use_B1[:, 0])
            classes.append(self.classifier(state.fine_hidden))
        return torch.stack(gates, 1), torch.stack(decisions, 1), torch.stack(classes, 1)
