"""The page on an untrained miniature of the model, so that tests of the page need no patience.

    python -m tests.toy_app --port 7860

Same parts, same interfaces, same page; the networks see every fourth pixel and are a few layers deep, and the policy
is random enough to choose differently from segment to segment.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d
from torchvision.models.resnet import BasicBlock, ResNet

from adamml import Recognizer, cli
from adamml.datasets import examples
from adamml.inputs import I3D_INPUT
from adamml.nn import PUBLISHED, AdaMML
from adamml.nn.modalities import ARCHITECTURES
from adamml.nn.policy_features import GLIMPSE_DIM
from adamml.nn.recognizers import AudioRecognizer, RGBRecognizer
from adamml.nn.tagger import NUM_SOUNDS
from adamml.weights.checkpoint import LoadedModel
from tests.small_model import untrained_card

CLASSES = ("cat", "dog", "drum", "sea_waves")


class _Blurred(nn.Module):
    """A glimpse that sees 8 x 8 blocks: (B, ..., H, W) -> (B, 1280)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels * 64, GLIMPSE_DIM)

    def forward(self, x: Tensor) -> Tensor:
        x = x.mean(1) if x.ndim == 5 else x[:, None] / 14  # over frames; silence is -13.8
        return self.linear(adaptive_avg_pool2d(x, 8).flatten(1))


class _SmallRGB(RGBRecognizer):
    feature_dim = 512

    def __init__(self, num_classes: int) -> None:
        nn.Module.__init__(self)
        self.net = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=num_classes)

    def trunk(self, frames_BTCHW: Tensor) -> Tensor:
        return super().trunk(frames_BTCHW[..., ::4, ::4])


class _SmallAudio(AudioRecognizer):
    def features(self, sound_BFT: Tensor) -> Tensor:
        return super().features(sound_BFT[..., ::4, ::4])


TOY = replace(
    PUBLISHED,
    name="toy",
    rgb=replace(PUBLISHED.rgb, recognizer=_SmallRGB, feature_dim=_SmallRGB.feature_dim, glimpse=lambda: _Blurred(3)),
    audio=replace(PUBLISHED.audio, recognizer=_SmallAudio, glimpse=lambda: _Blurred(1)),
)


def toy_recognizer(name: str = "toy", classes: tuple[str, ...] = CLASSES, backend: str = "torch") -> Recognizer:
    """A recognizer with random weights that answers within milliseconds."""
    torch.manual_seed(7)
    torch.set_num_threads(1)
    network = AdaMML(len(classes), TOY, fusion="renormalised")
    for layer in (network.policy.rgb.linear, network.policy.audio.linear):
        nn.init.normal_(layer.weight, std=1.0)
    for head in network.policy.heads:
        nn.init.normal_(head.weight, std=0.3)
    card = untrained_card(name, classes)
    return Recognizer(LoadedModel(card=card, network=network.eval().requires_grad_(False)), backend=backend)


HEARING = replace(
    TOY,
    name="toy-hearing",
    rgb=replace(TOY.rgb, input=I3D_INPUT.picture),
    audio=ARCHITECTURES["i3d-tagger-linear"].audio,
    ticks_per_second=None,
    joint=64,
    hidden=32,
    fusion="per_modality",
)
ACTIONS = tuple(f"{doing} {what}" for doing in ("playing", "washing", "painting", "catching") for what in range(10))
SOUNDS = tuple(f"Sound {i}, noise" if i else "Piano" for i in range(NUM_SOUNDS))


def hearing_recognizer(name: str = "toy-hearing") -> Recognizer:
    """One that names sounds and decides by them, with more classes than a sentence holds."""
    torch.manual_seed(5)
    torch.set_num_threads(1)
    network = AdaMML(len(ACTIONS), HEARING, fusion="per_modality")
    nn.init.normal_(network.policy.rgb.linear.weight, std=1.0)
    for head in network.policy.heads:
        nn.init.normal_(head.weight, std=0.3)
    card = untrained_card(name, ACTIONS, sounds=SOUNDS)
    return Recognizer(LoadedModel(card=card, network=network.eval().requires_grad_(False)), backend="torch")


if __name__ == "__main__":
    from app import service
    from app.run import main

    if stands_in := os.environ.get("TOY_WEB"):  # certificate and port of a server that passes for the public net
        from tests.https_shelf import bend_rules

        certificate, _, port = stands_in.rpartition(":")
        bend_rules(Path(certificate), int(port))
    if listed := os.environ.get("TOY_EXAMPLES"):  # what can be fetched, instead of the real clips
        examples.LIST = Path(listed)
    others = ("cat", "clock", "drum", "piano", "radio")
    # The last one goes by the name of the model whose examples are real clips.
    hearing = hearing_recognizer("kinetics-400")
    service.models.serve(toy_recognizer(), toy_recognizer("toy-indoors", others), hearing)
    if looked_through := os.environ.get("TOY_ARCHIVE"):
        sys.exit(cli.main(["archive", looked_through, *sys.argv[1:]]))
    main()
