"""What training the cascade and training LiteEval have in common: cached clips, a linear rate, one way to measure."""

import torch
from torch import Tensor

from adamml.nn.gumbel import temperature_at
from adamml.training.feature_bank import ClipBatch, ClipSource
from adamml.training.joint import PUBLISHED_EPOCHS
from adamml.training.loop import Job, row_rng

MEASURED_CLIPS = 64


class DeciderJob(Job):
    """A network that decides over frozen recognizers. Its configuration has `steps`, `batch` and `seed`.

    `network(batch, temperature)` gives logits whose last axis is classes and decisions (B, S).
    """

    clips: ClipSource
    rate_name = "rate"  # what the share of segments that it uses is called in logs

    def rows(self) -> int:
        return int(self.config.batch)

    def rate(self, step: int) -> float:
        return 1 - step / self.steps

    def drawn(self, step: int, rows: range) -> ClipBatch:
        """These rows of a step's batch."""
        return self.clips.draw([row_rng(self.config.seed, step, row) for row in rows])

    def temperature(self, step: int) -> float:
        """Of the Gumbel-Softmax: it falls as published, however long the run."""
        return temperature_at(PUBLISHED_EPOCHS * step // self.steps)

    def answer(self, said: Tensor) -> Tensor:
        """Clip logits (B, K) out of what the network says."""
        return said

    def measure(self) -> dict[str, float]:
        """Accuracy and share of segments used, in percent, on clips of the training side, with noise."""
        batch = self.drawn(self.steps, range(MEASURED_CLIPS))
        with torch.inference_mode():
            said, used = self.network(batch, 1.0)
        right = (self.answer(said).argmax(1) == batch.label).float().mean()
        return {"accuracy": 100 * float(right), self.rate_name: 100 * float(used.mean())}
