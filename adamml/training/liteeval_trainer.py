"""Training LiteEval: classify after every segment, keep the share of fine looks near a target (Wu et al., Sec. 3)."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.nn import MODALITIES, AdaMML, fuse, gumbel_softmax_decisions
from adamml.nn.fusion import training_rule
from adamml.nn.liteeval import LiteEvalNetwork
from adamml.training.decider_jobs import Task
from adamml.training.decision_trainer import DeciderJob
from adamml.training.feature_bank import ClipBatch, ClipSource
from adamml.training.loop import mean_over_processes


@dataclass(frozen=True, kw_only=True)
class LiteEvalStage:
    """How LiteEval is trained.

    Attributes:
        target: share of segments that should be looked at finely.
        usage_weight: of the squared distance from the target.
        steps_weight: of the mean cross entropy after every segment, beside that after the last one.
    """

    steps: int = 1200
    batch: int = 96
    rate: float = 1e-3
    target: float = 0.4
    usage_weight: float = 4.0
    steps_weight: float = 0.3
    decay: float = 1e-5
    seed: int = 0


class LiteEvalModel(nn.Module):
    """LiteEval over cached features; what a clip lacks is a fill to the coarse LSTM and zeros to the fine one.

    Args:
        network: whose fused answer a gate without a classifier of its own is trained on.
    """

    rgb_weight: Tensor

    def __init__(self, net: LiteEvalNetwork, network: AdaMML) -> None:
        super().__init__()
        self.net = net
        self.fusion = training_rule(network.kind.fusion)
        self.register_buffer("rgb_weight", network.rgb_weight.detach().clone())

    def forward(self, batch: ClipBatch, temperature: float) -> tuple[Tensor, Tensor]:
        """Class logits (B, S, K) after each segment, or (B, 1, K) of the clip from the gate alone; decisions (B, S)."""
        assert batch.glimpse is not None
        assert batch.features is not None
        coarse = torch.cat([batch.glimpse[m] for m in MODALITIES], -1)
        fine = torch.cat([batch.features[m] * batch.present[:, None, i : i + 1] for i, m in enumerate(MODALITIES)], -1)
        noise = iter(batch.uniform[:, :, 0].unbind(1))

        def decide(gate_B2: Tensor) -> Tensor:
            return gumbel_softmax_decisions(gate_B2, temperature, uniform=next(noise))

        _, decisions, classes = self.net(coarse, fine, decide)
        if self.net.names_classes:
            return classes, decisions
        assert batch.logits is not None
        cells = decisions[..., None] * batch.present[:, None]
        clip_BK = fuse(batch.logits["rgb"], batch.logits["audio"], cells, self.rgb_weight, self.fusion)[1]
        return clip_BK[:, None], decisions


class LiteEvalJob(DeciderJob):
    """LiteEval as a job of the training loop; glimpses and recognizers stay as they are."""

    name = "liteeval"

    def __init__(self, net: LiteEvalNetwork, network: AdaMML, clips: ClipSource, config: LiteEvalStage) -> None:
        self.config, self.clips, self.steps = config, clips, config.steps
        self.network: nn.Module = LiteEvalModel(net, network)
        self.optimizer = torch.optim.Adam(net.parameters(), lr=config.rate, weight_decay=config.decay)

    def answer(self, said: Tensor) -> Tensor:
        return said[:, -1]

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        batch = self.drawn(step, rows)
        classes, decisions = network(batch, self.temperature(step))
        count = classes.shape[1]
        every = F.cross_entropy(classes.flatten(0, 1), batch.label.repeat_interleave(count))
        last = F.cross_entropy(self.answer(classes), batch.label)
        usage = squared_distance(decisions.mean(), self.config.target)
        return last + self.config.steps_weight * every + self.config.usage_weight * usage


def squared_distance(share: Tensor, target: float) -> Tensor:
    """(mean share over all processes - target) squared; `share` is this process's mean.

    The square of a mean is no mean of squares: processes that each took their own would train something else than one
    process does. The value is that of the whole batch, and so is the gradient once it is averaged over the processes.
    """
    whole = mean_over_processes(share.detach())
    return (whole - target).square() + 2 * (whole - target) * (share - share.detach())


def liteeval_job(task: Task) -> LiteEvalJob:
    """LiteEval over frozen recognizers."""
    assert isinstance(task.decider, LiteEvalNetwork)
    return LiteEvalJob(task.decider, task.network, task.clips, replace(task.stages.liteeval, seed=task.seed))
