"""Synthetic banks whose glimpses tell what is useful, and a network of a few thousand weights that trains on them."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.datasets.sources import OTHER
from adamml.nn import PolicyNetwork
from adamml.nn.modalities import PUBLISHED
from adamml.nn.segment_recognizer import Recognizers
from adamml.training.feature_bank import Bank, ComposedClips, Missing

K, GLIMPSE = 3, 1280
WIDTHS = {"rgb": 2048, "audio": 1280}
MISSING = Missing(glimpse={m: torch.full((GLIMPSE,), -5.0) for m in WIDTHS})


def bank(modality: str, seed: int) -> Bank:
    """Ten sources of four segments for every class and for nothing.

    The glimpse says whether a segment is of a class, the features say of which, and the last two features hold the
    entry's label and source, so that a test can read off what was picked.
    """
    generator = torch.Generator().manual_seed(seed)
    label = torch.tensor([OTHER, *range(K)]).repeat_interleave(40)
    known = (label != OTHER).float()[:, None]
    logits = 6 * F.one_hot(label.clamp(min=0), K).float() * known
    features = torch.zeros(len(label), WIDTHS[modality])
    features[:, :K] = logits
    source = torch.arange(40).repeat_interleave(4)
    features[:, -2], features[:, -1] = label, source
    glimpse = 0.1 * torch.randn(len(label), GLIMPSE, generator=generator) + known
    return Bank(glimpse=glimpse, features=features, logits=logits, label=label, source=source)


def banks() -> dict[str, Bank]:
    return {m: bank(m, seed) for seed, m in enumerate(WIDTHS)}


def composed(dropout: float = 0.0, nothing: bool = False) -> ComposedClips:
    return ComposedClips(banks(), MISSING, dropout=dropout, nothing=nothing)


class LittleRecognizer(nn.Module):
    """A classifier that reads the class off the features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Module()
        self.net.fc = self.net.classifier = nn.Linear(width, K)
        with torch.no_grad():
            self.net.fc.weight.zero_()
            self.net.fc.weight[:, :K] = torch.eye(K)
            self.net.fc.bias.zero_()

    @property
    def classifier(self) -> nn.Module:
        return self.net.fc

    def classify(self, features: Tensor) -> Tensor:
        return self.net.fc(features)


class LittlePolicy(PolicyNetwork):
    """AdaMML's policy with a narrow joint layer, over glimpses that are cached."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.joint = nn.Sequential(nn.Linear(2 * GLIMPSE, 32), nn.ReLU())
        self.lstm = nn.LSTMCell(32 + 4, 256)
        self.heads = nn.ModuleList(nn.Linear(256, 2) for _ in range(2))


class LittleNetwork(nn.Module):
    """What the training stages need of AdaMML."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.num_classes = K
        self.kind = PUBLISHED
        self.shared: frozenset[str] = frozenset()
        self.recognizers = Recognizers({m: LittleRecognizer(width) for m, width in WIDTHS.items()})
        self.rgb_weight = nn.Parameter(torch.full((1,), 0.5))
        self.policy = LittlePolicy()
