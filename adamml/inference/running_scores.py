"""What the cells that have been run say so far: the running answer that `Scored` events carry.

Every fusion rule gives the clip means over segments, so running sums are enough: a cell costs the same at the end of an
hour as at its beginning.
"""

import torch
from torch import Tensor

from adamml.inference.events import Scored
from adamml.inference.inference_model import InferenceModel
from adamml.nn import MODALITIES, fuse
from adamml.nn.fusion import joined, pooled


class RunningScores:
    """Takes cells in any order; the sums are in double precision, so that the order leaves no trace in the scores.

    Args:
        temperature: of the clip's scores under the policy that runs, so that they are as sure as the result will be.
    """

    def __init__(self, model: InferenceModel, segments: int, temperature: float = 1.0) -> None:
        self._model, self._count, self._temperature = model, segments, temperature
        self._cells: dict[int, dict[str, Tensor]] = {}  # segment -> modality -> (K,)
        self._fused: dict[int, Tensor] = {}  # segment -> (K,)
        self._sum = torch.zeros(len(model.card.classes), dtype=torch.float64)
        self._pool: dict[str, Tensor] = {}  # modality -> (K,), for the rule that pools each by itself

    def scored(self, segment: int, modality: str, logits_K: Tensor, progress: float) -> Scored:
        """Take a cell's logits; the event that says so."""
        self._cells.setdefault(segment, {})[modality] = logits_K
        fused = self._fuse(self._cells[segment])
        if segment in self._fused:
            self._sum -= self._fused[segment]
        self._fused[segment] = fused
        self._sum += fused
        self._pool[modality] = self._pool.get(modality, 0) + pooled(modality, logits_K.double())
        verb = "Looked at" if modality == "rgb" else "Listened to"
        return Scored(
            progress=progress,
            message=f"{verb} segment {segment + 1} of {self._count}",
            segment=segment,
            modality=modality,
            segment_scores=self._model.scores(fused),
            clip_scores=self._model.scores(self._clip() / self._temperature),
        )

    def _clip(self) -> Tensor:
        """(K,) of the clip so far."""
        if self._model.fusion != "per_modality":
            return self._sum / len(self._fused)
        times = {m: sum(m in cells for cells in self._cells.values()) for m in self._pool}
        means = {m: total / times[m] for m, total in self._pool.items()}
        return joined(means, float(self._model.rgb_weight))

    def _fuse(self, cells: dict[str, Tensor]) -> Tensor:
        none = torch.zeros(len(self._model.card.classes))
        rgb, audio = (cells.get(m, none)[None, None] for m in MODALITIES)  # B = S = 1, K
        used_BSM = torch.tensor([[[float(m in cells) for m in MODALITIES]]])
        return fuse(rgb, audio, used_BSM, self._model.rgb_weight, self._model.fusion)[0][0, 0].double()
