"""A model made ready to run: its card, its networks, what they cost, and how their answers are joined."""

from collections.abc import Collection
from dataclasses import dataclass

from torch import Tensor

from adamml.engine import Engine
from adamml.nn.confidence import softmax
from adamml.nn.cost import CostModel
from adamml.nn.fusion import FusionRule
from adamml.weights.checkpoint import ModelCard


@dataclass(frozen=True, kw_only=True)
class InferenceModel:
    """Shared by all sessions."""

    card: ModelCard
    engine: Engine
    cost: CostModel
    fusion: FusionRule

    @property
    def rgb_weight(self) -> Tensor:
        """(1,): what picture weighs against sound when both are fused."""
        return self.engine.network.rgb_weight.detach()

    def alone(self, ran: Collection[str]) -> float:
        """The temperature at which to show what a segment says, by the modalities that ran in it.

        1 but where evidence stands alone, see `ModalitySpec.evidence`.
        """
        only = self._evidence_alone(ran)
        return 1.0 if only is None else self.card.temperature(only)

    def calibrated_as(self, policy: str, ran: Collection[str]) -> str:
        """The policy whose calibration a clip's answer takes, by the modalities that ran anywhere in the clip.

        Its own; but evidence that stands alone is far too sure, whoever chose it, and takes that of the policy that
        uses nothing else.
        """
        return self._evidence_alone(ran) or policy

    def _evidence_alone(self, ran: Collection[str]) -> str | None:
        """The one modality that ran, where it gives evidence; the policy that uses it alone is called the same."""
        if len(ran) != 1:
            return None
        (only,) = ran
        return only if self.engine.network.kind.spec(only).evidence else None

    def scores(self, logits_K: Tensor) -> dict[str, float]:
        """Class -> probability."""
        return dict(zip(self.card.classes, softmax(logits_K.double().numpy()).tolist(), strict=True))
