"""What the policy looks and listens with: a MobileNetV2 per modality on small inputs (Sec. 3.2).

small frames (B, 4, 3, 160, 160) -> (B, 1280); log spectrogram (B, 256, 256) -> (B, 1280).
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from adamml.nn.mobilenet_v2 import MobileNetV2
from adamml.nn.pooling import pool_frames

SMALL_SIZE = 160
GLIMPSE_DIM = 1280


def small_frames(frames_BTCHW: Tensor, chosen: Sequence[int] = (0, 2, 4, 6)) -> Tensor:
    """Some frames of (B, T, 3, H, W), bilinear to 160 x 160 without antialiasing, as published; float32."""
    few = frames_BTCHW[:, list(chosen)].float()
    b, t, c = few.shape[:3]
    small = F.interpolate(few.flatten(0, 1), size=(SMALL_SIZE, SMALL_SIZE), mode="bilinear", align_corners=False)
    return small.reshape(b, t, c, SMALL_SIZE, SMALL_SIZE)


class RGBGlimpse(nn.Module):
    """MobileNetV2 over a few small frames, with temporal max pooling before the 64- and the 160-channel stages."""

    # Block 7 is the first with 64 channels, block 14 the first with 160.
    POOL_BEFORE = (7, 14)

    def __init__(self) -> None:
        super().__init__()
        self.features = MobileNetV2().features

    def forward(self, frames_BTCHW: Tensor) -> Tensor:
        """(B, 4, 3, 160, 160) -> (B, 1280)."""
        b, t = frames_BTCHW.shape[:2]
        x = frames_BTCHW.flatten(0, 1)  # B * T, C, H, W
        for index, block in enumerate(self.features):
            if index in self.POOL_BEFORE:
                x, t = pool_frames(x, t)
            x = block(x)
        return x.mean((2, 3)).reshape(b, t, GLIMPSE_DIM).mean(1)


class AudioGlimpse(nn.Module):
    """MobileNetV2 over a one-channel spectrogram."""

    def __init__(self) -> None:
        super().__init__()
        self.features = MobileNetV2().features
        self.features.set_submodule("0.0", nn.Conv2d(1, 32, 3, stride=2, padding=1, bias=False))

    def forward(self, sound_BFT: Tensor) -> Tensor:
        """(B, 256, 256) -> (B, 1280)."""
        return self.features(sound_BFT[:, None]).mean((2, 3))
