"""The policy network: from a cheap glimpse of every modality to a decision per modality (Sec. 3.2, Eq. 1).

Per segment: a MobileNetV2 per modality on small inputs, features joined by two fully connected layers, an LSTM
cell that is also fed the logits it gave for the segment before, and one two-way head per modality.
small frames (B, 4, 3, 160, 160) and log spectrogram (B, 256, 256) -> logits (B, M, 2); index 1 means "use".
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import mobilenet_v2

from adamml.nn.pooling import pool_frames

SMALL_SIZE = 160
SMALL_FRAMES = (0, 2, 4, 6)
FEATURE_DIM = 1280
JOINT_DIM = 2048
HIDDEN_DIM = 256


def small_frames(frames_BTCHW: Tensor) -> Tensor:
    """Frames 0, 2, 4, 6 of (B, 8, 3, 224, 224), bilinear to 160 x 160 without antialiasing, as published; float32."""
    few = frames_BTCHW[:, list(SMALL_FRAMES)].float()
    b, t, c = few.shape[:3]
    small = F.interpolate(few.flatten(0, 1), size=(SMALL_SIZE, SMALL_SIZE), mode="bilinear", align_corners=False)
    return small.reshape(b, t, c, SMALL_SIZE, SMALL_SIZE)


class RGBGlimpse(nn.Module):
    """MobileNetV2 over a few small frames, with temporal max pooling before the 64- and the 160-channel stages."""

    # torchvision's block numbers: block 7 is the first with 64 channels, block 14 the first with 160.
    POOL_BEFORE = (7, 14)

    def __init__(self) -> None:
        super().__init__()
        self.features = mobilenet_v2(weights=None).features

    def forward(self, frames_BTCHW: Tensor) -> Tensor:
        """(B, 4, 3, 160, 160) -> (B, 1280)."""
        b, t = frames_BTCHW.shape[:2]
        x = frames_BTCHW.flatten(0, 1)  # B * T, C, H, W
        for index, block in enumerate(self.features):
            if index in self.POOL_BEFORE:
                x, t = pool_frames(x, t)
            x = block(x)
        return x.mean((2, 3)).reshape(b, t, FEATURE_DIM).mean(1)


class AudioGlimpse(nn.Module):
    """MobileNetV2 over a one-channel spectrogram."""

    def __init__(self) -> None:
        super().__init__()
        self.features = mobilenet_v2(weights=None).features
        self.features[0][0] = nn.Conv2d(1, 32, 3, stride=2, padding=1, bias=False)

    def forward(self, sound_BFT: Tensor) -> Tensor:
        """(B, 256, 256) -> (B, 1280)."""
        return self.features(sound_BFT[:, None]).mean((2, 3))


class PolicyState(NamedTuple):
    """What the LSTM carries from one segment to the next."""

    hidden: Tensor  # B, 256
    cell: Tensor  # B, 256
    logits: Tensor  # B, M, 2: fed back into the next step


class PolicyNetwork(nn.Module):
    """Glimpse, join, remember, decide. One step per segment; the caller samples or takes the arg max."""

    num_modalities = 2

    def __init__(self) -> None:
        super().__init__()
        self.rgb = RGBGlimpse()
        self.audio = AudioGlimpse()
        self.joint = nn.Sequential(
            nn.Linear(2 * FEATURE_DIM, JOINT_DIM), nn.ReLU(), nn.Linear(JOINT_DIM, JOINT_DIM), nn.ReLU()
        )
        self.lstm = nn.LSTMCell(JOINT_DIM + 2 * self.num_modalities, HIDDEN_DIM)
        self.heads = nn.ModuleList(nn.Linear(HIDDEN_DIM, 2) for _ in range(self.num_modalities))

    def initial_state(self, batch: int) -> PolicyState:
        """Zeros, logits included, as published."""
        like = self.lstm.weight_hh
        return PolicyState(
            like.new_zeros(batch, HIDDEN_DIM),
            like.new_zeros(batch, HIDDEN_DIM),
            like.new_zeros(batch, self.num_modalities, 2),
        )

    def join(self, rgb_BD: Tensor, audio_BD: Tensor) -> Tensor:
        """Glimpse features (B, 1280) twice -> joint features (B, 2048)."""
        return self.joint(torch.cat((rgb_BD, audio_BD), dim=-1))

    def step(self, joint_BD: Tensor, state: PolicyState) -> PolicyState:
        """One segment: (B, 2048) and the state before -> the state after, whose `logits` are (B, M, 2)."""
        fed = torch.cat((joint_BD, state.logits.flatten(1)), dim=-1)
        hidden, cell = self.lstm(fed, (state.hidden, state.cell))
        logits = torch.stack([head(hidden) for head in self.heads], dim=1)
        return PolicyState(hidden, cell, logits)

    def observe(self, rgb_BD: Tensor, audio_BD: Tensor, state: PolicyState) -> PolicyState:
        """One segment from its glimpses (B, 1280) twice: join, then step."""
        return self.step(self.join(rgb_BD, audio_BD), state)

    def from_features(self, rgb_BSD: Tensor, audio_BSD: Tensor) -> Tensor:
        """All segments from glimpse features (B, S, 1280) twice -> logits (B, S, M, 2)."""
        joint_BSD = self.join(rgb_BSD, audio_BSD)
        state, steps = self.initial_state(joint_BSD.shape[0]), []
        for s in range(joint_BSD.shape[1]):
            state = self.step(joint_BSD[:, s], state)
            steps.append(state.logits)
        return torch.stack(steps, dim=1)

    def forward(self, small_BSTCHW: Tensor, sound_BSFT: Tensor) -> Tensor:
        """(B, S, 4, 3, 160, 160) and (B, S, 256, 256) -> logits (B, S, M, 2), M in the order (rgb, audio)."""
        b, s = small_BSTCHW.shape[:2]
        rgb = self.rgb(small_BSTCHW.flatten(0, 1)).reshape(b, s, -1)
        audio = self.audio(sound_BSFT.flatten(0, 1)).reshape(b, s, -1)
        return self.from_features(rgb, audio)
