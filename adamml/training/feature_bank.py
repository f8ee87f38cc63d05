"""Clips for training, as banks of segments have them: what every cell would say, computed once.

While the recognizers are frozen, decisions only multiply what they said. A bank therefore keeps, per segment, the
policy's glimpse, the recognizer's features and its logits; a clip is a choice of bank entries. `ComposedClips` draws
clips by the composed-clip contract, `RecordedClips` takes segments of real clips in their order.
Shapes: B clips, S segments, M modalities (rgb, audio), K classes, D features.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from adamml.datasets.sources import OTHER
from adamml.files import whole_file
from adamml.nn import MODALITIES

SEGMENTS = 10
SPAN_KINDS = {"both": 1 / 6, "picture": 1 / 3, "sound": 1 / 3, "neither": 1 / 6}
PHOTOS = (1, 3)  # per clip


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Segments of one modality."""

    glimpse: Tensor  # N, 1280
    features: Tensor  # N, D
    logits: Tensor  # N, K
    label: Tensor  # N; OTHER says nothing of any class
    source: Tensor  # N: segments of one photograph or recording share a number; -1 where there is none

    def save(self, path: Path) -> None:
        """As .npz, whole or not at all."""
        with whole_file(path, suffix=".npz") as made:
            np.savez(made, allow_pickle=False, **{f.name: getattr(self, f.name).numpy() for f in fields(self)})

    @staticmethod
    def load(path: Path) -> "Bank":
        with np.load(path) as stored:
            return Bank(**{name: torch.from_numpy(stored[name]) for name in stored.files})


@dataclass(frozen=True, kw_only=True)
class ClipBatch:
    """Clips as the joint stages see them: cached, or raw where `frames` and `sound` are given."""

    label: Tensor  # B
    present: Tensor  # B, M: 0 where the clip lacks the modality altogether
    uniform: Tensor  # B, S, M, 2: random numbers in (0, 1) for the Gumbel noise
    glimpse: Mapping[str, Tensor] | None = None  # modality -> B, S, 1280
    features: Mapping[str, Tensor] | None = None  # modality -> B, S, D
    logits: Mapping[str, Tensor] | None = None  # modality -> B, S, K
    truth: Tensor | None = None  # B, S, M: 0 useless, 1 needed, 2 redundant
    frames: Tensor | None = None  # B, S, 8, 3, 224, 224, normalized
    sound: Tensor | None = None  # B, S, 256, 256


class ClipSource(Protocol):
    """Where batches come from; every clip has random numbers of its own."""

    def draw(self, rngs: Sequence[np.random.Generator]) -> ClipBatch: ...


@dataclass(frozen=True, kw_only=True)
class Missing:
    """What the policy is shown in place of a modality that a clip lacks: modality -> (1280,)."""

    glimpse: Mapping[str, Tensor]


