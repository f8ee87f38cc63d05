"""What all recognizers have in common, whatever their network: features of a segment, then classes.

Features are the mean of the last feature maps; the classifier comes after it. So Grad-CAM, cached features and the
engine treat every recognizer alike.
"""

from collections.abc import Iterator
from typing import Any, cast

from torch import Tensor, nn


class SegmentRecognizer(nn.Module):
    """One modality's recognizer.

    Attributes:
        net: the network, mostly another library's, whose layers are reached by their names there.
        feature_dim: D.
    """

    net: Any
    feature_dim: int

    @property
    def classifier(self) -> nn.Module:
        """The layer that names classes, as far as it can be trained."""
        raise NotImplementedError

    def maps(self, observed: Tensor) -> Tensor:
        """(B, ...) -> the last feature maps (B, D, ...), whose mean the features are."""
        raise NotImplementedError

    def features(self, observed: Tensor) -> Tensor:
        """(B, ...) -> (B, D)."""
        raise NotImplementedError

    def classify(self, features_BD: Tensor) -> Tensor:
        """(B, D) -> logits (B, K)."""
        raise NotImplementedError

    def sounds(self, features_BD: Tensor) -> Tensor:
        """(B, D) -> logits of the sounds that it can name, for recognizers whose `ModalitySpec.names_sounds` is set."""
        raise NotImplementedError

    def forward(self, observed: Tensor) -> Tensor:
        """(B, ...) -> logits (B, K)."""
        return self.classify(self.features(observed))


class Recognizers(nn.ModuleDict):
    """Recognizers by modality."""

    def __getitem__(self, modality: str) -> SegmentRecognizer:
        return cast(SegmentRecognizer, super().__getitem__(modality))

    def each(self) -> Iterator[tuple[str, SegmentRecognizer]]:
        """Modality and recognizer, in order."""
        for modality in self:
            yield modality, self[modality]
