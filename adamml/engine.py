"""Running the networks on one segment at a time.

One at a time on purpose: with other segments in the batch, a convolution may sum in another order, and the last
digits of a segment's logits would then depend on its company. Eight frames fill two cores, so nothing is lost
(measured: a batch of ten takes as long per segment as a batch of one).
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from adamml.media import SILENCE
from adamml.nn import AdaMML
from adamml.nn.policy import small_frames

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def normalise(frames_THWC: Tensor) -> Tensor:
    """(T, H, W, 3) uint8 RGB -> (T, 3, H, W) float32, ImageNet-normalised."""
    mean, std = frames_THWC.new_tensor(IMAGENET_MEAN, dtype=torch.float32), torch.tensor(IMAGENET_STD)
    return ((frames_THWC.float() / 255 - mean) / std).permute(0, 3, 1, 2).contiguous()


class Engine:
    """Torch on the CPU: every call takes and returns tensors of one segment, without a batch axis.

    Args:
        network: in evaluation mode; taken over, its memory layout changes.
        deciders: networks of policies by name; the network's own is there as "adamml".
    """

    def __init__(self, network: AdaMML, deciders: Mapping[str, nn.Module] | None = None) -> None:
        self.deciders: dict[str, nn.Module] = {"adamml": network.policy} | dict(deciders or {})
        self.network = network.to(memory_format=torch.channels_last)
        # What the policy is shown in place of a modality that a clip lacks: mid-grey frames, a silent spectrogram.
        with torch.inference_mode():
            self._missing_rgb = network.policy.rgb(torch.zeros(1, 4, 3, 160, 160))[0]
            self._missing_audio = network.policy.audio(torch.full((1, 256, 256), SILENCE))[0]

    def rgb_features(self, frames_THWC: Tensor) -> Tensor:
        """(8, 224, 224, 3) uint8 -> (2048,)."""
        return self.network.recognizers["rgb"].features(normalise(frames_THWC)[None])[0]

    def audio_features(self, sound_FT: Tensor) -> Tensor:
        """(256, 256) -> (1280,)."""
        return self.network.recognizers["audio"].features(sound_FT[None])[0]

    def classify(self, modality: str, features_D: Tensor) -> Tensor:
        """A recogniser's features -> its logits (K,)."""
        return self.network.recognizers[modality].classify(features_D[None])[0]

    def glimpse_rgb(self, frames_THWC: Tensor | None) -> Tensor:
        """(8, 224, 224, 3) uint8 -> (1280,) from four of the frames, made small; None stands for "no picture"."""
        if frames_THWC is None:
            return self._missing_rgb
        return self.network.policy.rgb(small_frames(normalise(frames_THWC)[None]))[0]

    def glimpse_audio(self, sound_FT: Tensor | None) -> Tensor:
        """(256, 256) -> (1280,); None stands for "no sound"."""
        return self._missing_audio if sound_FT is None else self.network.policy.audio(sound_FT[None])[0]
