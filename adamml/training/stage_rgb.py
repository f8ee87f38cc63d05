"""Stage 1, RGB: the last stage of ResNet-50 and its classifier, on a bank of what the frozen stages before it say.

First the classifier alone is fitted to the features of the initial weights, then last stage and classifier together,
gently: a high rate would wash out what ImageNet taught.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.datasets.sources import OTHER
from adamml.engine.torch_backend import channels_last
from adamml.nn.resnet import ResNet
from adamml.training.loop import Job, one_cycle, row_rng

CHUNK = 32


@dataclass(frozen=True, kw_only=True)
class RGBStage:
    """How the RGB recognizer is trained.

    Attributes:
        steps: batches for last stage and classifier together; 0 fits the classifier alone.
        probe_steps: full-batch steps for the classifier alone, at first.
        rate, classifier_rate: peaks of the one-cycle schedule, AdamW.
        moving_share: rows drawn from moving segments rather than from stills.
        balance: a class of n entries is drawn in proportion to n ** balance.
        nothing_share: rows of no class, taught as "any class is as likely".
        keep: share of the initial weights that is mixed back into the last stage at the end.
    """

    steps: int = 640
    batch: int = 32
    probe_steps: int = 300
    rate: float = 1.5e-4
    classifier_rate: float = 1e-3
    decay: float = 0.05
    moving_share: float = 0.3
    balance: float = 0.5
    nothing_share: float = 0.1
    mixup_share: float = 0.4
    smoothing: float = 0.05
    keep: float = 0.0
    seed: int = 0


class Tail(nn.Module):
    """What comes after the cached trunk: (N, 1024, 14, 14) -> logits (N, K)."""

    def __init__(self, resnet: ResNet) -> None:
        super().__init__()
        self.layer4: nn.Module = resnet.layer4
        self.fc: nn.Linear = resnet.fc

    def features(self, trunk: Tensor) -> Tensor:
        """(N, 2048)."""
        return self.layer4(trunk).mean((2, 3))

    def forward(self, trunk: Tensor) -> Tensor:
        return self.fc(self.features(trunk))


@dataclass(frozen=True, kw_only=True)
class TrunkBank:
    """Cached trunk outputs by entry."""

    trunk: Tensor  # N, 1024, 14, 14, half precision
    label: Tensor  # N

    def __len__(self) -> int:
        return len(self.label)


def read_bank(folder: Path, side: str, *names: str) -> dict[str, Tensor]:
    """The named arrays of all shards of one side, concatenated.

    Raises:
        FileNotFoundError: when the folder holds no such shard.
    """
    paths = sorted(folder.glob(f"{side}-???.npz"))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no {side} shards; make the bank first")
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for path in paths:
        with np.load(path) as shard:
            for name in names:
                parts[name].append(shard[name])
    return {name: torch.from_numpy(np.concatenate(parts.pop(name))) for name in names}


def read_trunks(folder: Path, side: str) -> TrunkBank:
    """Trunk outputs and labels of one side."""
    return TrunkBank(**read_bank(folder, side, "trunk", "label"))


@torch.no_grad()
def features_of(tail: Tail, trunk: Tensor) -> Tensor:
    """(N, 2048) in evaluation mode, a chunk at a time."""
    tail.eval()
    return torch.cat([tail.features(part.float()) for part in trunk.split(CHUNK)])


def soft_targets(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """(N,) -> (N, K): smoothed one-hot; nothing (`OTHER`) means "any class is as likely"."""
    one_hot = F.one_hot(labels.clamp(min=0), classes).float() * (1 - smoothing) + smoothing / classes
    return torch.where((labels == OTHER)[:, None], torch.full_like(one_hot, 1 / classes), one_hot)


def probe(tail: Tail, train: TrunkBank, classes: int, config: RGBStage) -> None:
    """Fit the classifier alone on fixed features."""
    x, y = features_of(tail, train.trunk), soft_targets(train.label, classes, config.smoothing)
    torch.manual_seed(config.seed)
    optimizer = torch.optim.AdamW(tail.fc.parameters(), lr=1e-2, weight_decay=config.decay)
    for step in range(config.probe_steps):
        optimizer.param_groups[0]["lr"] = 1e-2 * (1 - step / config.probe_steps)
        loss = F.cross_entropy(tail.fc(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


class RGBJob(Job):
    """Trains last stage and classifier on banks.

    Args:
        tail: of the recognizer that is trained in place, its classifier fitted by `probe`.
        stills, moving: banks to draw from.
        tests: name -> bank that is kept apart.
    """

    name = "rgb"

    def __init__(
        self, tail: Tail, stills: TrunkBank, moving: TrunkBank, tests: dict[str, TrunkBank], config: RGBStage
    ) -> None:
        self.config, self.steps, self.tests = config, config.steps, tests
        self.network: nn.Module = channels_last(tail)
        self.tail, self.banks = tail, (stills, moving)
        self.classes = tail.fc.out_features
        self.places = [_by_label(bank) for bank in self.banks]
        groups = [
            {"params": list(tail.layer4.parameters()), "lr": config.rate},
            {"params": list(tail.fc.parameters()), "lr": config.classifier_rate},
        ]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=config.decay)

    def rows(self) -> int:
        return self.config.batch

    def rate(self, step: int) -> float:
        return one_cycle(step, self.steps, warm=0.1)

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        network.eval()  # batch-norm statistics stay as measured on photographs
        drawn = [self._row(row_rng(self.config.seed, step, row)) for row in rows]
        x, y = (torch.stack(part) for part in zip(*drawn, strict=True))
        return F.cross_entropy(network(x.to(memory_format=torch.channels_last)), y)

    def _row(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """One trunk output (1024, 14, 14) and its soft target (K,); some mixed, half mirrored."""
        x, y = self._entry(rng)
        if rng.random() < self.config.mixup_share:
            share = float(rng.beta(0.4, 0.4))
            other_x, other_y = self._entry(rng)
            x, y = share * x + (1 - share) * other_x, share * y + (1 - share) * other_y
        return (x.flip(2) if rng.random() < 0.5 else x), y

    def _entry(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        which = int(rng.random() < self.config.moving_share)
        bank, places = self.banks[which], self.places[which]
        known = [label for label in places if label != OTHER]
        if OTHER in places and rng.random() < self.config.nothing_share:
            label = OTHER
        else:
            share = np.array([len(places[k]) for k in known], float) ** self.config.balance
            label = known[int(rng.choice(len(known), p=share / share.sum()))]
        index = int(rng.choice(places[label]))
        target = soft_targets(bank.label[index : index + 1], self.classes, self.config.smoothing)[0]
        return bank.trunk[index].float(), target

    def measure(self) -> dict[str, float]:
        """Top-1 in percent of each test bank over what belongs to a class, and of its weakest class."""
        return measure_tail(self.tail, self.tests)["summary"]


def _by_label(bank: TrunkBank) -> dict[int, np.ndarray]:
    return {int(k): np.flatnonzero((bank.label == k).numpy()) for k in bank.label.unique()}


@torch.no_grad()
def measure_tail(tail: Tail, tests: dict[str, TrunkBank]) -> dict[str, dict[str, float]]:
    """`summary` over all test banks, and one entry of per-class top-1 in percent for each bank."""
    found: dict[str, dict[str, float]] = {"summary": {}}
    for name, bank in tests.items():
        right = (tail.fc(features_of(tail, bank.trunk)).argmax(1) == bank.label).float()
        known = bank.label != OTHER
        per_class = {str(int(k)): 100 * float(right[bank.label == k].mean()) for k in bank.label[known].unique()}
        found[name] = per_class
        found["summary"] |= {
            name: 100 * float(right[known].mean()),
            f"{name}_count": float(known.sum()),
            f"{name}_weakest_class": min(per_class.values()),
        }
    return found
