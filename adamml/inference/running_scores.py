"""What the cells that have been run say so far, as probabilities: what `Scored` events carry."""

from torch import Tensor

from adamml.inference.events import Scored
from adamml.inference.inference_model import InferenceModel
from adamml.nn import MODALITIES
from adamml.nn.running_fusion import RunningFusion


class RunningScores:
    """Takes cells in any order.

    Args:
        policy: that runs; its scores are as sure on the way as the result will be.
    """

    def __init__(self, model: InferenceModel, segments: int, policy: str) -> None:
        self._model, self._count, self._policy = model, segments, policy
        self._fusion = RunningFusion(len(model.card.classes), model.rgb_weight, model.fusion)

    def scored(self, segment: int, modality: str, logits_K: Tensor, progress: float) -> Scored:
        """Take a cell's logits; the event that says so."""
        fused = self._fusion.add(segment, modality, logits_K)
        ran = {each for each in MODALITIES if self._fusion.times(each)}
        temperature = self._model.card.temperature(self._model.calibrated_as(self._policy, ran))
        verb = "Looked at" if modality == "rgb" else "Listened to"
        return Scored(
            progress=progress,
            message=f"{verb} segment {segment + 1} of {self._count}",
            segment=segment,
            modality=modality,
            segment_scores=self._model.scores(fused / self._model.alone(self._fusion.ran(segment))),
            clip_scores=self._model.scores(self._fusion.clip() / temperature),
        )
