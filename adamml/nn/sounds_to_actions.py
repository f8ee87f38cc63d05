"""What is heard as evidence of what is done: from 527 sounds to the classes of a model, by a table.

The table (sound, action, weight from 0 to 1) is written from the names and definitions of both. What is learned from
clips belongs to no single class: how often each sound scores what it does when nothing in particular is heard
(`background`), below which score a sound is not to be relied on (`floor`), and how much all of it weighs (`scale`). So
a figure on some classes holds for those without clips too.

    surprise of sound j   z_j = max(0, log((score_j + floor) / (background_j + floor)))
    evidence of action k  e_k = scale * max over the table's pairs (j, k) of weight_jk * z_j

Evidence is never negative: that a sound is missing says little, and most actions make none.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from adamml.nn.tagger import NUM_SOUNDS

_COLUMNS = ("sound_P", "action_P", "weight_P")


class SoundsToActions(nn.Module):
    """The table as a head of the tagger.

    Args:
        num_classes: K; the table comes with `fill`, or with saved weights, which bring its P lines.
    """

    sound_P: Tensor  # noqa: N815
    action_P: Tensor  # noqa: N815
    weight_P: Tensor  # noqa: N815
    background_N: Tensor  # noqa: N815
    floor: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        for name in _COLUMNS:  # numbers of sounds and of actions are kept as floats, as all weights on disk are
            self.register_buffer(name, torch.zeros(0))
        self.register_buffer("background_N", torch.full((NUM_SOUNDS,), 0.01))
        self.register_buffer("floor", torch.full((1,), 0.01))
        self.scale = nn.Parameter(torch.ones(1))

    def fill(self, table: Sequence[tuple[int, int, float]]) -> None:
        """Take the table's lines: number of the sound, number of the action, weight.

        Raises:
            ValueError: when one of them is no such line.
        """
        for sound, action, weight in table:
            if not (0 <= sound < NUM_SOUNDS and 0 <= action < self.num_classes and 0 < weight <= 1):
                raise ValueError(f"no pair of a sound, an action and a weight: {(sound, action, weight)}")
        for name, column in zip(_COLUMNS, zip(*table, strict=True), strict=True):
            setattr(self, name, torch.tensor(column, dtype=torch.float32))

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *more: object) -> None:
        for name in _COLUMNS:  # a table has as many lines as it has
            if (stored := state_dict.get(prefix + name)) is not None:
                setattr(self, name, torch.zeros_like(stored))
        super()._load_from_state_dict(state_dict, prefix, *more)

    def forward(self, features_BD: Tensor, sounds_BN: Tensor) -> Tensor:
        """Logits of the sounds (..., 527) -> evidence of the classes (..., K)."""
        surprise_BN = ((sounds_BN.sigmoid() + self.floor).log() - (self.background_N + self.floor).log()).clamp(min=0)
        evidence_BP = surprise_BN[..., self.sound_P.long()] * self.weight_P
        none_BK = evidence_BP.new_zeros(*sounds_BN.shape[:-1], self.num_classes)
        actions_BP = self.action_P.long().expand_as(evidence_BP)
        return self.scale * none_BK.scatter_reduce(-1, actions_BP, evidence_BP, "amax")
