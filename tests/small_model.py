"""A kind of model of the published shape, a few layers deep, that sees every fourth pixel: for tests of all around it.

Widths are the published ones; a segment takes a hundredth of the compute. Tests of the networks themselves take the
fixture `published_network`.
"""

from dataclasses import replace
from typing import Any

from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, ResNet

from adamml import ModelCard
from adamml.nn import PUBLISHED
from adamml.nn.policy_features import AudioGlimpse, RGBGlimpse
from adamml.nn.recognizers import AudioRecognizer, RGBRecognizer


class _RGB(RGBRecognizer):
    def __init__(self, num_classes: int) -> None:
        nn.Module.__init__(self)
        self.net = ResNet(Bottleneck, [1, 1, 1, 1], num_classes=num_classes)

    def stem(self, frames_NCHW: Tensor) -> Tensor:
        return super().stem(frames_NCHW[..., ::4, ::4])


class _Audio(AudioRecognizer):
    def maps(self, sound_BFT: Tensor) -> Tensor:
        return super().maps(sound_BFT[..., ::4, ::4])

    def features(self, sound_BFT: Tensor) -> Tensor:
        return super().features(sound_BFT[..., ::4, ::4])


class _RGBGlimpse(RGBGlimpse):
    def forward(self, frames_BTCHW: Tensor) -> Tensor:
        return super().forward(frames_BTCHW[..., ::4, ::4])


class _AudioGlimpse(AudioGlimpse):
    def forward(self, sound_BFT: Tensor) -> Tensor:
        return super().forward(sound_BFT[..., ::4, ::4])


SMALL = replace(
    PUBLISHED,
    name="small",
    rgb=replace(PUBLISHED.rgb, recognizer=_RGB, glimpse=_RGBGlimpse),
    audio=replace(PUBLISHED.audio, recognizer=_Audio, glimpse=_AudioGlimpse),
    joint=256,
)


def untrained_card(name: str, classes: tuple[str, ...], architecture: str = "published", **more: Any) -> ModelCard:
    """Of a model with random weights."""
    return ModelCard(
        name=name,
        version="0",
        classes=classes,
        licence="none",
        trained="not trained",
        untrained=True,
        architecture=architecture,
        **more,
    )