class ComposedClips:
    """Clips by the contract: every second independently both, picture, sound or neither, at least one not neither.

    Args:
        banks: modality -> bank of one side of the split.
        missing: fills for clips that lose a modality.
        dropout: share of clips that lose their picture, and the same again their sound.
        photos: how many photographs of the class a clip has at most, drawn from (fewest, most).
        nothing: clips in which no second says anything of any class; their label means nothing.
        confused: how often (picture, recording) is blended with one of another class. On what they were trained on,
            recognizers are surer and more often right than they will be; a policy that only saw that would trust
            them too much.
    """

    def __init__(
        self,
        banks: Mapping[str, Bank],
        missing: Missing,
        *,
        dropout: float = 0.0,
        photos: tuple[int, int] = PHOTOS,
        nothing: bool = False,
        confused: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.banks, self.missing, self.dropout, self.photos, self.nothing = banks, missing, dropout, photos, nothing
        self.confused = confused
        self.places = {m: _by_source(bank) for m, bank in banks.items()}
        self.classes = sorted(set(self.places["rgb"]) & set(self.places["audio"]) - {OTHER})

    def confusing(self, confused: tuple[float, float]) -> "ComposedClips":
        """The same clips with as much confusion."""
        other = copy.copy(self)
        other.confused = confused
        return other

    def draw(self, rngs: Sequence[np.random.Generator]) -> ClipBatch:
        """One clip from each generator."""
        plans = [self._plan(rng) for rng in rngs]
        label, present, truth, uniform, rows, others, blend = (np.stack(part) for part in zip(*plans, strict=True))
        here = torch.from_numpy(present)
        entry = {m: torch.from_numpy(rows[..., i]) for i, m in enumerate(MODALITIES)}
        shown = {
            m: torch.where(here[:, i, None, None] > 0, self.banks[m].glimpse[entry[m]], self.missing.glimpse[m])
            for i, m in enumerate(MODALITIES)
        }
        return ClipBatch(
            label=torch.from_numpy(label),
            present=here,
            uniform=torch.from_numpy(uniform),
            glimpse=shown,
            features=self._blended("features", rows, others, blend),
            logits=self._blended("logits", rows, others, blend),
            truth=torch.from_numpy(truth) * here[:, None].long(),
        )

    def _blended(self, what: str, rows: np.ndarray, others: np.ndarray, blend: np.ndarray) -> dict[str, Tensor]:
        """Features or logits (B, S, ...) by modality. Logits are linear in features, so both blend alike."""
        found = {}
        for i, m in enumerate(MODALITIES):
            values: Tensor = getattr(self.banks[m], what)
            share = torch.from_numpy(blend[..., i, None])
            own = values[torch.from_numpy(rows[..., i])]
            found[m] = own if not blend.any() else (1 - share) * own + share * values[torch.from_numpy(others[..., i])]
        return found

    def _plan(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Label, present (M,), truth (S, M), uniform (S, M, 2), entries (S, M), entries to blend in, their shares."""
        label = self.classes[int(rng.integers(len(self.classes)))]
        kinds = rng.choice(4, SEGMENTS, p=list(SPAN_KINDS.values()))
        if self.nothing:
            kinds[:] = 3
        elif (kinds == 3).all():
            kinds[rng.integers(SEGMENTS)] = rng.integers(3)
        both = kinds == 0
        useful = np.stack([both | (kinds == 1), both | (kinds == 2)], -1)
        truth = useful * (1 + both[:, None])  # a cell that repeats what the other one says is redundant
        present = np.ones(2, np.float32)
        lost = rng.random()
        if lost < 2 * self.dropout:
            present[0 if lost < self.dropout else 1] = 0
        photos = _some(rng, list(self.places["rgb"][label]), int(rng.integers(self.photos[0], self.photos[1] + 1)))
        recording = _some(rng, list(self.places["audio"][label]), 1)
        rows = np.empty((SEGMENTS, 2), np.int64)
        for i, (m, wanted) in enumerate(zip(MODALITIES, (photos, recording), strict=True)):
            of_class = [self.places[m][label][source] for source in wanted]
            nothing = np.concatenate(list(self.places[m][OTHER].values()))
            for s in range(SEGMENTS):
                rows[s, i] = rng.choice(of_class[int(rng.integers(len(of_class)))] if useful[s, i] else nothing)
        uniform = rng.random((SEGMENTS, 2, 2), np.float32).clip(1e-6, 1 - 1e-6)
        others, blend = self._confusion(rng, label, rows, useful)
        cells = truth.astype(np.int64), uniform, rows, others, blend
        return np.int64(label), present, *cells  # type: ignore[return-value]

    def _confusion(
        self, rng: np.random.Generator, label: int, rows: np.ndarray, useful: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Entries (S, M) of another class, and how much of them is blended in; mostly nothing."""
        others, blend = rows.copy(), np.zeros(rows.shape, np.float32)
        for i, m in enumerate(MODALITIES):
            if rng.random() >= self.confused[i]:
                continue
            wrong = self.classes[
                (self.classes.index(label) + int(rng.integers(1, len(self.classes)))) % len(self.classes)
            ]
            source = _some(rng, list(self.places[m][wrong]), 1)[0]
            others[:, i] = rng.choice(self.places[m][wrong][source], len(rows))
            blend[:, i] = useful[:, i] * np.float32(rng.uniform(0.3, 1.0))
        return others, blend


def _some(rng: np.random.Generator, sources: list[int], count: int) -> list[int]:
    return [sources[int(k)] for k in rng.choice(len(sources), min(count, len(sources)), replace=False)]


def _by_source(bank: Bank) -> dict[int, dict[int, np.ndarray]]:
    """label -> source -> entries."""
    found: dict[int, dict[int, list[int]]] = {}
    for entry, (label, source) in enumerate(zip(bank.label.tolist(), bank.source.tolist(), strict=True)):
        found.setdefault(label, {}).setdefault(source, []).append(entry)
    return {label: {k: np.array(v) for k, v in sources.items()} for label, sources in found.items()}


class RecordedClips:
    """Segments of real clips in their order.

    Args:
        banks: modality -> bank with the segments of all clips one after the other, `source` numbering the clips. A
            bank without a clip's modality holds rows for it all the same; `present` says that they count for nothing.
        present: (clips, M).
        dropout: share of clips that lose their picture for once, and the same again their sound.
    """

    def __init__(self, banks: Mapping[str, Bank], present: Tensor, missing: Missing, *, dropout: float = 0.0) -> None:
        self.banks, self.present, self.missing, self.dropout = banks, present, missing, dropout
        source = banks["rgb"].source.numpy()
        self.rows = [np.flatnonzero(source == clip) for clip in range(len(present))]
        self.balanced = _by_label([int(banks["rgb"].label[rows[0]]) for rows in self.rows])

    def draw(self, rngs: Sequence[np.random.Generator]) -> ClipBatch:
        """One clip from each generator, classes equally often."""
        labels = sorted(self.balanced)
        picked = [int(rng.choice(self.balanced[labels[int(rng.integers(len(labels)))]])) for rng in rngs]
        present = self.present[picked].clone()
        for place, rng in enumerate(rngs):
            lost = rng.random()
            if lost < 2 * self.dropout and bool((present[place] > 0).all()):
                present[place, 0 if lost < self.dropout else 1] = 0
        return self._batch(picked, present, rngs)

    def all(self) -> ClipBatch:
        """Every clip once, in order, nothing dropped."""
        count = len(self.rows)
        return self._batch(list(range(count)), self.present, [np.random.default_rng(k) for k in range(count)])

    def _batch(self, picked: list[int], present: Tensor, rngs: Sequence[np.random.Generator]) -> ClipBatch:
        rows = torch.from_numpy(np.stack([self.rows[clip] for clip in picked]))  # B, S
        segments = rows.shape[1]
        uniform = np.stack([rng.random((segments, 2, 2), np.float32).clip(1e-6, 1 - 1e-6) for rng in rngs])
        shown = {
            m: torch.where(present[:, i, None, None] > 0, self.banks[m].glimpse[rows], self.missing.glimpse[m])
            for i, m in enumerate(MODALITIES)
        }
        return ClipBatch(
            label=self.banks["rgb"].label[rows[:, 0]],
            present=present,
            uniform=torch.from_numpy(uniform),
            glimpse=shown,
            features={m: self.banks[m].features[rows] for m in MODALITIES},
            logits={m: self.banks[m].logits[rows] for m in MODALITIES},
        )


def _by_label(labels: list[int]) -> dict[int, np.ndarray]:
    return {label: np.flatnonzero(np.array(labels) == label) for label in set(labels)}
