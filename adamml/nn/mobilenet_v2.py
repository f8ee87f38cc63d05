"""MobileNetV2 (Sandler et al., CVPR 2018), with the names that torchvision's weights have.

(N, 3, H, W) -> `features` (N, 1280, H / 32, W / 32); `classifier` takes their mean to K logits. Written out here for
the reason that `adamml.nn.resnet` gives.
"""

from typing import NamedTuple

from torch import Tensor, nn

from adamml.nn.weight_init import start_for_relu


class Row(NamedTuple):
    """Some equal blocks, of which the first has the stride (Table 2 of the paper)."""

    expansion: int
    outputs: int
    blocks: int
    stride: int


ROWS = (
    Row(1, 16, 1, 1),
    Row(6, 24, 2, 2),
    Row(6, 32, 3, 2),
    Row(6, 64, 4, 2),
    Row(6, 96, 3, 1),
    Row(6, 160, 3, 2),
    Row(6, 320, 1, 1),
)
STEM, LAST = 32, 1280


def _unit(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )


class InvertedResidual(nn.Module):
    """Expand, convolve each channel apart, shrink without a nonlinearity; with a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        expanded = inputs * expansion
        self.conv = nn.Sequential(
            *([_unit(inputs, expanded, 1)] if expansion > 1 else []),
            _unit(expanded, expanded, 3, stride, expanded),
            nn.Conv2d(expanded, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.shortcut else self.conv(x)


class MobileNetV2(nn.Module):
    """Features and classifier; who uses it averages over the picture in between.

    Args:
        num_classes: K, at least 1.
    """

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Module] = [_unit(3, STEM, 3, 2)]
        channels = STEM
        for row in ROWS:
            for index in range(row.blocks):
                layers.append(InvertedResidual(channels, row.outputs, row.expansion, row.stride if index == 0 else 1))
                channels = row.outputs
        self.features = nn.Sequential(*layers, _unit(channels, LAST, 1))
        last = nn.Linear(LAST, num_classes)
        self.classifier = nn.Sequential(nn.Dropout(0.2), last)
        start_for_relu(self)
        nn.init.normal_(last.weight, 0, 0.01)
        nn.init.zeros_(last.bias)
