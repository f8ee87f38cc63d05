"""Presets: what is trained with which settings, as typed configurations.

Published defaults are those of Panda et al. (ICCV 2021), Sec. 4.1 and the code that came with it: stage 1, each
recognizer alone, 60 epochs of SGD 0.01 that falls to a tenth at 20, 40 and 50; stage 2, recognizers together, policy
frozen, 5 epochs of SGD 0.001; stage 3, an epoch of recognizers (SGD 0.001) and one of policy (Adam 0.01) in turn, 20
epochs, falling at 10 and 15; stage 4, recognizers alone again, 10 epochs of SGD 0.001. Batch 72.
"""

from dataclasses import dataclass, field

from adamml.training.cascade_trainer import CascadeStage
from adamml.training.joint import JointStage
from adamml.training.kinetics400.tagger_trainer import TaggerStage
from adamml.training.liteeval_trainer import LiteEvalStage
from adamml.training.stage_audio import AudioStage
from adamml.training.stage_rgb import RGBStage


@dataclass(frozen=True, kw_only=True)
class BankSizes:
    """How much is cached on a CPU.

    Attributes:
        shards, test_shards: of 250 moving picture segments each.
        stills: passes over all training photographs.
        sounds: training windows; test_windows: per test recording.
    """

    shards: int = 11
    test_shards: int = 6
    stills: int = 6
    sounds: int = 3000
    test_windows: int = 6


@dataclass(frozen=True, kw_only=True)
class EverydayPreset:
    """A model from photographs and recordings by class, on composed clips, with cached recognizers (two CPU cores).

    Stage 3 trains the joint layers, LSTM and heads of the policy; recognizers stay as stages 1 and 2 left them, so
    there is nothing for stage 4 to adapt, and one set of recognizers serves every row.

    Attributes:
        warm_up: stage 2; policy: stage 3.
        photos: of the class, in a training clip, at least and at most.
    """

    name: str
    audio: AudioStage = field(default_factory=AudioStage)
    rgb: RGBStage = field(default_factory=RGBStage)
    banks: BankSizes = field(default_factory=BankSizes)
    warm_up: JointStage = field(
        default_factory=lambda: JointStage(
            train=("fusion",), epochs=5, steps=20, recognizer_rate=2e-2, cost_weights=None
        )
    )
    policy: JointStage = field(default_factory=lambda: JointStage(cost_weights=(0.6, 0.3)))
    cascade: CascadeStage = field(default_factory=CascadeStage)
    liteeval: LiteEvalStage = field(default_factory=LiteEvalStage)
    modality_dropout: float = 0.1
    photos: tuple[int, int] = (2, 5)  # more than the contract, since a bank holds about one segment of each
    test_clips: int = 2000


@dataclass(frozen=True, kw_only=True)
class ClipsPreset:
    """A model from clips in a manifest on top of a model that is there already, with cached backbones (two CPU cores).

    Attributes:
        segments: per clip.
        probe_steps: for each classifier, on fixed features.
        rgb: stage 1 of the last RGB stage; no steps leaves it as it is.
        warm_up, policy, last: stages 2, 3 and 4; the last one adapts the classifiers to what the policy chooses.
        rows: which other networks that decide are trained too.
    """

    name: str
    segments: int = 10
    probe_steps: int = 300
    rgb: RGBStage = field(default_factory=lambda: RGBStage(steps=0, nothing_share=0.0))
    warm_up: JointStage = field(
        default_factory=lambda: JointStage(
            train=("fusion",), epochs=5, steps=20, recognizer_rate=2e-2, cost_weights=None
        )
    )
    policy: JointStage = field(default_factory=lambda: JointStage(cost_weights=(0.6, 0.3)))
    last: JointStage = field(
        default_factory=lambda: JointStage(
            train=("classifiers",), epochs=5, steps=20, recognizer_rate=1e-4, cost_weights=None
        )
    )
    cascade: CascadeStage = field(default_factory=CascadeStage)
    liteeval: LiteEvalStage = field(default_factory=LiteEvalStage)
    rows: tuple[str, ...] = ("adamml-nocost", "cascade", "liteeval")
    modality_dropout: float = 0.1


