"""A sound tagger: MobileNetV3-Large made narrow (EfficientAT "mn04", Schmid, Koutini & Widmer, ICASSP 2023).

Log mel (B, 128, 128) -> features (B, 384) -> logits of the 527 sounds of AudioSet (B, 527); a sound's score is the
sigmoid of its logit. 0.016 G multiply-accumulates for 1.28 s. What the sounds say of a model's classes is the head's
business: `adamml.nn.sounds_to_actions` for the actions of Kinetics, a linear layer for classes of one's own.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.nn.segment_recognizer import SegmentRecognizer

NUM_SOUNDS = 527
WIDTH = 0.4
FEATURE_DIM = 384


class Row(NamedTuple):
    """One block of MobileNetV3-Large (Howard et al., ICCV 2019, Table 1), before it is made narrow."""

    kernel: int
    expanded: int
    outputs: int
    excite: bool  # squeeze and excitation
    hard_swish: bool
    stride: int


ROWS = (
    Row(3, 16, 16, False, False, 1),
    Row(3, 64, 24, False, False, 2),
    Row(3, 72, 24, False, False, 1),
    Row(5, 72, 40, True, False, 2),
    Row(5, 120, 40, True, False, 1),
    Row(5, 120, 40, True, False, 1),
    Row(3, 240, 80, False, True, 2),
    Row(3, 200, 80, False, True, 1),
    Row(3, 184, 80, False, True, 1),
    Row(3, 184, 80, False, True, 1),
    Row(3, 480, 112, True, True, 1),
    Row(3, 672, 112, True, True, 1),
    Row(5, 672, 160, True, True, 2),
    Row(5, 960, 160, True, True, 1),
    Row(5, 960, 160, True, True, 1),
)
STEM, HIDDEN = 16, 1280


def narrowed(channels: float) -> int:
    """The multiple of 8 that is nearest, never less than nine tenths of it (MobileNetV2's rule)."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


def _unit(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    act: Callable[[], nn.Module] | None = None,
) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
    ]
    return nn.Sequential(*layers, *([act()] if act else []))


class Gate(nn.Module):
    """(B, C) -> what each channel is worth, 0 to 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, narrowed(channels // 4))
        self.fc2 = nn.Linear(narrowed(channels // 4), channels)

    def forward(self, x_BC: Tensor) -> Tensor:
        return torch.sigmoid(self.fc2(F.relu(self.fc1(x_BC))))


class Excite(nn.Module):
    """Squeeze and excitation over the channels (Hu et al., CVPR 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([Gate(channels)])  # the published weights name it so

    def forward(self, x_BCFT: Tensor) -> Tensor:
        scale_BC = self.conc_se_layers[0](x_BCFT.mean((2, 3)))
        return x_BCFT * scale_BC[:, :, None, None]


class Block(nn.Module):
    """Expand, convolve each channel apart, excite, shrink; with a shortcut where the shape stays."""

    def __init__(self, inputs: int, row: Row) -> None:
        super().__init__()
        expanded, outputs = narrowed(row.expanded * WIDTH), narrowed(row.outputs * WIDTH)
        act = nn.Hardswish if row.hard_swish else nn.ReLU
        layers = [_unit(inputs, expanded, act=act)] if expanded != inputs else []
        layers.append(_unit(expanded, expanded, row.kernel, row.stride, expanded, act))
        excite = [Excite(expanded)] if row.excite else []
        self.block = nn.Sequential(*layers, *excite, _unit(expanded, outputs))
        self.shortcut = row.stride == 1 and inputs == outputs

    def forward(self, x_BCFT: Tensor) -> Tensor:
        return x_BCFT + self.block(x_BCFT) if self.shortcut else self.block(x_BCFT)


class Tagger(nn.Module):
    """The network alone, with the published weights' names."""

    def __init__(self) -> None:
        super().__init__()
        width = narrowed(STEM * WIDTH)
        layers: list[nn.Module] = [_unit(1, width, 3, 2, act=nn.Hardswish)]
        for row in ROWS:
            layers.append(Block(width, row))
            width = narrowed(row.outputs * WIDTH)
        layers.append(_unit(width, 6 * width, act=nn.Hardswish))
        assert 6 * width == FEATURE_DIM
        self.features = nn.Sequential(*layers)
        hidden = narrowed(HIDDEN * WIDTH)
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(1),
            nn.Linear(FEATURE_DIM, hidden),
            nn.Hardswish(),
            nn.Dropout(0.2),
            nn.Linear(hidden, NUM_SOUNDS),
        )

    def embed(self, mel_BFT: Tensor) -> Tensor:
        """(B, 128, T) -> features (B, 384)."""
        return self.features(mel_BFT[:, None]).mean((2, 3))

    def tag(self, features_BD: Tensor) -> Tensor:
        """(B, 384) -> logits of the sounds (B, 527)."""
        return self.classifier[2:](features_BD)

    def forward(self, mel_BFT: Tensor) -> Tensor:
        """(B, 128, T) -> logits of the sounds (B, 527)."""
        return self.tag(self.embed(mel_BFT))


class TaggerRecognizer(SegmentRecognizer):
    """The tagger with a head for a model's classes.

    Args:
        head: (B, 384) and (B, 527) -> logits (B, K); told both features and the sounds' logits.
    """

    feature_dim = FEATURE_DIM

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.net, self.head = Tagger(), head

    @property
    def classifier(self) -> nn.Module:
        """What names classes, as far as it can be trained."""
        return self.head

    def maps(self, mel_BFT: Tensor) -> Tensor:
        """(B, 128, 128) -> the last feature maps (B, 384, 4, 4), whose mean the features are."""
        return self.net.features(mel_BFT[:, None])

    def features(self, mel_BFT: Tensor) -> Tensor:
        """(B, 128, 128) -> (B, 384)."""
        return self.net.embed(mel_BFT)

    def sounds(self, features_BD: Tensor) -> Tensor:
        """(B, 384) -> logits of the sounds (B, 527)."""
        return self.net.tag(features_BD)

    def classify(self, features_BD: Tensor) -> Tensor:
        """(B, 384) -> logits (B, K)."""
        return self.head(features_BD, self.sounds(features_BD))


class LinearHead(nn.Linear):
    """Classes from the tagger's features alone: for classes of one's own.

    Args:
        num_classes: K, at least 1.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__(FEATURE_DIM, num_classes)

    def forward(self, features_BD: Tensor, sounds_BN: Tensor | None = None) -> Tensor:
        return super().forward(features_BD)
