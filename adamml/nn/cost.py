"""Multiply-accumulates of what really ran.

Each network is walked once on the meta device (shapes without numbers), layer by layer; a run's cost is then the
number of times each part ran. Two conventions: the full count, and the published one, which leaves out classifiers,
the policy's joint layers and heads, the LSTM's feedback inputs and the fusion. 1 MAC = 2 FLOPs.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from adamml.inputs import PictureInput
from adamml.nn import AdaMML
from adamml.nn.cascade import CascadeNetwork
from adamml.nn.liteeval import LiteEvalNetwork
from adamml.nn.modalities import ModalitySpec
from adamml.nn.policy_features import SMALL_SIZE
from adamml.results.analysis import Macs


def _meta_input(spec: ModalitySpec) -> Tensor:
    """What a modality's recognizer is given of one segment: a shape without numbers."""
    if isinstance(spec.input, PictureInput):
        frames, height, width, colors = spec.input.shape
        return torch.empty((1, frames, colors, height, width), device="meta")
    return torch.empty((1, *spec.input.shape), device="meta")


def _meta_glimpse(spec: ModalitySpec) -> Tensor:
    """What the policy's own network for a modality is given."""
    if isinstance(spec.input, PictureInput):
        return torch.empty((1, len(spec.input.glimpse), 3, SMALL_SIZE, SMALL_SIZE), device="meta")
    return torch.empty((1, *spec.input.shape), device="meta")


def count_macs(module: nn.Module, call: Callable[[nn.Module], object]) -> int:
    """MACs of convolutions, linear layers and LSTM cells below `module` while `call(module)` runs.

    Norms, activations, pooling and additions are not counted, as is usual.
    """
    total = 0

    def on_conv(layer: nn.Conv2d | nn.Conv3d, _: object, out: Tensor) -> None:
        nonlocal total
        per_value = layer.in_channels // layer.groups * math.prod(layer.kernel_size)
        total += out.numel() * per_value

    def on_linear(layer: nn.Linear, _: object, out: Tensor) -> None:
        nonlocal total
        total += out.numel() * layer.in_features

    def on_lstm(layer: nn.LSTMCell, _: object, out: tuple[Tensor, Tensor]) -> None:
        nonlocal total
        total += 4 * out[0].numel() * (layer.input_size + layer.hidden_size)

    counters = {nn.Conv2d: on_conv, nn.Conv3d: on_conv, nn.Linear: on_linear, nn.LSTMCell: on_lstm}
    hooks = [
        layer.register_forward_hook(count)
        for layer in module.modules()
        for kind, count in counters.items()
        if isinstance(layer, kind)
    ]
    try:
        with torch.no_grad():
            call(module)
    finally:
        for hook in hooks:
            hook.remove()
    return total


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
class StepCost:
    """MACs of one step of a decider, in the full count and in the published convention."""

    decide: int = 0
    decide_published: int = 0
    judge: int = 0
    judge_published: int = 0

    @staticmethod
    def of(decider: nn.Module) -> "StepCost":
        """Measure a cascade or LiteEval. By analogy with AdaMML, the published convention takes the LSTMs alone."""
        meta = copy.deepcopy(decider).to("meta").eval()

        def count(layer: nn.Module, width: int) -> int:
            return count_macs(layer, lambda net: net(torch.empty(1, width, device="meta")))

        if isinstance(meta, CascadeNetwork):
            lstm = count(meta.lstm, meta.lstm.input_size)
            feedback = 4 * meta.lstm.hidden_size * 2
            heard = count(meta.heard, meta.heard[0].in_features)
            return StepCost(
                decide=heard + lstm + count(meta.head, meta.head.in_features), decide_published=lstm - feedback
            )
        if isinstance(meta, LiteEvalNetwork):
            coarse, fine = count(meta.coarse, meta.coarse.input_size), count(meta.fine, meta.fine.input_size)
            named = [meta.gate, *([meta.classifier] if meta.names_classes else [])]
            return StepCost(
                decide=coarse + sum(count(layer, layer.in_features) for layer in named),
                decide_published=coarse,
                judge=fine,
                judge_published=fine,
            )
        raise TypeError(f"no way to count the steps of {type(decider).__name__}")


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
    others: Mapping[str, StepCost] = field(default_factory=dict)  # deciders of other kinds, by name
    shared: frozenset[str] = frozenset()  # modalities whose recognizer is the policy's glimpse as well

    @staticmethod
    def of(network: AdaMML, deciders: Mapping[str, nn.Module] | None = None) -> "CostModel":
        """Measure a network's parts, and deciders of other kinds. All are left as they were."""
        kinds = (CascadeNetwork, LiteEvalNetwork)
        others = {name: StepCost.of(net) for name, net in (deciders or {}).items() if isinstance(net, kinds)}
        meta = copy.deepcopy(network).to("meta").eval()
        kind, policy = network.kind, meta.policy

        def recognizer(spec: ModalitySpec) -> tuple[int, int]:
            net = meta.recognizers[spec.name]
            whole = count_macs(net, lambda module: module(_meta_input(spec)))
            told = torch.empty(1, spec.feature_dim, device="meta")
            return whole, count_macs(net, lambda module: module.classify(told))

        def glimpse(spec: ModalitySpec) -> int:
            if spec.name in network.shared:
                return 0
            return count_macs(policy.get_submodule(spec.name), lambda module: module(_meta_glimpse(spec)))

        (rgb, rgb_classifier), (audio, audio_classifier) = recognizer(kind.rgb), recognizer(kind.audio)
        lstm_in = torch.empty(1, policy.lstm.input_size, device="meta")
        k, m = network.num_classes, policy.num_modalities
        hidden = policy.lstm.hidden_size
        return CostModel(
            rgb=rgb,
            rgb_classifier=rgb_classifier,
            audio=audio,
            audio_classifier=audio_classifier,
            glimpse_rgb=glimpse(kind.rgb),
            glimpse_audio=glimpse(kind.audio),
            joint=count_macs(policy.joint, lambda net: net(torch.empty(1, net[0].in_features, device="meta"))),
            lstm=count_macs(policy.lstm, lambda cell: cell(lstm_in)),
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
