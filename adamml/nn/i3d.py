"""I3D: Inception v1 inflated to three dimensions (Carreira & Zisserman, CVPR 2017, Sec. 2.4 and Fig. 3).

(B, T, 3, H, W) frames from -1 to 1 at 25 a second -> features (B, 1024) -> logits (B, K). Trained with TensorFlow, so
every layer pads as "SAME" does there: as much as it takes for ceil(size / stride) positions, the odd one at the end.
With 32 frames of 192 x 192 a segment takes 40.9 G multiply-accumulates.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.nn.segment_recognizer import SegmentRecognizer

# Channels of an Inception block: 1x1; 1x1 before 3x3, 3x3; 1x1 before the second 3x3 (5x5 in 2-D), that; after pooling.
BLOCKS: dict[str, tuple[int, int, int, int, int, int]] = {
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}
POOL_BEFORE = {"Mixed_4b": (3, 3, 3), "Mixed_5b": (2, 2, 2)}  # kernel; stride 2 in every direction
Triple = tuple[int, int, int]


def pad_same(x_BCTHW: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Zeros around (B, C, T, H, W) as TensorFlow's SAME has them, the larger half at the end."""
    pads: list[int] = []
    for size, k, s in zip(reversed(x_BCTHW.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max((-(-int(size) // s) - 1) * s + k - int(size), 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x_BCTHW, pads) if any(pads) else x_BCTHW


def pool_same(x_BCTHW: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Max pooling. What comes in is rectified, so that padding with zeros is as good as with minus infinity."""
    return F.max_pool3d(pad_same(x_BCTHW, kernel, stride), kernel, stride)


class Unit(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: Triple = (1, 1, 1), stride: Triple = (1, 1, 1)) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv = nn.Conv3d(inputs, outputs, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(outputs, eps=1e-3)

    def forward(self, x_BCTHW: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(pad_same(x_BCTHW, self.kernel, self.stride))))


class Mixed(nn.Module):
    """An Inception block: four branches over the same input, joined along the channels."""

    def __init__(self, inputs: int, widths: Sequence[int]) -> None:
        super().__init__()
        one, before_a, a, before_b, b, pooled = widths
        self.b0 = Unit(inputs, one)
        self.b1a, self.b1b = Unit(inputs, before_a), Unit(before_a, a, (3, 3, 3))
        self.b2a, self.b2b = Unit(inputs, before_b), Unit(before_b, b, (3, 3, 3))
        self.b3 = Unit(inputs, pooled)
        self.outputs = one + a + b + pooled

    def forward(self, x_BCTHW: Tensor) -> Tensor:
        branches = (
            self.b0(x_BCTHW),
            self.b1b(self.b1a(x_BCTHW)),
            self.b2b(self.b2a(x_BCTHW)),
            self.b3(pool_same(x_BCTHW, (3, 3, 3), (1, 1, 1))),
        )
        return torch.cat(branches, 1)


class I3DRecognizer(SegmentRecognizer):
    """I3D on the frames of one segment.

    Args:
        num_classes: K, at least 1.
    """

    feature_dim = 1024

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.stem1 = Unit(3, 64, (7, 7, 7), (2, 2, 2))
        self.stem2, self.stem3 = Unit(64, 64), Unit(64, 192, (3, 3, 3))
        width = 192
        for name, widths in BLOCKS.items():
            block = Mixed(width, widths)
            self.add_module(name, block)
            width = block.outputs
        self.head = nn.Linear(width, num_classes)

    @property
    def classifier(self) -> nn.Module:
        """The layer that names classes."""
        return self.head

    def maps(self, frames_BTCHW: Tensor) -> Tensor:
        """(B, T, 3, H, W) -> the last feature maps (B, 1024, T / 8, H / 32, W / 32)."""
        x = frames_BTCHW.transpose(1, 2)  # B, 3, T, H, W
        x = pool_same(self.stem1(x), (1, 3, 3), (1, 2, 2))
        x = pool_same(self.stem3(self.stem2(x)), (1, 3, 3), (1, 2, 2))
        for name in BLOCKS:
            if name in POOL_BEFORE:
                x = pool_same(x, POOL_BEFORE[name], (2, 2, 2))
            x = self.get_submodule(name)(x)
        return x

    def features(self, frames_BTCHW: Tensor) -> Tensor:
        """(B, T, 3, H, W) -> (B, 1024): averaged over the picture, over pairs of moments, and over those."""
        moments_BDT = self.maps(frames_BTCHW).mean((3, 4))  # B, 1024, T / 8
        if moments_BDT.shape[2] == 1:
            return moments_BDT[:, :, 0]
        return (moments_BDT[:, :, :-1] + moments_BDT[:, :, 1:]).mean(2) / 2

    def classify(self, features_BD: Tensor) -> Tensor:
        """(B, 1024) -> logits (B, K)."""
        return self.head(features_BD)
