"""The networks that cost something, each from the raw input of one segment to its features.

    features_rgb     (B, T, H, W, 3) uint8 -> (B, D)     the RGB recognizer
    features_audio   (B, F, steps) float32 -> (B, D)     the audio recognizer
    glimpse_rgb      (B, T, H, W, 3) uint8 -> (B, D)     the policy's look at some of the frames, made small
    glimpse_audio    (B, F, steps) float32 -> (B, D)     the policy's listen

Shapes are those of the model's `ModalitySpec`. A modality whose recognizer the policy shares has no glimpse. Frames go
in as they were decoded: normalizing and shrinking are part of the network, so that no copy is made outside. Classifiers
and deciders are small and are no parts: they run in torch whatever the backend.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from adamml.inputs import PUBLISHED_INPUT, PictureInput, SoundInput
from adamml.nn import AdaMML, ModalitySpec
from adamml.nn.policy_features import small_frames
from adamml.nn.segment_recognizer import SegmentRecognizer

LARGE_PART = "features_rgb"  # worth several cores by itself; the others are too small for that


def normalize(frames_THWC: Tensor, picture: PictureInput = PUBLISHED_INPUT.picture) -> Tensor:
    """(..., T, H, W, 3) uint8 RGB -> (..., T, 3, H, W) float32, as the recognizer was trained."""
    return _normalized(_color_first(frames_THWC).float(), picture)


def _color_first(frames_THWC: Tensor) -> Tensor:
    """(..., T, H, W, 3) -> (..., T, 3, H, W), while a color is still one byte."""
    color = frames_THWC.ndim - 1  # counted from the front: the exporter takes no negative axes
    return frames_THWC.permute((*range(color - 2), color, color - 2, color - 1)).contiguous()


def _normalized(pixels_TCHW: Tensor, picture: PictureInput) -> Tensor:
    """0 to 255 -> what the network expects. Colors come first: over three neighbors nothing is fast."""
    mean, std = (torch.tensor(v, device=pixels_TCHW.device)[:, None, None] for v in (picture.mean, picture.std))
    return (pixels_TCHW / 255 - mean) / std


class _Part(nn.Module):
    """A network behind its preprocessing. `dtype` is what its weights are in."""

    network: Any  # a recognizer, or the network of a glimpse
    dtype: torch.dtype

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.dtype = torch.float32

    @property
    def unused(self) -> nn.Module | None:
        """What features do not depend on: the layer that names classes."""
        return self.network.classifier if isinstance(self.network, SegmentRecognizer) else None


class _PictureFeatures(_Part):
    def __init__(self, network: nn.Module, picture: PictureInput) -> None:
        super().__init__(network)
        self.picture = picture

    def forward(self, frames_BTHWC: Tensor) -> Tensor:
        return self.network.features(normalize(frames_BTHWC, self.picture).to(self.dtype)).float()


class PerFrame(_PictureFeatures):
    """`features_rgb` of a single segment, frame after frame: the same numbers, in the form that suits a CPU."""

    def forward(self, frames_1THWC: Tensor) -> Tensor:
        return self.network.features_apart([normalize(frame, self.picture) for frame in frames_1THWC.unbind(1)])


class _SoundFeatures(_Part):
    def forward(self, sound_BFT: Tensor) -> Tensor:
        return self.network.features(sound_BFT.to(self.dtype)).float()


class _PictureGlimpse(_Part):
    """Always normalized for ImageNet, where glimpses begin, whatever the recognizer expects."""

    def __init__(self, network: nn.Module, picture: PictureInput) -> None:
        super().__init__(network)
        self.chosen = picture.glimpse

    def forward(self, frames_BTHWC: Tensor) -> Tensor:
        # Only the frames that are looked at, and those small before they are normalized, which makes no difference.
        small_BTCHW = small_frames(_color_first(frames_BTHWC), self.chosen)
        return self.network(_normalized(small_BTCHW, PUBLISHED_INPUT.picture).to(self.dtype)).float()


class _SoundGlimpse(_Part):
    def forward(self, sound_BFT: Tensor) -> Tensor:
        return self.network(sound_BFT.to(self.dtype)).float()


def parts_of(network: AdaMML) -> Mapping[str, nn.Module]:
    """The parts around a model's own networks, in evaluation mode; nothing is copied."""
    parts: dict[str, nn.Module] = {}
    for spec in network.kind.modalities:
        recognizer = network.recognizers[spec.name]
        if isinstance(spec.input, PictureInput):
            parts[f"features_{spec.name}"] = _PictureFeatures(recognizer, spec.input)
        else:
            parts[f"features_{spec.name}"] = _SoundFeatures(recognizer)
        if spec.name in network.shared:
            continue
        glimpse = network.policy.get_submodule(spec.name)
        if isinstance(spec.input, PictureInput):
            parts[f"glimpse_{spec.name}"] = _PictureGlimpse(glimpse, spec.input)
        else:
            parts[f"glimpse_{spec.name}"] = _SoundGlimpse(glimpse)
    return {name: part.eval() for name, part in parts.items()}


def cpu_parts_of(network: AdaMML) -> Mapping[str, nn.Module]:
    """The same, in the form that suits a CPU and a single segment at a time."""
    parts, spec = dict(parts_of(network)), network.kind.rgb
    recognizer = network.recognizers["rgb"]
    if isinstance(spec.input, PictureInput) and hasattr(recognizer, "features_apart"):
        parts[LARGE_PART] = PerFrame(recognizer, spec.input).eval()
    return parts


def example(spec: ModalitySpec, batch: int = 1) -> Tensor:
    """An input of a modality that is not all alike, the same every time."""
    generator = torch.Generator().manual_seed(0)
    if isinstance(spec.input, PictureInput):
        return torch.randint(0, 256, (batch, *spec.input.shape), generator=generator, dtype=torch.uint8)
    loud = spec.input.silence + 8 * spec.input.unit
    return 4 * spec.input.unit * torch.randn((batch, *spec.input.shape), generator=generator) + loud


def example_of(network: AdaMML, part: str, batch: int = 1) -> Tensor:
    """An input of a part, by the part's name."""
    return example(network.kind.spec(part.rpartition("_")[2]), batch)


def empty_input(spec: ModalitySpec) -> Tensor:
    """What the network of a modality's glimpse is given where the modality is missing: mid-gray frames, silence.

    The policy's glimpse of a picture takes (1, t, 3, 160, 160), normalized; everything else (1, F, steps).
    """
    if isinstance(spec.input, PictureInput):
        return torch.zeros(1, len(spec.input.glimpse), 3, 160, 160)
    assert isinstance(spec.input, SoundInput)
    return torch.full((1, *spec.input.shape), spec.input.silence)


def missing_glimpse(network: AdaMML, modality: str) -> Tensor:
    """(D,): what the policy is given in place of a modality that a clip lacks."""
    spec = network.kind.spec(modality)
    own = (
        network.recognizers[modality].features if modality in network.shared else network.policy.get_submodule(modality)
    )
    with torch.inference_mode():
        return own(empty_input(spec))[0]
