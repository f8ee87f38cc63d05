"""Where a recogniser found its evidence: Grad-CAM (Selvaraju et al., ICCV 2017, Eq. 1 and 2).

Grad-CAM weighs the last feature maps A_k by the mean gradient of the class score and keeps the positive part. Both
recognisers end in an average over positions and one linear layer, so that gradient is the classifier's own weight
divided by the number of positions (Sec. 3.1 there): no backward pass is needed, and none is made.

RGB:   eight frames -> (7, 7). Temporal pooling has joined the frames by then: the map is of all eight together.
Audio: spectrogram -> (8, 8), frequency by time.
"""

import torch
from torch import Tensor

from adamml.nn.recognizers import AudioRecognizer, RGBRecognizer


def rgb_map(recognizer: RGBRecognizer, frames_TCHW: Tensor, label: int) -> Tensor:
    """(8, 3, 224, 224) ImageNet-normalised frames -> (7, 7), 0 to 1, for class number `label`."""
    with torch.inference_mode():
        maps_TCHW = recognizer.net.layer4(recognizer.trunk(frames_TCHW[None]))
    return _weighed(maps_TCHW.mean(0), recognizer.net.fc.weight, label)


def audio_map(recognizer: AudioRecognizer, sound_FT: Tensor, label: int) -> Tensor:
    """(256, 256) log spectrogram -> (8, 8), frequency by time, 0 to 1, for class number `label`."""
    with torch.inference_mode():
        maps_CFT = recognizer.net.features(sound_FT[None, None])[0]
    return _weighed(maps_CFT, recognizer.net.classifier[-1].weight, label)


def _weighed(maps_CHW: Tensor, weight_KC: Tensor, label: int) -> Tensor:
    if not 0 <= label < weight_KC.shape[0]:
        raise ValueError(f"label must lie between 0 and {weight_KC.shape[0] - 1}, got {label}")
    heat_HW = torch.einsum("c,chw->hw", weight_KC[label].detach(), maps_CHW).relu()
    return heat_HW / heat_HW.max().clamp(min=1e-12)