@dataclass(frozen=True, kw_only=True)
class RecognizerEpochs:
    """Stage 1 as published, for one modality."""

    epochs: int = 60
    rate: float = 0.01
    drops: tuple[float, ...] = (20 / 60, 40 / 60, 50 / 60)
    batch: int = 72
    momentum: float = 0.9
    decay: float = 1e-4
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class VideoPreset:
    """A model from clips in a manifest, everything trained, fresh augmentation (one or more GPUs).

    Attributes:
        segments: per clip in training; evaluation takes 10.
        stage2, stage3, stage4: joint stages; `steps` is set from the number of clips.
    """

    name: str
    segments: int = 5
    stage1: RecognizerEpochs = field(default_factory=RecognizerEpochs)
    stage2: JointStage = field(
        default_factory=lambda: JointStage(
            train=("recognizers",), epochs=5, batch=72, optimizer="sgd", cost_weights=None
        )
    )
    stage3: JointStage = field(
        default_factory=lambda: JointStage(
            train=("recognizers", "policy"), epochs=40, batch=72, rate=0.01, drops=(0.5, 0.75)
        )
    )
    stage4: JointStage = field(
        default_factory=lambda: JointStage(
            train=("recognizers",), epochs=10, batch=72, optimizer="sgd", cost_weights=None
        )
    )
    modality_dropout: float = 0.1


@dataclass(frozen=True, kw_only=True)
class PolicyStages:
    """How the rows of `kinetics-400` are trained.

    Attributes:
        damaged: share of training clips whose spans are damaged.
        modality_dropout: share of training clips that lose their picture, and the same again their sound.
    """

    policy: JointStage = field(
        default_factory=lambda: JointStage(epochs=8, batch=64, rate=2e-4, cost_weights=(2.0, 0.02), decay=1e-4)
    )
    cascade: CascadeStage = field(default_factory=lambda: CascadeStage(steps=150, batch=64, look_cost=1.5))
    liteeval: LiteEvalStage = field(default_factory=lambda: LiteEvalStage(steps=200, batch=64, target=0.35))
    damaged: float = 0.5
    modality_dropout: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Kinetics400Preset:
    """The model of 400 actions from public weights and some real clips (two CPU cores, some hours).

    Most of the time goes into the features of the clips. `adamml.training.kinetics400.recipe` has the stages.
    """

    name: str
    tagger: TaggerStage = field(default_factory=TaggerStage)
    policies: PolicyStages = field(default_factory=PolicyStages)


Preset = EverydayPreset | ClipsPreset | VideoPreset | Kinetics400Preset
PRESETS: dict[str, Preset] = {
    "everyday-av-cpu": EverydayPreset(
        name="everyday-av-cpu",
        audio=AudioStage(half_steps=1100, full_steps=400),
        rgb=RGBStage(steps=560, keep=0.3),
        policy=JointStage(epochs=22, batch=64, cost_weights=(0.7, 0.3)),
        cascade=CascadeStage(steps=600),
        liteeval=LiteEvalStage(steps=350, batch=64),
    ),
    "clips-cpu": ClipsPreset(name="clips-cpu"),
    "tiny": ClipsPreset(
        name="tiny",
        segments=3,
        probe_steps=100,
        warm_up=JointStage(train=("fusion",), epochs=2, steps=20, batch=32, recognizer_rate=2e-2, cost_weights=None),
        policy=JointStage(epochs=8, steps=10, batch=32, rate=1e-3, cost_weights=(0.6, 0.3)),
        last=JointStage(train=("classifiers",), epochs=1, steps=20, batch=32, recognizer_rate=1e-4, cost_weights=None),
        rows=(),
        modality_dropout=0.0,
    ),
    "everyday-av-gpu": VideoPreset(name="everyday-av-gpu", segments=10),
    "kinetics-sounds": VideoPreset(name="kinetics-sounds"),
    "kinetics-400": VideoPreset(name="kinetics-400"),
    "kinetics-400-cpu": Kinetics400Preset(name="kinetics-400-cpu"),
}
