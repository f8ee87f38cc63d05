"""The policy network: from a cheap glimpse of every modality to a decision per modality (Sec. 3.2, Eq. 1).

Per segment: a MobileNetV2 per modality on small inputs, features joined by two fully connected layers, an LSTM
cell that is also fed the logits it gave for the segment before, and one two-way head per modality.
small frames (B, 4, 3, 160, 160) and log spectrogram (B, 256, 256) -> logits (B, M, 2); index 1 means "use".
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from adamml.nn.modalities import PUBLISHED, Architecture


class PolicyState(NamedTuple):
    """What the LSTM carries from one segment to the next."""

    hidden: Tensor  # B, 256 as published
    cell: Tensor  # B, 256
    logits: Tensor  # B, M, 2: fed back into the next step


class PolicyNetwork(nn.Module):
    """Glimpse, join, remember, decide. One step per segment; the caller samples or takes the arg max.

    Args:
        kind: of the model. A modality without a glimpse of its own is known by its recognizer's features.
    """

    num_modalities = 2
    rgb: nn.Module
    audio: nn.Module

    def __init__(self, kind: Architecture = PUBLISHED) -> None:
        super().__init__()
        for spec in kind.modalities:
            if spec.glimpse is not None:
                self.add_module(spec.name, spec.glimpse())
        width = sum(spec.glimpse_dim for spec in kind.modalities)
        self.joint = nn.Sequential(
            nn.Linear(width, kind.joint), nn.ReLU(), nn.Linear(kind.joint, kind.joint), nn.ReLU()
        )
        self.joint_dim = kind.joint
        self.lstm = nn.LSTMCell(kind.joint + 2 * self.num_modalities, kind.hidden)
        self.heads = nn.ModuleList(nn.Linear(kind.hidden, 2) for _ in range(self.num_modalities))

    def initial_state(self, batch: int) -> PolicyState:
        """Zeros, logits included, as published."""
        like = self.lstm.weight_hh
        return PolicyState(
            like.new_zeros(batch, self.lstm.hidden_size),
            like.new_zeros(batch, self.lstm.hidden_size),
            like.new_zeros(batch, self.num_modalities, 2),
        )

    def join(self, rgb_BD: Tensor, audio_BD: Tensor) -> Tensor:
        """What is known of picture and sound, (B, 1280) each as published -> joint features (B, 2048)."""
        return self.joint(torch.cat((rgb_BD, audio_BD), dim=-1))

    def step(self, joint_BD: Tensor, state: PolicyState) -> PolicyState:
        """One segment: (B, 2048) and the state before -> the state after, whose `logits` are (B, M, 2)."""
        fed = torch.cat((joint_BD, state.logits.flatten(1)), dim=-1)
        hidden, cell = self.lstm(fed, (state.hidden, state.cell))
        logits = torch.stack([head(hidden) for head in self.heads], dim=1)
        return PolicyState(hidden, cell, logits)

    def observe(self, rgb_BD: Tensor, audio_BD: Tensor, state: PolicyState) -> PolicyState:
        """One segment from what is known of picture and sound: join, then step."""
        return self.step(self.join(rgb_BD, audio_BD), state)

    def from_features(self, rgb_BSD: Tensor, audio_BSD: Tensor) -> Tensor:
        """All segments from what is known of picture and sound, (B, S, D) each -> logits (B, S, M, 2)."""
        joint_BSD = self.join(rgb_BSD, audio_BSD)
        state, steps = self.initial_state(joint_BSD.shape[0]), []
        for s in range(joint_BSD.shape[1]):
            state = self.step(joint_BSD[:, s], state)
            steps.append(state.logits)
        return torch.stack(steps, dim=1)

    def forward(self, small_BSTCHW: Tensor, sound_BSFT: Tensor) -> Tensor:
        """(B, S, 4, 3, 160, 160) and (B, S, 256, 256) -> logits (B, S, M, 2), M in the order (rgb, audio).

        For models whose policy has glimpses of its own for both.
        """
        b, s = small_BSTCHW.shape[:2]
        rgb = self.rgb(small_BSTCHW.flatten(0, 1)).reshape(b, s, -1)
        audio = self.audio(sound_BSFT.flatten(0, 1)).reshape(b, s, -1)
        return self.from_features(rgb, audio)
