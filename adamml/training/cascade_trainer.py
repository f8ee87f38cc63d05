"""Training the audio-first cascade: where is looking worth it, given what was heard?"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.nn import AdaMML, fuse, gumbel_softmax_decisions
from adamml.nn.cascade import CascadeNetwork
from adamml.nn.fusion import training_rule
from adamml.training.decider_jobs import Task
from adamml.training.decision_trainer import DeciderJob
from adamml.training.feature_bank import ClipBatch, ClipSource, ComposedClips

SHARPNESS = 3.0  # the mean over segments of which some say nothing is far less sure than it is right


@dataclass(frozen=True, kw_only=True)
class CascadeStage:
    """How the cascade is trained.

    Attributes:
        look_cost: weight of the squared share of segments looked at, in clips that come out right; looking at them
            all costs as much as `look_cost` nats of cross entropy.
    """

    steps: int = 1000
    batch: int = 96
    rate: float = 2e-3
    look_cost: float = 1.5
    confused: tuple[float, float] = (0.1, 0.2)
    seed: int = 0


class CascadeModel(nn.Module):
    """The cascade over frozen recognizers: decisions, and the clip logits they lead to."""

    rgb_weight: Tensor

    def __init__(self, network: AdaMML, cascade: CascadeNetwork) -> None:
        super().__init__()
        self.cascade = cascade
        self.register_buffer("rgb_weight", network.rgb_weight.detach().clone())
        self.fusion = training_rule(network.kind.fusion)

    def forward(self, batch: ClipBatch, temperature: float) -> tuple[Tensor, Tensor]:
        """Clip logits (B, K), sharpened, and decisions to look (B, S)."""
        assert batch.features is not None
        assert batch.logits is not None
        heard = batch.present[:, None, 1:].expand(-1, batch.uniform.shape[1], -1)  # B, S, 1
        noise = iter(batch.uniform[:, :, 0].unbind(1))
        weight = self.rgb_weight

        def decide(logits_B2: Tensor) -> Tensor:
            return gumbel_softmax_decisions(logits_B2, temperature, uniform=next(noise))

        features, logits = batch.features["audio"], batch.logits
        _, look = self.cascade(features, logits["audio"], logits["rgb"], heard, batch.present[:, :1], weight, decide)
        decisions = torch.stack((look, heard[..., 0]), -1)
        clip_logits = fuse(batch.logits["rgb"], batch.logits["audio"], decisions, weight, self.fusion)[1]
        return SHARPNESS * clip_logits, look


class CascadeJob(DeciderJob):
    """The cascade as a job of the training loop; recognizers stay as they are."""

    name, rate_name = "cascade", "rgb_rate"

    def __init__(self, network: AdaMML, cascade: CascadeNetwork, clips: ClipSource, config: CascadeStage) -> None:
        self.config, self.clips, self.steps = config, clips, config.steps
        self.network: nn.Module = CascadeModel(network, cascade)
        self.optimizer = torch.optim.Adam(cascade.parameters(), lr=config.rate)

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        batch = self.drawn(step, rows)
        clip_logits, look = network(batch, self.temperature(step))
        right = (clip_logits.argmax(1) == batch.label).float()
        cost = (right * look.mean(1).square()).mean()
        return F.cross_entropy(clip_logits, batch.label) + self.config.look_cost * cost


def cascade_job(task: Task) -> CascadeJob:
    """Composed clips are drawn with confusion, since recognizers are too sure of what they were trained on."""
    config = replace(task.stages.cascade, seed=task.seed)
    clips = task.clips.confusing(config.confused) if isinstance(task.clips, ComposedClips) else task.clips
    assert isinstance(task.decider, CascadeNetwork)
    return CascadeJob(task.network, task.decider, clips, config)
