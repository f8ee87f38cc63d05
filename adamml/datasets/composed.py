"""What a composed clip will hold, second by second: the plan. Drawing it is in `composed_render`.

The contract: 10 s, ten spans of 1 s, each independently both 1/6, picture 1/3, sound 1/3, neither 1/6, at least one not
neither. The class is seen on one to three photos of it under a moving crop (zoom 1.0 to 1.6), every second time
degraded, and heard on one recording of it (gain -20 to 0 dB, mixed at 5 to 30 dB with noise or an `other` sound; gain
and mixture are the clip's). Elsewhere the picture is a background photo 60 %, a blurred one 20 %, black or flat 20 %,
and the sound an `other` recording 50 %, faint noise 25 %, silence 25 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adamml.datasets.pictures import Move
from adamml.datasets.sources import OTHER, Source, Sources

SECONDS = 10
KINDS = {"b": 1 / 6, "p": 1 / 3, "s": 1 / 3, "n": 1 / 6}
MAX_PHOTOS = 3
STILL_SHARE = 0.1  # of moving crops do not move, as in the pictures that recognizers are trained on
DEGRADED_SHARE = 0.5
BACKGROUNDS = {"background": 0.6, "blurred": 0.2, "black": 0.1, "flat": 0.1}
OTHER_SOUNDS = {"other": 0.5, "noise": 0.25, "silence": 0.25}
GAIN_DB, SNR_DB = (-20.0, 0.0), (5.0, 30.0)


class ComposeError(ValueError):
    """Clips cannot be composed from what is there. The message says what is lacking, or what to change."""


@dataclass(frozen=True, kw_only=True)
class SourceSplit:
    """One side's photos and sounds by class name, and those of no class. Nothing of the other side is in reach."""

    side: str
    photos: dict[str, tuple[Path, ...]]
    sounds: dict[str, tuple[Path, ...]]
    backgrounds: tuple[Path, ...]
    others: tuple[Path, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.photos)

    @staticmethod
    def of(sources: Sources, side: str, classes: Sequence[str] | None = None) -> "SourceSplit":
        """What clips of a side are made from.

        Args:
            sources: from `read_sources`.
            side: "train" or "test".
            classes: which to compose clips of; all unless given.

        Raises:
            ComposeError: for an unknown side or class, or where a class has no photo or no sound on this side.
        """
        if side not in ("train", "test"):
            raise ComposeError(f"side must be train or test, not {side!r}")
        wanted = tuple(sources.classes if classes is None else classes)
        unknown = [name for name in wanted if name not in sources.classes]
        if unknown or not wanted:
            raise ComposeError(f"there is no class {', '.join(unknown)}; there are {', '.join(sources.classes)}")

        def of_label(kind: tuple[Source, ...], label: int, what: str) -> tuple[Path, ...]:
            paths = tuple(s.path for s in kind if s.label == label and s.test == (side == "test"))
            if not paths:
                name = "other" if label == OTHER else sources.classes[label]
                raise ComposeError(f"{name!r} has no {what} on the {side} side; add some, or leave the class out")
            return paths

        labels = {name: sources.classes.index(name) for name in wanted}
        return SourceSplit(
            side=side,
            photos={name: of_label(sources.photos, label, "photo") for name, label in labels.items()},
            sounds={name: of_label(sources.sounds, label, "sound") for name, label in labels.items()},
            backgrounds=of_label(sources.photos, OTHER, "photo"),
            others=of_label(sources.sounds, OTHER, "sound"),
        )


@dataclass(frozen=True, kw_only=True)
class SecondPlan:
    """One second of a composed clip.

    Attributes:
        kind: b, p, s or n, as in a manifest's cells.
        look: "clear" or "degraded" (the class), else "background", "blurred", "black" or "flat".
        photo, move: what is filmed, and how the crop moves over it; None for black and flat.
        sound: "class", else "other", "noise" or "silence".
        recording: of an `other` sound, else None.
        start: where in that recording the excerpt lies, 0 to 1.
        gain_db: of an `other` sound.
    """

    kind: str
    look: str
    photo: Path | None
    move: Move | None
    sound: str
    recording: Path | None
    start: float
    gain_db: float


