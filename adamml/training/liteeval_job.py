"""Training LiteEval: classify after every segment, keep the share of fine looks near a target (Wu et al., Sec. 3)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.nn import MODALITIES, gumbel_softmax_decisions
from adamml.nn.gumbel import temperature_at
from adamml.nn.liteeval import LiteEvalNetwork
from adamml.training.data.clips import ClipBatch, ClipSource
from adamml.training.joint import PUBLISHED_EPOCHS
from adamml.training.loop import Job, row_rng


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
    """LiteEval over cached features; what a clip lacks is a fill to the coarse LSTM and zeros to the fine one."""

    def __init__(self, net: LiteEvalNetwork) -> None:
        super().__init__()
        self.net = net

    def forward(self, batch: ClipBatch, temperature: float) -> tuple[Tensor, Tensor]:
        """Class logits (B, S, K) after each segment, and decisions (B, S)."""
        assert batch.glimpse is not None
        assert batch.features is not None
        coarse = torch.cat([batch.glimpse[m] for m in MODALITIES], -1)
        fine = torch.cat([batch.features[m] * batch.present[:, None, i : i + 1] for i, m in enumerate(MODALITIES)], -1)
        noise = iter(batch.uniform[:, :, 0].unbind(1))

        def decide(gate_B2: Tensor) -> Tensor:
            return gumbel_softmax_decisions(gate_B2, temperature, uniform=next(noise))

        _, decisions, classes = self.net(coarse, fine, decide)
        return classes, decisions


class LiteEvalJob(Job):
    """LiteEval as a job of the training loop; glimpses and recognisers stay as they are."""

    name = "liteeval"

    def __init__(self, net: LiteEvalNetwork, clips: ClipSource, config: LiteEvalStage) -> None:
        self.config, self.clips, self.steps = config, clips, config.steps
        self.network: nn.Module = LiteEvalModel(net)
        self.optimiser = torch.optim.Adam(net.parameters(), lr=config.rate, weight_decay=config.decay)

    def rows(self) -> int:
        return self.config.batch

    def rate(self, step: int) -> float:
        return 1 - step / self.steps

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        batch = self.clips.draw([row_rng(self.config.seed, step, row) for row in rows])
        classes, decisions = network(batch, temperature_at(PUBLISHED_EPOCHS * step // self.steps))
        count = classes.shape[1]
        every = F.cross_entropy(classes.flatten(0, 1), batch.label.repeat_interleave(count))
        usage = (decisions.mean() - self.config.target).square()
        last = F.cross_entropy(classes[:, -1], batch.label)
        return last + self.config.steps_weight * every + self.config.usage_weight * usage

    def measure(self) -> dict[str, float]:
        """Accuracy and share of fine looks, on clips of the training side, with noise."""
        batch = self.clips.draw([row_rng(self.config.seed, self.steps, row) for row in range(64)])
        with torch.inference_mode():
            classes, decisions = self.network(batch, 1.0)
        right = (classes[:, -1].argmax(1) == batch.label).float().mean()
        return {"accuracy": 100 * float(right), "rate": 100 * float(decisions.mean())}
