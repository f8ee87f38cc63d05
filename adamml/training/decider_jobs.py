"""The training job of every policy behind which a network decides, by the trainer that its `PolicySpec` names."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import torch
from torch import nn

from adamml.nn import AdaMML
from adamml.nn.policy_networks import new_policy_network
from adamml.results.policy_spec import spec_of
from adamml.training.feature_bank import ClipSource
from adamml.training.loop import Job


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a trainer is given.

    Attributes:
        name: of the policy.
        network: the model, whose recognizers stay as they are; decider: what is trained.
        clips: where batches come from.
        stages: the preset; a trainer takes the settings of its own kind.
        seed: of this training.
    """

    name: str
    network: AdaMML
    decider: nn.Module
    clips: ClipSource
    stages: Any
    seed: int


class Trainer(Protocol):
    def __call__(self, task: Task) -> Job: ...


def decider_job(name: str, network: AdaMML, clips: ClipSource, stages: Any, seed: int = 0) -> tuple[Job, nn.Module]:
    """A job that trains a fresh network for this policy, and that network.

    Its initial weights depend on the seed alone, not on what ran before, and so not on where a run was resumed. For
    "adamml" it is another of the model's own policy's kind, so that several seeds can be trained beside each other.

    Raises:
        ValueError: for a policy that nobody trains.
    """
    spec = spec_of(name)
    if not spec.trainer:
        raise ValueError(f"the policy {name!r} is not trained")
    torch.manual_seed(seed)
    decider = new_policy_network("adamml-own" if name == "adamml" else name, network)
    module, _, function = spec.trainer.partition(":")
    trainer: Trainer = getattr(import_module(module), function)
    task = Task(name=name, network=network, decider=decider, clips=clips, stages=stages, seed=seed)
    return trainer(task), decider
