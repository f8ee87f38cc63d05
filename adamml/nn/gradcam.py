"""Where a recognizer found its evidence: Grad-CAM (Selvaraju et al., ICCV 2017, Eq. 1 and 2).

Grad-CAM weighs the last feature maps A_c by the mean gradient of the class score and keeps the positive part. Every
recognizer averages its maps into features before anything else, so that gradient is the one with respect to the
features, divided by the number of positions (Sec. 3.1 there): no backward pass through the network is needed.

Frames (T, 3, H, W) -> (h, w), of all frames together; sound (F, steps) -> (f, t), frequency by time.
"""

import torch
from torch import Tensor

from adamml.nn.segment_recognizer import SegmentRecognizer


def class_map(recognizer: SegmentRecognizer, observed: Tensor, label: int) -> Tensor:
    """Where class number `label` was found, 0 to 1.

    Args:
        observed: its input of one segment, without a batch axis: normalized frames, or the front end's picture.

    Raises:
        ValueError: for a class that there is not.
    """
    with torch.no_grad():
        maps = recognizer.maps(observed[None])[0]  # C, [t,] h, w
    features_D = maps.flatten(1).mean(1).requires_grad_(True)
    with torch.enable_grad():
        logits_K = recognizer.classify(features_D[None])[0]
        if not 0 <= label < len(logits_K):
            raise ValueError(f"label must lie between 0 and {len(logits_K) - 1}, got {label}")
        (weight_D,) = torch.autograd.grad(logits_K[label], features_D)
    heat = torch.einsum("c,c...->...", weight_D, maps)
    heat_HW = (heat.mean(0) if heat.ndim == 3 else heat).relu()
    return heat_HW / heat_HW.max().clamp(min=1e-12)
