"""Real clips for the policies, as cached features: as they are, and with damaged spans whose truth is known.

A damaged clip has ten spans, its segments. Each is independently left whole, robbed of its sound, of its picture, or of
both, a quarter each, at least one not of both. In place of a picture stands black, a still of another clip, heavy blur,
or another clip's picture; in place of a sound silence, faint noise, or another clip's sound. So it is known of every
cell whether it can tell anything: needed (the only one of its span), redundant (both can), useless.
Shapes: C clips, B a batch of them, S segments, N rows of a bank, D features.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from adamml.datasets.manifest import ClipEntry
from adamml.engine import Engine, new_engine
from adamml.files import whole_file
from adamml.inference.feature_cache import FeatureCache
from adamml.inference.feature_view import FeatureView
from adamml.media import FRONT_ENDS, Clip, settings_for
from adamml.nn import MODALITIES, AdaMML
from adamml.training.cached_features import CachedFeatures
from adamml.training.feature_bank import Bank, ClipBatch, Missing

BLUR_KERNEL, BLUR_SIGMA = 61, 14.0  # pixels of 192: nothing but colors is left
NOISES, NOISE_LEVELS = 16, (0.0003, 0.01)
SPANS = ("both", "picture", "sound", "neither")


@dataclass(frozen=True, kw_only=True)
class Damage:
    """What damaged spans look and sound like to the networks.

    Attributes:
        features, glimpse: of the picture, (2 C + 1, D): every clip's blurred segment, every clip's still, black.
        blurred: (C,) which segment of a clip that is.
        audio: (NOISES + 1, D): faint noises, silence.
    """

    features: Tensor
    glimpse: Tensor
    blurred: Tensor
    audio: Tensor


def cache_damage(
    entries: Sequence[ClipEntry],
    network: AdaMML,
    segments: int,
    folder: Path,
    *,
    model: str,
    say: Callable[[str], None] = print,
) -> Damage:
    """Run one blurred segment and one still of every clip through the networks, once; kept on disk.

    Raises:
        ClipError: when a clip cannot be decoded; pass those that `cache_features` could use.
    """
    folder.mkdir(parents=True, exist_ok=True)
    engine: Engine | None = None
    rows: list[dict[str, Tensor]] = []
    for done, entry in enumerate(entries, start=1):
        state = entry.path.stat()
        what = (str(entry.path), state.st_size, state.st_mtime_ns, entry.start, entry.end, segments, model)
        path = folder / f"damage-{hashlib.sha256(repr(what).encode()).hexdigest()[:24]}.npz"
        if not path.exists():
            engine = engine or new_engine(network)
            found = _damaged(entry, segments, engine)
            with whole_file(path, suffix=".npz") as made:
                np.savez(made, allow_pickle=False, **{name: value.numpy() for name, value in found.items()})
            say(f"damaged spans: {done} of {len(entries)} clips")
        with np.load(path) as stored:
            rows.append({name: torch.from_numpy(stored[name]) for name in stored.files})
    engine = engine or new_engine(network)
    black = torch.zeros(network.kind.input.picture.shape, dtype=torch.uint8)
    return Damage(
        features=torch.stack([row[kind] for kind in ("blur", "still") for row in rows] + [_seen(engine, black)[0]]),
        glimpse=torch.stack(
            [row[f"{kind}_glimpse"] for kind in ("blur", "still") for row in rows] + [_seen(engine, black)[1]]
        ),
        blurred=torch.stack([row["blurred"] for row in rows]),
        audio=_empty_sounds(engine),
    )


def _damaged(entry: ClipEntry, segments: int, engine: Engine) -> dict[str, Tensor]:
    """A blurred segment and a still of one clip; which ones follows from the file's name."""
    rng = np.random.default_rng(int(hashlib.sha256(entry.path.stem.encode()).hexdigest()[:8], 16))
    blurred, still = int(rng.integers(segments)), int(rng.integers(segments))
    settings = settings_for("local", isolated=False)
    with closing(Clip(entry.path, settings, segments, entry.start, entry.end, engine.network.kind.input)) as clip:
        evidence = FeatureView(FeatureCache(clip, engine))
        blur, whole = evidence.frames(blurred), evidence.frames(still)
    blur = gaussian_blur(blur.permute(0, 3, 1, 2).float()).round().byte().permute(0, 2, 3, 1)
    found = dict(zip(("blur", "blur_glimpse"), _seen(engine, blur.contiguous()), strict=True))
    frozen = whole[len(whole) // 2].expand_as(whole).contiguous()
    found |= dict(zip(("still", "still_glimpse"), _seen(engine, frozen), strict=True))
    return found | {"blurred": torch.tensor(blurred)}


def gaussian_blur(frames_TCHW: Tensor) -> Tensor:
    """By `BLUR_KERNEL` and `BLUR_SIGMA`, mirrored at the edges."""
    away = torch.arange(BLUR_KERNEL) - BLUR_KERNEL // 2
    line = torch.softmax(-0.5 * (away / BLUR_SIGMA) ** 2, 0)  # sums to 1
    channels, edge = frames_TCHW.shape[1], BLUR_KERNEL // 2
    x = F.pad(frames_TCHW, [edge] * 4, mode="reflect")
    x = F.conv2d(x, line.view(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups=channels)
    return F.conv2d(x, line.view(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups=channels)


def _seen(engine: Engine, frames_THWC: Tensor) -> tuple[Tensor, Tensor]:
    """The RGB recognizer's features of some frames, and the policy's glimpse of them."""
    return engine.run("features_rgb", frames_THWC).features, engine.run(
        engine.glimpse_part("rgb"), frames_THWC
    ).features


def _empty_sounds(engine: Engine) -> Tensor:
    sound, rng = engine.network.kind.input.sound, np.random.default_rng(0)
    quiet, loud = np.log(NOISE_LEVELS)
    levels = np.exp(rng.uniform(quiet, loud, NOISES))
    waves = [level * rng.standard_normal(sound.samples).astype(np.float32) for level in levels]
    front_end = FRONT_ENDS[sound.front_end]
    heard = [front_end(wave) for wave in (*waves, np.zeros(sound.samples, np.float32))]
    return torch.stack([engine.run("features_audio", each).features for each in heard])


@dataclass(frozen=True, kw_only=True)
class RealSegments:
    """Everything that is known of all clips: a bank per modality, and where in it a clip's segments are.

    Attributes:
        banks: modality -> rows; the first C * S are the clips' segments, then come those of `Damage`.
        label, group: (C,) class, and clips of one source.
        present: (C, M).
        blurred: (C,).
    """

    banks: Mapping[str, Bank]
    label: Tensor
    present: Tensor
    blurred: Tensor
    segments: int

    def __len__(self) -> int:
        return len(self.label)


@torch.no_grad()
def real_segments(cached: CachedFeatures, damage: Damage, network: AdaMML, segments: int) -> RealSegments:
    """Cached features with what the recognizers say of them."""
    rgb, glimpse = torch.cat((cached.rgb, damage.features)), torch.cat((cached.glimpse_rgb, damage.glimpse))
    audio = torch.cat((cached.audio, damage.audio))
    nets, none = network.recognizers, torch.zeros(0, dtype=torch.long)
    banks = {
        "rgb": Bank(glimpse=glimpse, features=rgb, logits=nets["rgb"].classify(rgb), label=none, source=none),
        "audio": Bank(glimpse=audio, features=audio, logits=nets["audio"].classify(audio), label=none, source=none),
    }
    return RealSegments(
        banks=banks,
        label=cached.label[::segments],
        present=cached.present,
        blurred=damage.blurred,
        segments=segments,
    )


class RealClips:
    """Batches of real clips.

    Args:
        clips: which of them, by number.
        missing: fills for clips that lack or lose a modality.
        damaged: share of clips whose spans are damaged.
        dropout: share of clips that lose their picture for once, and the same again their sound.
    """

    def __init__(
        self,
        known: RealSegments,
        clips: Sequence[int],
        missing: Missing,
        *,
        damaged: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        self.known, self.clips, self.missing = known, list(clips), missing
        self.damaged, self.dropout = damaged, dropout
        self.by_label: dict[int, list[int]] = {}
        for clip in self.clips:
            self.by_label.setdefault(int(known.label[clip]), []).append(clip)
        self.others = {  # label -> clips of all other classes
            label: [clip for clip in self.clips if clip not in set(own)] for label, own in self.by_label.items()
        }

    def draw(self, rngs: Sequence[np.random.Generator]) -> ClipBatch:
        """One clip from each generator, classes equally often."""
        labels = sorted(self.by_label)
        picked = []
        for rng in rngs:
            of_class = self.by_label[labels[int(rng.integers(len(labels)))]]
            picked.append(of_class[int(rng.integers(len(of_class)))])
        return self._batch(picked, rngs, [bool(rng.random() < self.damaged) for rng in rngs], self.dropout)

    def all(self, *, damaged: bool = False, seed: int = 0) -> ClipBatch:
        """Every clip once, in order; the same seed damages them in the same way."""
        rngs = [np.random.default_rng([seed, clip]) for clip in self.clips]
        return self._batch(self.clips, rngs, [damaged] * len(self.clips), 0.0)

    def _batch(
        self, picked: Sequence[int], rngs: Sequence[np.random.Generator], damaged: Sequence[bool], dropout: float
    ) -> ClipBatch:
        known, segments = self.known, self.known.segments
        present = known.present[list(picked)].clone()
        rows, truth = zip(
            *(self._rows(clip, rng, hurt) for clip, rng, hurt in zip(picked, rngs, damaged, strict=True)), strict=True
        )
        for place, rng in enumerate(rngs):
            lost = rng.random()
            if lost < 2 * dropout and bool((present[place] > 0).all()):
                present[place, 0 if lost < dropout else 1] = 0
        rows_BSM = torch.from_numpy(np.stack(rows))
        uniform = np.stack([rng.random((segments, len(MODALITIES), 2), np.float32) for rng in rngs]).clip(
            1e-6, 1 - 1e-6
        )
        entry = {m: rows_BSM[..., i] for i, m in enumerate(MODALITIES)}
        shown = {
            m: torch.where(present[:, i, None, None] > 0, known.banks[m].glimpse[entry[m]], self.missing.glimpse[m])
            for i, m in enumerate(MODALITIES)
        }
        return ClipBatch(
            label=known.label[list(picked)],
            present=present,
            uniform=torch.from_numpy(uniform),
            glimpse=shown,
            features={m: known.banks[m].features[entry[m]] for m in MODALITIES},
            logits={m: known.banks[m].logits[entry[m]] for m in MODALITIES},
            truth=torch.from_numpy(np.stack(truth)) * present[:, None].long(),
        )

    def _rows(self, clip: int, rng: np.random.Generator, damaged: bool) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the banks (S, M), and the truth of the cells (S, M): 0 useless, 1 needed, 2 redundant."""
        segments = self.known.segments
        own = np.repeat(clip * segments + np.arange(segments)[:, None], len(MODALITIES), 1)
        if not damaged:
            return own, np.full_like(own, 2)
        kinds = rng.integers(len(SPANS), size=segments)
        if (kinds == 3).all():
            kinds[rng.integers(segments)] = rng.integers(3)
        useful = np.stack([(kinds == 0) | (kinds == 1), (kinds == 0) | (kinds == 2)], -1)
        rows = own.copy()
        for s in range(segments):
            if not useful[s, 0]:
                rows[s, 0] = self._no_picture(clip, s, rng)
            if not useful[s, 1]:
                rows[s, 1] = self._no_sound(clip, rng)
        return rows, useful * (1 + (kinds == 0)[:, None])

    def _another(self, clip: int, rng: np.random.Generator) -> int:
        """A clip of another class."""
        others = self.others[int(self.known.label[clip])]
        return others[int(rng.integers(len(others)))]

    def _no_picture(self, clip: int, segment: int, rng: np.random.Generator) -> int:
        count, segments = len(self.known), self.known.segments
        kinds = ["black", "still", "other"] + (["blur"] if int(self.known.blurred[clip]) == segment else [])
        match kinds[int(rng.integers(len(kinds)))]:
            case "black":
                return count * segments + 2 * count
            case "blur":
                return count * segments + clip
            case "still":
                return count * segments + count + self._another(clip, rng)
        return self._another(clip, rng) * segments + int(rng.integers(segments))

    def _no_sound(self, clip: int, rng: np.random.Generator) -> int:
        first = len(self.known) * self.known.segments
        kind = int(rng.integers(3))
        if kind == 2:
            return self._another(clip, rng) * self.known.segments + int(rng.integers(self.known.segments))
        return first + (NOISES if kind == 0 else int(rng.integers(NOISES)))
