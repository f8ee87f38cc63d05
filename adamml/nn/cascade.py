"""The audio-first cascade: listen everywhere, then decide per segment whether looking is needed at all.

Sound is 37 times as cheap as picture, so the audio recogniser runs first on every segment that has sound. An LSTM
reads what it felt (features), how certain it was of this segment, and how certain it is of the clip as a whole. It
never sees a picture: where it says no, not even a small frame has to be decoded.
audio features (B, S, 1280) and audio logits (B, S, K) -> logits (B, S, 2); index 1 means "look".
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

FEATURE_DIM = 1280
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
    """Decides from sound alone whether the picture of a segment is worth a look."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = nn.Sequential(nn.Linear(FEATURE_DIM, HEARD_DIM), nn.ReLU())
        # Certainty of the segment and of the clip, and whether there is sound at all.
        self.lstm = nn.LSTMCell(HEARD_DIM + 2 * CERTAINTY_DIM + 1 + 2, HIDDEN_DIM)
        self.head = nn.Linear(HIDDEN_DIM, 2)

    def initial_state(self, batch: int) -> CascadeState:
        """Zeros."""
        like = self.lstm.weight_hh
        return CascadeState(
            like.new_zeros(batch, HIDDEN_DIM), like.new_zeros(batch, HIDDEN_DIM), like.new_zeros(batch, 2)
        )

    def step(
        self, features_BD: Tensor, logits_BK: Tensor, clip_BK: Tensor, present_B1: Tensor, state: CascadeState
    ) -> CascadeState:
        """One segment.

        Args:
            features_BD: the audio recogniser's features (B, 1280).
            logits_BK: what it says of this segment.
            clip_BK: its mean over all segments listened to so far, those still to be decided included.
            present_B1: 1 where the segment has sound; where 0, the other inputs count for nothing.
        """
        told = torch.cat((self.heard(features_BD), certainty(logits_BK), certainty(clip_BK)), -1) * present_B1
        hidden, cell = self.lstm(torch.cat((told, present_B1, state.logits), -1), (state.hidden, state.cell))
        return CascadeState(hidden, cell, self.head(hidden))

    def forward(self, features_BSD: Tensor, logits_BSK: Tensor, present_BS1: Tensor) -> Tensor:
        """All segments of clips that are heard whole before the first decision -> logits (B, S, 2)."""
        clip_BK = mean_heard(logits_BSK, present_BS1)
        state, steps = self.initial_state(features_BSD.shape[0]), []
        for s in range(features_BSD.shape[1]):
            state = self.step(features_BSD[:, s], logits_BSK[:, s], clip_BK, present_BS1[:, s], state)
            steps.append(state.logits)
        return torch.stack(steps, 1)


def mean_heard(logits_BSK: Tensor, present_BS1: Tensor) -> Tensor:
    """(B, K): mean of the logits over segments that have sound; zeros where none has."""
    return (logits_BSK * present_BS1).sum(1) / present_BS1.sum(1).clamp(min=1)
