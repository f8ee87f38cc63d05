"""Stages 2 to 4: recognizers, fusion and policy trained together or in turn, on whole clips (Panda et al., Sec. 3.3).

`JointModel` computes from raw frames and sound where a batch has them, and from what was cached where not. Training
fuses by the published rule, times a constant: renormalised, a cell that stands alone weighs 1 however it was chosen
and an empty clip has no gradient, so that the policy would learn to choose nothing.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.nn import MODALITIES, AdaMML, PolicyNetwork, fuse, gumbel_softmax_decisions, policy_penalty
from adamml.nn.gumbel import temperature_at
from adamml.nn.losses import COST_WEIGHTS, GAMMA, PenaltyForm
from adamml.nn.policy_features import small_frames
from adamml.training.decider_jobs import Task
from adamml.training.feature_bank import ClipBatch, ClipSource
from adamml.training.loop import Job, row_rng

# classifiers: of both recognizers, with the fusion weight; decider: the policy without its glimpses
Part = Literal["recognizers", "classifiers", "fusion", "policy", "decider"]
SHARPNESS = 2.0  # of clip logits in training: a few good cells of ten are then enough to be sure
# Range of the weight of picture against sound. Outside 0 to 1, renormalised fusion would divide by next to nothing and
# turn the sign of a modality that stands alone.
FUSION_RANGE = (0.05, 0.95)
PUBLISHED_EPOCHS = 20  # of stage 3, which the temperature follows however long ours is


@dataclass(frozen=True, kw_only=True)
class JointStage:
    """One joint stage.

    Attributes:
        train: which parts learn; with two or more they take turns, an epoch each (stage 3).
        epochs, steps: length, and batches per epoch.
        optimizer, rate: published: SGD 0.001 for recognizers, Adam 0.01 for the policy.
        drops: shares of the run after which the rate falls to a tenth (published: 10 and 15 of 20 epochs); empty
            lets it fall linearly to nothing.
        cost_weights: lambda for rgb and audio; None trains without the cost loss.
    """

    train: tuple[Part, ...] = ("decider",)
    epochs: int = 30
    steps: int = 20
    batch: int = 96
    optimizer: Literal["sgd", "adam"] = "adam"
    rate: float = 5e-4
    recognizer_rate: float = 1e-3
    drops: tuple[float, ...] = ()
    cost_weights: tuple[float, float] | None = COST_WEIGHTS
    gamma: float = GAMMA
    penalty: PenaltyForm = "per_clip"
    decay: float = 0.0
    seed: int = 0


class JointOutput(NamedTuple):
    """What the joint model says of a batch."""

    clip_logits: Tensor  # B, K
    decisions: Tensor  # B, S, M
    policy_logits: Tensor  # B, S, M, 2


class JointModel(nn.Module):
    """AdaMML with sampled decisions.

    Args:
        network: recognizers, fusion weight and glimpses.
        policy: which policy decides; another than the network's own for further rows of the table.
    """

    def __init__(self, network: AdaMML, policy: PolicyNetwork | None = None) -> None:
        super().__init__()
        self.network = network
        self.policy: PolicyNetwork = policy if policy is not None else network.policy

    def said(self, batch: ClipBatch) -> tuple[dict[str, Tensor], Tensor]:
        """Modality logits (B, S, K) and policy logits (B, S, M, 2)."""
        nets = self.network.recognizers
        if batch.frames is not None and batch.sound is not None:
            shape = batch.frames.shape[:2]
            frames, sound = batch.frames.flatten(0, 1), batch.sound.flatten(0, 1)
            small = small_frames(frames, self.network.kind.input.picture.glimpse)
            policy_logits = self.policy(small.unflatten(0, shape), batch.sound)
            return {
                "rgb": nets["rgb"](frames).unflatten(0, shape),
                "audio": nets["audio"](sound).unflatten(0, shape),
            }, policy_logits
        assert batch.glimpse is not None
        assert batch.features is not None
        policy_logits = self.policy.from_features(*(batch.glimpse[m] for m in MODALITIES))
        learning = any(parameter.requires_grad for parameter in nets.parameters())
        if batch.logits is not None and not learning:
            return {m: batch.logits[m] for m in MODALITIES}, policy_logits
        return {m: nets[m].classify(batch.features[m]) for m in MODALITIES}, policy_logits

    def forward(self, batch: ClipBatch, temperature: float) -> JointOutput:
        """Sample decisions, run everything, mask, fuse."""
        logits, policy_logits = self.said(batch)
        decisions = gumbel_softmax_decisions(policy_logits, temperature, uniform=batch.uniform)
        decisions = decisions * batch.present[:, None]
        weight = self.network.rgb_weight
        clip_logits = SHARPNESS * fuse(logits["rgb"], logits["audio"], decisions, weight, "published")[1]
        return JointOutput(clip_logits, decisions, policy_logits)


class JointJob(Job):
    """One joint stage as a job of the training loop.

    Args:
        model: trained in place; which parts, says the configuration.
        clips: where batches come from.
        name: of the row, for logs.
    """

    def __init__(self, model: JointModel, clips: ClipSource, config: JointStage, name: str = "adamml") -> None:
        self.config, self.clips, self.name, self.model = config, clips, name, model
        self.network: nn.Module = model
        self.steps = config.epochs * config.steps
        self.parts = [self._parameters(part) for part in config.train]
        model.requires_grad_(False)
        groups = [
            {"params": part, "lr": config.rate if kind in ("policy", "decider") else config.recognizer_rate}
            for kind, part in zip(config.train, self.parts, strict=True)
        ]
        for part in self.parts:
            for parameter in part:
                parameter.requires_grad_(True)
        self.optimizer: torch.optim.Optimizer = (
            torch.optim.SGD(groups, momentum=0.9, weight_decay=config.decay)
            if config.optimizer == "sgd"
            else torch.optim.Adam(groups, weight_decay=config.decay)
        )

    def _parameters(self, part: Part) -> list[nn.Parameter]:
        network, policy = self.model.network, self.model.policy
        if part == "fusion":
            return [network.rgb_weight]
        if part == "recognizers":
            return [*network.recognizers.parameters(), network.rgb_weight]
        if part == "classifiers":
            named = [parameter for _, net in network.recognizers.each() for parameter in net.classifier.parameters()]
            return [*named, network.rgb_weight]
        if part == "policy":
            return list(policy.parameters())
        return [*policy.joint.parameters(), *policy.lstm.parameters(), *policy.heads.parameters()]

    def rows(self) -> int:
        return self.config.batch

    def rate(self, step: int) -> float:
        share = step / self.steps
        if self.config.drops:
            return 0.1 ** sum(share >= drop for drop in self.config.drops)
        return 1 - share

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        network.eval()  # norm statistics stay as stage 1 left them
        batch = self.clips.draw([row_rng(self.config.seed, step, row) for row in rows])
        out: JointOutput = network(batch, temperature_at(PUBLISHED_EPOCHS * step // self.steps))
        return joint_loss(out, batch, self.config)

    def mask_gradients(self, step: int) -> None:
        """Parts take turns, an epoch each: whose turn it is not gets no gradient, and so no step."""
        turn = step // self.config.steps % len(self.parts)
        for place, part in enumerate(self.parts):
            if place != turn:
                for parameter in part:
                    parameter.grad = None

    def settle(self) -> None:
        """Keep the fusion weight a weight."""
        with torch.no_grad():
            self.model.network.rgb_weight.clamp_(*FUSION_RANGE)

    def measure(self) -> dict[str, float]:
        """Accuracy and selection rates on one more batch of the training side, by arg max."""
        batch = self.clips.draw([row_rng(self.config.seed, self.steps, row) for row in range(self.config.batch)])
        return quick_measure(self.model, batch)


def joint_loss(out: JointOutput, batch: ClipBatch, config: JointStage) -> Tensor:
    """Cross entropy of the fused answer, plus what was used of the modalities that the clip has."""
    loss = F.cross_entropy(out.clip_logits, batch.label)
    if config.cost_weights is None:
        return loss
    return loss + policy_penalty(
        out.decisions,
        out.clip_logits,
        batch.label,
        cost_weights=config.cost_weights,
        gamma=config.gamma,
        form=config.penalty,
    )


@torch.inference_mode()
def quick_measure(model: JointModel, batch: ClipBatch) -> dict[str, float]:
    """Accuracy in percent under the renormalised rule and selection rates in percent, by arg max."""
    model.eval()
    logits, policy_logits = model.said(batch)
    decisions = policy_logits.argmax(-1).float() * batch.present[:, None]
    clip_logits = fuse(logits["rgb"], logits["audio"], decisions, model.network.rgb_weight)[1]
    right = (clip_logits.argmax(1) == batch.label).float().mean()
    rates = {f"{m}_rate": 100 * float(decisions[..., i].mean()) for i, m in enumerate(MODALITIES)}
    return {"accuracy": 100 * float(right)} | rates


def start_open(policy: PolicyNetwork) -> None:
    """Begin by using most of what there is: an empty clip would teach nothing."""
    with torch.no_grad():
        for head in policy.heads:
            cast(nn.Linear, head).bias.copy_(torch.tensor([0.0, 1.0]))


def policy_job(task: Task) -> JointJob:
    """A policy of AdaMML's own kind over frozen recognizers; "adamml-nocost" without the cost loss."""
    policy = task.decider
    assert isinstance(policy, PolicyNetwork)
    start_open(policy)
    config = replace(task.stages.policy, seed=task.seed)
    if task.name == "adamml-nocost":
        config = replace(config, cost_weights=None)
    return JointJob(JointModel(task.network, policy), task.clips, config, task.name)
