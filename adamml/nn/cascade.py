"""The audio-first cascade: listen everywhere, then decide segment by segment whether looking is needed at all.

Sound is 37 times as cheap as picture, so the audio recognizer runs first on every segment that has sound. An LSTM
reads what it felt (features), how certain it was of this segment and of the clip as a whole, and how certain everything
heard and seen so far makes the answer. Of a segment that it does not look at, not even a small frame is decoded.
audio features (B, S, 1280), logits of both modalities (B, S, K) -> logits (B, S, 2); index 1 means "look".
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from adamml.nn.macs import StepCost, layer_macs

HEARD_DIM = 64
CERTAINTY_DIM = 3
HIDDEN_DIM = 128


class CascadeState(NamedTuple):
    """What the LSTM carries from one segment to the next."""

    hidden: Tensor  # B, 128
    cell: Tensor  # B, 128
    logits: Tensor  # B, 2: fed back into the next step


def certainty(logits_K: Tensor) -> Tensor:
    """Three numbers on how sure logits (..., K) are: best probability, lead over the second, entropy of 1 at most."""
    probability = logits_K.softmax(-1)
    best = probability.topk(2, dim=-1).values
    entropy = -(probability * probability.clamp(min=1e-9).log()).sum(-1)
    scale = torch.log(torch.tensor(float(logits_K.shape[-1])))
    return torch.stack((best[..., 0], best[..., 0] - best[..., 1], entropy / scale), -1)


class CascadeNetwork(nn.Module):
    """Decides from sound alone whether the picture of a segment is worth a look.

    Args:
        feature_dim: D of the audio recognizer; 1280 as published.
    """

    def __init__(self, feature_dim: int = 1280) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.heard = nn.Sequential(nn.Linear(feature_dim, HEARD_DIM), nn.ReLU())
        # Certainty of the segment and of the clip by ear, whether there is sound; certainty of the answer so far, and
        # the share of segments looked at; the logits before.
        self.lstm = nn.LSTMCell(HEARD_DIM + 2 * CERTAINTY_DIM + 1 + CERTAINTY_DIM + 1 + 2, HIDDEN_DIM)
        self.head = nn.Linear(HIDDEN_DIM, 2)

    def initial_state(self, batch: int) -> CascadeState:
        """Zeros."""
        like = self.lstm.weight_hh
        return CascadeState(
            like.new_zeros(batch, HIDDEN_DIM), like.new_zeros(batch, HIDDEN_DIM), like.new_zeros(batch, 2)
        )

    def step_cost(self) -> StepCost:
        """By analogy with AdaMML, the published convention takes the LSTM alone, without the logits fed back."""
        lstm, heard = layer_macs(self.lstm), self.feature_dim * HEARD_DIM
        return StepCost(
            decide=heard + lstm + layer_macs(self.head),
            decide_published=lstm - 4 * HIDDEN_DIM * 2,
        )

    def step(
        self,
        features_BD: Tensor,
        logits_BK: Tensor,
        clip_BK: Tensor,
        present_B1: Tensor,
        known_BK: Tensor,
        looked_B1: Tensor,
        state: CascadeState,
    ) -> CascadeState:
        """One segment.

        Args:
            features_BD: the audio recognizer's features (B, 1280).
            logits_BK: what it says of this segment.
            clip_BK: its mean over all segments listened to so far, those still to be decided included.
            present_B1: 1 where the segment has sound; where 0, the three above count for nothing.
            known_BK: the answer that everything heard and seen so far gives, see `known_so_far`.
            looked_B1: share of the clip's segments that were looked at so far.
        """
        told = torch.cat((self.heard(features_BD), certainty(logits_BK), certainty(clip_BK)), -1) * present_B1
        fed = torch.cat((told, present_B1, certainty(known_BK), looked_B1, state.logits), -1)
        hidden, cell = self.lstm(fed, (state.hidden, state.cell))
        return CascadeState(hidden, cell, self.head(hidden))

    def forward(
        self,
        features_BSD: Tensor,
        audio_BSK: Tensor,
        rgb_BSK: Tensor,
        heard_BS1: Tensor,
        seen_B1: Tensor,
        rgb_weight: Tensor,
        decide: Callable[[Tensor], Tensor],
    ) -> tuple[Tensor, Tensor]:
        """All segments of clips that are heard whole before the first decision.

        Args:
            heard_BS1, seen_B1: 1 where the segment has sound, where the clip has a picture.
            rgb_weight: of the late fusion.
            decide: logits (B, 2) -> decisions (B,), 0 or 1; gradients flow through.

        Returns:
            logits (B, S, 2) and decisions to look (B, S), 0 where there is no picture.
        """
        count = features_BSD.shape[1]
        clip_BK = mean_heard(audio_BSK, heard_BS1)
        heard_BK, times_heard_B1 = (audio_BSK * heard_BS1).sum(1), heard_BS1.sum(1)
        seen_BK, times_seen_B1 = torch.zeros_like(heard_BK), torch.zeros_like(seen_B1)
        state, logits, looks = self.initial_state(features_BSD.shape[0]), [], []
        for s in range(count):
            known_BK = known_so_far(heard_BK, times_heard_B1, seen_BK, times_seen_B1, rgb_weight)
            state = self.step(
                features_BSD[:, s], audio_BSK[:, s], clip_BK, heard_BS1[:, s], known_BK, times_seen_B1 / count, state
            )
            look_B1 = decide(state.logits)[:, None] * seen_B1
            seen_BK, times_seen_B1 = seen_BK + look_B1 * rgb_BSK[:, s], times_seen_B1 + look_B1
            logits.append(state.logits)
            looks.append(look_B1[:, 0])
        return torch.stack(logits, 1), torch.stack(looks, 1)


def known_so_far(
    heard_BK: Tensor, times_heard_B1: Tensor, seen_BK: Tensor, times_seen_B1: Tensor, rgb_weight: Tensor
) -> Tensor:
    """(B, K): weighted mean of all logits so far, from their sums and numbers by ear and by eye; zeros without any."""
    weight = rgb_weight * times_seen_B1 + (1 - rgb_weight) * times_heard_B1
    return (rgb_weight * seen_BK + (1 - rgb_weight) * heard_BK) / weight.clamp(min=1e-6)


def mean_heard(logits_BSK: Tensor, present_BS1: Tensor) -> Tensor:
    """(B, K): mean of the logits over segments that have sound; zeros where none has."""
    return (logits_BSK * present_BS1).sum(1) / present_BS1.sum(1).clamp(min=1)
