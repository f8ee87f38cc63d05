"""The four networks that cost something, each from the raw input of one segment to its features.

    features_rgb     (B, 8, 224, 224, 3) uint8 -> (B, 2048)     the RGB recogniser
    features_audio   (B, 256, 256) float32     -> (B, 1280)     the audio recogniser
    glimpse_rgb      (B, 8, 224, 224, 3) uint8 -> (B, 1280)     the policy's look at four of the frames, made small
    glimpse_audio    (B, 256, 256) float32     -> (B, 1280)     the policy's listen

Frames go in as they were decoded: normalising and shrinking are part of the network, so that no copy is made outside.
Classifiers and deciders are small and are no parts: they run in torch whatever the backend.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from adamml.nn import AdaMML
from adamml.nn.policy import small_frames

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FRAMES_SHAPE, SOUND_SHAPE = (8, 224, 224, 3), (256, 256)
LARGE_PART = "features_rgb"  # worth several cores by itself; the others are too small for that


def normalise(frames_THWC: Tensor) -> Tensor:
    """(..., T, H, W, 3) uint8 RGB -> (..., T, 3, H, W) float32, ImageNet-normalised."""
    return _normalised(_colour_first(frames_THWC).float())


def _colour_first(frames_THWC: Tensor) -> Tensor:
    """(..., T, H, W, 3) -> (..., T, 3, H, W), while a colour is still one byte."""
    colour = frames_THWC.ndim - 1  # counted from the front: the exporter takes no negative axes
    return frames_THWC.permute((*range(colour - 2), colour, colour - 2, colour - 1)).contiguous()


def _normalised(pixels_TCHW: Tensor) -> Tensor:
    """0 to 255 -> what ImageNet's networks expect. Colours come first: over three neighbours nothing is fast."""
    mean, std = (torch.tensor(v, device=pixels_TCHW.device)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
    return (pixels_TCHW / 255 - mean) / std


class _Features(nn.Module):
    """A recogniser's features. `dtype` is what its weights are in."""

    def __init__(self, recognizer: nn.Module) -> None:
        super().__init__()
        self.recognizer = recognizer
        self.dtype = torch.float32


class _RGBFeatures(_Features):
    def forward(self, frames_BTHWC: Tensor) -> Tensor:
        return self.recognizer.features(normalise(frames_BTHWC).to(self.dtype)).float()


class FramesApart(_Features):
    """`features_rgb` of a single segment, frame after frame: the same numbers, in the form that suits a CPU."""

    def forward(self, frames_1THWC: Tensor) -> Tensor:
        return self.recognizer.features_apart([normalise(frame) for frame in frames_1THWC.unbind(1)])


class _AudioFeatures(_Features):
    def forward(self, sound_BFT: Tensor) -> Tensor:
        return self.recognizer.features(sound_BFT.to(self.dtype)).float()


class _Glimpse(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.dtype = torch.float32


class _RGBGlimpse(_Glimpse):
    def forward(self, frames_BTHWC: Tensor) -> Tensor:
        # Only the frames that are looked at, and those small before they are normalised, which makes no difference.
        return self.network(_normalised(small_frames(_colour_first(frames_BTHWC))).to(self.dtype)).float()


class _AudioGlimpse(_Glimpse):
    def forward(self, sound_BFT: Tensor) -> Tensor:
        return self.network(sound_BFT.to(self.dtype)).float()


def parts_of(network: AdaMML) -> Mapping[str, nn.Module]:
    """The four parts around a model's own networks, in evaluation mode; nothing is copied."""
    parts: dict[str, nn.Module] = {
        "features_rgb": _RGBFeatures(network.recognizers["rgb"]),
        "features_audio": _AudioFeatures(network.recognizers["audio"]),
        "glimpse_rgb": _RGBGlimpse(network.policy.rgb),
        "glimpse_audio": _AudioGlimpse(network.policy.audio),
    }
    return {name: part.eval() for name, part in parts.items()}


def example(part: str, batch: int = 1) -> Tensor:
    """An input of a part that is not all alike, the same every time."""
    generator = torch.Generator().manual_seed(0)
    if part.endswith("rgb"):
        return torch.randint(0, 256, (batch, *FRAMES_SHAPE), generator=generator, dtype=torch.uint8)
    return 4 * torch.randn((batch, *SOUND_SHAPE), generator=generator) - 6
