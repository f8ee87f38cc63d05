"""Multiply-accumulates of what really ran.

Each network is walked once, layer by layer, without the numbers; a run's cost is then the number of times each part
ran. Two conventions: the full count, and the published one, which leaves out classifiers,
the policy's joint layers and heads, the LSTM's feedback inputs and the fusion. 1 MAC = 2 FLOPs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from adamml.inputs import PictureInput
from adamml.nn import AdaMML
from adamml.nn.macs import CountsSteps, StepCost, count_macs, layer_macs, outline
from adamml.nn.modalities import ModalitySpec
from adamml.nn.policy_features import SMALL_SIZE
from adamml.results.analysis import Macs


def _input(spec: ModalitySpec) -> Tensor:
    """What a modality's recognizer is given of one segment, by its shape."""
    if isinstance(spec.input, PictureInput):
        frames, height, width, colors = spec.input.shape
        return torch.zeros(()).expand(1, frames, colors, height, width)
    return torch.zeros(()).expand(1, *spec.input.shape)


def _glimpse_input(spec: ModalitySpec) -> Tensor:
    """What the policy's own network for a modality is given."""
    if isinstance(spec.input, PictureInput):
        return torch.zeros(()).expand(1, len(spec.input.glimpse), 3, SMALL_SIZE, SMALL_SIZE)
    return torch.zeros(()).expand(1, *spec.input.shape)


@dataclass(frozen=True, kw_only=True)
class Runs:
    """How often each part ran on a clip.

    Attributes:
        rgb, audio: segments of which a recognizer was asked for its answer.
        features_rgb, features_audio: segments whose recognizer ran, be it for the policy alone; never fewer than were
            asked for an answer, whatever is said here.
        glimpse_rgb, glimpse_audio: segments at which the policy looked or listened with a network of its own.
    """

    rgb: int = 0
    audio: int = 0
    features_rgb: int = 0
    features_audio: int = 0
    glimpse_rgb: int = 0
    glimpse_audio: int = 0
    decider: str = "adamml"
    decide: int = 0  # steps of the decider (AdaMML: joint layers, LSTM and heads)
    judge: int = 0  # steps of a decider that names the class itself (LiteEval's fine LSTM)
    fuse: int = 0


@dataclass(frozen=True, kw_only=True)
class CostModel:
    """MACs of every part for one segment, in the full count, with what the published convention leaves out."""

    rgb: int
    rgb_classifier: int
    audio: int
    audio_classifier: int
    glimpse_rgb: int
    glimpse_audio: int
    joint: int
    lstm: int
    lstm_feedback: int
    heads: int
    fuse: int
    others: Mapping[str, StepCost] = field(default_factory=dict)  # of networks that count their own steps, by name
    shared: frozenset[str] = frozenset()  # modalities whose recognizer is the policy's glimpse as well

    @staticmethod
    def of(network: AdaMML, deciders: Mapping[str, nn.Module] | None = None) -> "CostModel":
        """Measure a network's parts, and deciders of other kinds than its own policy. All are left as they were."""
        others = {name: net.step_cost() for name, net in (deciders or {}).items() if isinstance(net, CountsSteps)}
        walked = outline(network)
        kind, policy = network.kind, walked.policy

        def recognizer(spec: ModalitySpec) -> tuple[int, int]:
            net = walked.recognizers[spec.name]
            whole = count_macs(net, lambda module: module(_input(spec)))
            told = torch.zeros(1, spec.feature_dim)
            return whole, count_macs(net, lambda _: net.classify(told))

        def glimpse(spec: ModalitySpec) -> int:
            if spec.name in network.shared:
                return 0
            return count_macs(policy.get_submodule(spec.name), lambda module: module(_glimpse_input(spec)))

        (rgb, rgb_classifier), (audio, audio_classifier) = recognizer(kind.rgb), recognizer(kind.audio)
        k, m = network.num_classes, policy.num_modalities
        hidden = policy.lstm.hidden_size
        return CostModel(
            rgb=rgb,
            rgb_classifier=rgb_classifier,
            audio=audio,
            audio_classifier=audio_classifier,
            glimpse_rgb=glimpse(kind.rgb),
            glimpse_audio=glimpse(kind.audio),
            joint=sum(layer_macs(layer) for layer in policy.joint if isinstance(layer, nn.Linear)),
            lstm=layer_macs(policy.lstm),
            lstm_feedback=4 * hidden * (policy.lstm.input_size - policy.joint_dim),
            heads=m * 2 * hidden,
            fuse=m * k,
            others=others,
            shared=network.shared,
        )

    def step(self, decider: str) -> StepCost:
        """What one step of a decider costs; policies of AdaMML's kind all cost the same."""
        own = StepCost(decide=self.joint + self.lstm + self.heads, decide_published=self.lstm - self.lstm_feedback)
        return self.others.get(decider, own)

    def full(self, runs: Runs) -> Macs:
        """Everything that ran."""
        step = self.step(runs.decider)
        decide = runs.decide * step.decide
        return Macs(
            decide=decide + runs.glimpse_rgb * self.glimpse_rgb + runs.glimpse_audio * self.glimpse_audio,
            rgb=max(runs.rgb, runs.features_rgb) * self.rgb,
            audio=max(runs.audio, runs.features_audio) * self.audio,
            fusion=runs.fuse * self.fuse + runs.judge * step.judge,
        )

    def published(self, runs: Runs) -> Macs:
        """The same runs as the paper counts them."""
        step = self.step(runs.decider)
        decide = runs.decide * step.decide_published
        return Macs(
            decide=decide + runs.glimpse_rgb * self.glimpse_rgb + runs.glimpse_audio * self.glimpse_audio,
            rgb=max(runs.rgb, runs.features_rgb) * (self.rgb - self.rgb_classifier),
            audio=max(runs.audio, runs.features_audio) * (self.audio - self.audio_classifier),
            fusion=runs.judge * step.judge_published,
        )
