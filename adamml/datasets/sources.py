"""Photos and sounds by class, split by where they came from.

Expects `DATA/everyday/<class>/{images,audio}/` and `DATA/other/{images/background,audio/<kind>}/`. Files that are
takes of one recording, or near-copies of one photo (mirrored ones too), form a group and never straddle the split.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

OTHER = -1  # label of a picture or sound that says nothing about any class
TEST_SHARE = 0.15
NEAR_COPY_BITS = 5  # of 64 in a difference hash


@dataclass(frozen=True, kw_only=True)
class Source:
    path: Path
    label: int
    group: str
    test: bool


@dataclass(frozen=True, kw_only=True)
class Sources:
    classes: tuple[str, ...]
    photos: tuple[Source, ...]
    sounds: tuple[Source, ...]


def _difference_hashes(path: Path) -> tuple[np.uint64, np.uint64]:
    """64 bits each, of a photo and of its mirror image: is a pixel of a 9 x 8 gray thumbnail brighter than the next?"""
    with Image.open(path) as photo:
        gray = photo.convert("L")
    return _difference_hash(gray), _difference_hash(gray.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def _difference_hash(gray: Image.Image) -> np.uint64:
    small = np.asarray(gray.resize((9, 8), Image.Resampling.BILINEAR), np.int16)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return np.packbits(bits).view(np.uint64)[0]


def _photo_groups(paths: list[Path]) -> list[str]:
    """Name each photo after the first photo that it is a near-copy of."""
    hashes_of = np.array([_difference_hashes(path) for path in paths], np.uint64).reshape(-1, 2)
    plain, mirrored = hashes_of[:, 0], hashes_of[:, 1]
    leader = list(range(len(paths)))
    for i in range(len(paths)):
        for hashes in (plain, mirrored):
            near = np.flatnonzero(np.bitwise_count(hashes[:i] ^ plain[i]) <= NEAR_COPY_BITS)
            if near.size:
                leader[i] = leader[int(near[0])]
                break
    return [paths[k].stem for k in leader]


def sound_group(path: Path) -> str:
    """ESC-10 names hold the recording's id and a take letter; takes of one recording belong together."""
    match = re.fullmatch(r"(esc10_\d+-\d+)-[A-Z]", path.stem)
    return match[1] if match else path.stem


def is_kept_apart(group: str) -> bool:
    """A fixed, seedless split: the group's name decides."""
    return int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF < TEST_SHARE


def _collect(folder: Path, pattern: str, label: int, groups_of: Callable[[list[Path]], list[str]]) -> list[Source]:
    paths = sorted(folder.glob(pattern))
    return [
        Source(path=path, label=label, group=group, test=is_kept_apart(f"{folder.parent.name}/{group}"))
        for path, group in zip(paths, groups_of(paths), strict=True)
    ]


def read_sources(data: Path) -> Sources:
    """Every photo and sound under `data`, with its label, group and side of the split.

    Raises:
        FileNotFoundError: when the folder does not have the expected layout.
    """
    folders = sorted(path for path in (data / "everyday").glob("*") if path.is_dir())
    if not folders:
        raise FileNotFoundError(f"{data}: expected everyday/<class>/images and everyday/<class>/audio below it")
    photos: list[Source] = []
    sounds: list[Source] = []
    for label, folder in enumerate(folders):
        photos += _collect(folder / "images", "*.jpg", label, _photo_groups)
        sounds += _collect(folder / "audio", "*.ogg", label, lambda paths: [sound_group(p) for p in paths])
    photos += _collect(data / "other/images", "background/*.jpg", OTHER, _photo_groups)
    sounds += _collect(data / "other/audio", "*/*.ogg", OTHER, lambda paths: [sound_group(p) for p in paths])
    return Sources(classes=tuple(folder.name for folder in folders), photos=tuple(photos), sounds=tuple(sounds))
