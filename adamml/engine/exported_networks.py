"""Every network of a model in the form in which it is exported: named inputs and outputs, one segment at a time.

The parts of `adamml.engine.submodules` take a segment's raw input; classifiers take their features; a decider takes one
step, its state in and out. What has no fixed form here (a policy network that was registered from outside) is left out.
Shapes: D features, K classes, M modalities (rgb, audio), H of an LSTM.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adamml.engine.submodules import example_of, parts_of
from adamml.nn import MODALITIES, AdaMML
from adamml.nn.cascade import CascadeNetwork, CascadeState
from adamml.nn.liteeval import LiteEvalNetwork, LiteEvalState
from adamml.nn.policy import PolicyNetwork, PolicyState


@dataclass(frozen=True, kw_only=True)
class ExportedNetwork:
    """One graph.

    Attributes:
        about: what it does, for people.
        inputs: name -> an input that is not all alike, which also gives its shape; batches are of one.
        outputs: their names.
    """

    name: str
    about: str
    module: nn.Module
    inputs: Mapping[str, Tensor]
    outputs: tuple[str, ...]


def exported_networks(network: AdaMML, deciders: Mapping[str, nn.Module]) -> Iterator[ExportedNetwork]:
    """In the order in which a clip needs them."""
    for name, part in parts_of(network).items():
        role, _, modality = name.partition("_")
        glimpse = (
            "what the policy is given" if role == "glimpse" else "what the classifier, and some policies, are given"
        )
        yield ExportedNetwork(
            name=name,
            about=f"{modality} of one segment, as `input` describes it -> features: {glimpse}",
            module=part,
            inputs={"input": example_of(network, name)},
            outputs=("features",),
        )
    for spec in network.kind.modalities:
        recognizer = network.recognizers[spec.name]
        features = {"features": _numbers(1, spec.feature_dim)}
        yield ExportedNetwork(
            name=f"classify_{spec.name}",
            about=f"features_{spec.name} -> logits of the classes",
            module=_Method(recognizer, "classify"),
            inputs=features,
            outputs=("logits",),
        )
        if spec.names_sounds:
            yield ExportedNetwork(
                name="sounds",
                about="features_audio -> logits of the sounds that it can name; a score is the sigmoid of one",
                module=_Method(recognizer, "sounds"),
                inputs=features,
                outputs=("logits",),
            )
    for name, decider in deciders.items():
        yield from _steps(name, decider, network)


def _steps(name: str, decider: nn.Module, network: AdaMML) -> Iterator[ExportedNetwork]:
    widths = {spec.name: spec.glimpse_dim for spec in network.kind.modalities}
    classes = network.num_classes
    if isinstance(decider, PolicyNetwork):
        state = _state(decider.initial_state(1))
        given = {m: _numbers(1, widths[m]) for m in MODALITIES}
        known = ", ".join(f"features_{m}" if m in network.shared else f"glimpse_{m}" for m in MODALITIES)
        yield ExportedNetwork(
            name=name,
            about=f"one segment's decision from {known} and the state before (zeros first); logits (1, M, 2), index 1 "
            "means use, are part of the state",
            module=_PolicyStep(decider),
            inputs=given | {f"{key}_before": value for key, value in state.items()},
            outputs=tuple(state),
        )
    elif isinstance(decider, CascadeNetwork):
        state = _state(decider.initial_state(1))
        given = {
            "features": _numbers(1, decider.feature_dim),
            "logits_audio": _numbers(1, classes),
            "logits_clip": _numbers(1, classes),
            "present": torch.ones(1, 1),
            "logits_known": _numbers(1, classes),
            "looked": torch.full((1, 1), 0.25),
        }
        yield ExportedNetwork(
            name=name,
            about="whether to look at a segment: features_audio, what it says of this segment and on average of the "
            "clip, 1 where there is sound, the answer of all heard and seen so far, the share looked at so far, and "
            "the state before (zeros first); logits (1, 2), index 1 means look",
            module=_CascadeStep(decider),
            inputs=given | {f"{key}_before": value for key, value in state.items()},
            outputs=tuple(state),
        )
    elif isinstance(decider, LiteEvalNetwork):
        yield from _liteeval(name, decider)


def _liteeval(name: str, decider: LiteEvalNetwork) -> Iterator[ExportedNetwork]:
    state = _state(decider.initial_state(1))
    coarse, fine = decider.coarse.input_size, decider.fine.input_size
    yield ExportedNetwork(
        name=f"{name}-glance",
        about="what the policy is given of both modalities, joined, and the state before (zeros first) -> the coarse "
        "state, and the gate's logits (1, 2), index 1 means run both recognizers. Where it says no, the coarse state "
        "is written over the first values of the fine one",
        module=_Glance(decider),
        inputs={"coarse": _numbers(1, coarse)} | {f"{key}_before": value for key, value in state.items()},
        outputs=("coarse_hidden", "coarse_cell", "gate"),
    )
    before = {f"{key}_before": state[key] for key in ("fine_hidden", "fine_cell")}
    yield ExportedNetwork(
        name=f"{name}-look",
        about="features of both recognizers, joined, and the fine state before -> the fine state",
        module=_Look(decider),
        inputs={"fine": _numbers(1, fine)} | before,
        outputs=("fine_hidden", "fine_cell"),
    )
    if decider.names_classes:
        yield ExportedNetwork(
            name=f"{name}-classify",
            about="the fine state -> logits of the classes, after each segment",
            module=decider.classifier,
            inputs={"fine_hidden": state["fine_hidden"]},
            outputs=("logits",),
        )


class _Method(nn.Module):
    """A method of a network, as a network."""

    def __init__(self, network: nn.Module, method: str) -> None:
        super().__init__()
        self.network, self.method = network, method

    def forward(self, features_BD: Tensor) -> Tensor:
        return getattr(self.network, self.method)(features_BD)


class _PolicyStep(nn.Module):
    def __init__(self, network: PolicyNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, rgb: Tensor, audio: Tensor, hidden: Tensor, cell: Tensor, logits: Tensor) -> PolicyState:
        return self.network.observe(rgb, audio, PolicyState(hidden, cell, logits))


class _CascadeStep(nn.Module):
    def __init__(self, network: CascadeNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *given: Tensor) -> CascadeState:
        features, logits, clip, present, known, looked, *state = given
        return self.network.step(features, logits, clip, present, known, looked, CascadeState(*state))


class _Glance(nn.Module):
    def __init__(self, network: LiteEvalNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, coarse: Tensor, *state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        after, gate = self.network.glance(coarse, LiteEvalState(*state))
        return after.coarse_hidden, after.coarse_cell, gate


class _Look(nn.Module):
    def __init__(self, network: LiteEvalNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, fine: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.fine(fine, (hidden, cell))


def _numbers(*shape: int) -> Tensor:
    """The same every time, and of both signs."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def _state(state: PolicyState | CascadeState | LiteEvalState) -> dict[str, Tensor]:
    """A state that is not zero, by name."""
    return {name: 0.5 * _numbers(*value.shape).tanh() for name, value in state._asdict().items()}