@dataclass(frozen=True, kw_only=True)
class ClipPlan:
    """Everything about a clip that is drawn by lot, but for the grain of noise, which `seed` decides.

    Attributes:
        seed: of the plan.
        label: the class.
        seconds: ten of them.
        photos: the class photos of the clip, one to three; a second's `photo` is one of them.
        recording: the one recording of the class.
        start: where in it the first excerpt lies, 0 to 1.
        gain_db, snr_db: of the class sound, and over its disturbance.
        disturbance: an `other` recording; None for noise.
        disturbance_start: where in that the excerpts begin, 0 to 1.
    """

    seed: tuple[int, ...]
    label: str
    seconds: tuple[SecondPlan, ...]
    photos: tuple[Path, ...]
    recording: Path
    start: float
    gain_db: float
    snr_db: float
    disturbance: Path | None
    disturbance_start: float

    @property
    def cells(self) -> str:
        """One letter per second, as in a manifest."""
        return "".join(second.kind for second in self.seconds)


def plan_clip(seed: int | Sequence[int], shelf: SourceSplit, label: str | None = None) -> ClipPlan:
    """Draw a clip by lot. Reads no file.

    Args:
        seed: one number or several, 0 or more; the same seed and shelf give the same plan.
        shelf: what to make it from.
        label: the class; drawn evenly unless given.
    """
    numbers = (seed,) if isinstance(seed, int) else tuple(seed)
    rng = np.random.default_rng(numbers)
    name = shelf.classes[rng.integers(len(shelf.classes))] if label is None else label
    cells = _draw_cells(rng)
    available = shelf.photos[name]
    count = min(int(rng.integers(1, MAX_PHOTOS + 1)), len(available))
    photos = tuple(available[k] for k in rng.choice(len(available), count, replace=False))
    return ClipPlan(
        seed=numbers,
        label=name,
        seconds=tuple(_draw_second(kind, photos, shelf, rng) for kind in cells),
        photos=photos,
        recording=_any(shelf.sounds[name], rng),
        start=rng.random(),
        gain_db=rng.uniform(*GAIN_DB),
        snr_db=rng.uniform(*SNR_DB),
        disturbance=_any(shelf.others, rng) if rng.random() < 0.5 else None,
        disturbance_start=rng.random(),
    )


def _draw_cells(rng: np.random.Generator) -> str:
    while True:
        cells = "".join(rng.choice(list(KINDS), SECONDS, p=list(KINDS.values())))
        if set(cells) != {"n"}:
            return cells


def _draw_second(kind: str, photos: tuple[Path, ...], shelf: SourceSplit, rng: np.random.Generator) -> SecondPlan:
    seen, heard = kind in "bp", kind in "bs"
    if seen:
        look, photo = "degraded" if rng.random() < DEGRADED_SHARE else "clear", _any(photos, rng)
    else:
        look, photo = str(rng.choice(list(BACKGROUNDS), p=list(BACKGROUNDS.values()))), _any(shelf.backgrounds, rng)
    filmed = look not in ("black", "flat")
    sound = "class" if heard else str(rng.choice(list(OTHER_SOUNDS), p=list(OTHER_SOUNDS.values())))
    return SecondPlan(
        kind=kind,
        look=look,
        photo=photo if filmed else None,
        move=Move.draw(rng, still=rng.random() < STILL_SHARE) if filmed else None,
        sound=sound,
        recording=_any(shelf.others, rng) if sound == "other" else None,
        start=rng.random(),
        gain_db=rng.uniform(*GAIN_DB),
    )


def _any(paths: tuple[Path, ...], rng: np.random.Generator) -> Path:
    return paths[rng.integers(len(paths))]
