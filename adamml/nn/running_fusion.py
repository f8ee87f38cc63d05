"""The answer so far: late fusion of cells that come one after the other, in any order.

Every fusion rule gives the clip means over segments, so running sums are enough: a cell costs the same at the end of an
hour as at its beginning. Sums are in double precision, so that the order leaves no trace in the answer. K classes.
"""

import torch
from torch import Tensor

from adamml.inputs import MODALITIES
from adamml.nn.fusion import FusionRule, fuse, joined, pooled


class RunningFusion:
    """What all cells so far say together; equals `fuse` of the same cells at once.

    Args:
        num_classes: K.
        rgb_weight: w, one number; audio weighs 1 - w.
        rule: of `fuse`, but `published`, whose mean takes skipped segments for zeros, counts those with a cell only.
    """

    def __init__(self, num_classes: int, rgb_weight: Tensor, rule: FusionRule) -> None:
        self._rgb_weight, self._rule = rgb_weight, rule
        self._none = torch.zeros(num_classes)
        self._cells: dict[int, dict[str, Tensor]] = {}  # segment -> modality -> (K,)
        self._fused: dict[int, Tensor] = {}  # segment -> (K,)
        self._sum = torch.zeros(num_classes, dtype=torch.float64)
        self._pool: dict[str, Tensor] = {}  # modality -> (K,), for the rule that pools each by itself
        self._times = dict.fromkeys(MODALITIES, 0)

    def add(self, segment: int, modality: str, logits_K: Tensor) -> Tensor:
        """Take a cell's logits; what its segment says with it, (K,)."""
        cells = self._cells.setdefault(segment, {})
        cells[modality] = logits_K
        rgb, audio = (cells.get(m, self._none)[None, None] for m in MODALITIES)  # B = S = 1, K
        used_BSM = torch.tensor([[[float(m in cells) for m in MODALITIES]]])
        fused = fuse(rgb, audio, used_BSM, self._rgb_weight, self._rule)[0][0, 0].double()
        self._sum += fused - self._fused.get(segment, 0)
        self._fused[segment] = fused
        self._pool[modality] = self._pool.get(modality, 0) + pooled(modality, logits_K.double())
        self._times[modality] += 1
        return fused

    def ran(self, segment: int) -> frozenset[str]:
        """Modalities that were added for a segment."""
        return frozenset(self._cells.get(segment, ()))

    def times(self, modality: str) -> int:
        """In how many segments a modality was added."""
        return self._times[modality]

    def clip(self) -> Tensor:
        """(K,) of the clip so far; there must be a cell."""
        if self._rule != "per_modality":
            return self._sum / len(self._fused)
        means = {m: total / self._times[m] for m, total in self._pool.items()}
        return joined(means, float(self._rgb_weight))

    def certainty(self, temperature: float) -> float:
        """Probability of the clip's likeliest class so far."""
        return float((self.clip() / temperature).softmax(-1).max())
