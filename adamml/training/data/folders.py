"""A manifest from folders of videos, one folder per class, with a split of its own or a seeded one.

DIR/<class>/*.mp4                            split here, by group
DIR/train/<class>/*, DIR/test/<class>/*      split as found
"""

import hashlib
from collections.abc import Collection
from pathlib import Path

from adamml.training.data.manifest import SPLITS, ClipEntry, ManifestError, straddling

SUFFIXES = frozenset({".mp4", ".m4v", ".mkv", ".webm", ".mov", ".avi", ".mpg", ".mpeg", ".ts", ".3gp", ".ogv", ".gif"})
TEST_SHARE = 0.2


def list_folder(
    folder: Path,
    *,
    test_share: float = TEST_SHARE,
    seed: int = 0,
    separator: str | None = None,
    leave_out: Collection[Path] = (),
) -> tuple[ClipEntry, ...]:
    """The clips of a folder of class folders.

    Args:
        folder: has a subfolder per class, or `train` and `test` that do.
        test_share: share of each class's clips that goes to test, as nearly as groups allow; at least one group where
            a class has two.
        seed: of the split. The same seed gives the same split, whatever the machine.
        separator: clips whose names agree before it came from one source and stay together (`v01_c02.mp4` with `_c`
            is of the source `v01`). Without one, every name is a source of its own.
        leave_out: files that are passed over.

    Raises:
        ManifestError: when there are no clips, or a found split has one source on both sides.
    """
    if not 0 <= test_share <= 1:
        raise ManifestError(f"the test share must lie between 0 and 1, not {test_share}")
    if separator == "":
        raise ManifestError("the separator must be at least one character")
    if not folder.is_dir():
        raise ManifestError(f"there is no folder {str(folder)!r}")
    if all((folder / split).is_dir() for split in SPLITS):
        entries = [
            # Numbered clips of two sides (train/cat/1.mp4, test/cat/1.mp4) are different ones unless a separator is
            # given that says how names tell the source.
            ClipEntry(
                path=path,
                label=path.parent.name,
                split=split,
                group=_group(path, separator) if separator else f"{split}/{path.parent.name}/{path.stem}",
            )
            for split in SPLITS
            for path in _videos(folder / split, leave_out)
        ]
        faults = [f"{entries[a].path.name} and {entries[b].path.name}" for a, b in straddling(entries)]
        if faults:
            raise ManifestError(f"one source is in train and in test: {'; '.join(faults[:5])}")
    else:
        entries = _split(_videos(folder, leave_out), test_share, seed, separator)
    if not entries:
        raise ManifestError(f"{str(folder)!r} holds no class folders with videos ({', '.join(sorted(SUFFIXES))})")
    return tuple(entries)


def _videos(folder: Path, leave_out: Collection[Path]) -> list[Path]:
    """Videos one folder down, in order; hidden files are passed over."""
    return sorted(
        path
        for path in folder.glob("*/*")
        if path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
        and path not in leave_out
    )


def _group(path: Path, separator: str | None) -> str:
    return path.stem.split(separator)[0] if separator else path.stem


def _split(paths: list[Path], test_share: float, seed: int, separator: str | None) -> list[ClipEntry]:
    """Class by class, whole groups go to test in a seeded order until the class has its share there."""
    by_class: dict[str, dict[str, list[Path]]] = {}
    for path in paths:
        by_class.setdefault(path.parent.name, {}).setdefault(_group(path, separator), []).append(path)
    side: dict[str, str] = {}  # a group of several classes is decided by the first of them
    for groups in by_class.values():
        wanted = test_share * sum(len(members) for members in groups.values())
        tested = sum(len(members) for group, members in groups.items() if side.get(group) == "test")
        free = sorted((group for group in groups if group not in side), key=lambda name: _order(seed, name))
        for group in free:
            size = len(groups[group])
            # Taken when that brings the class nearer to its share than leaving it would.
            side[group] = "test" if tested + size / 2 < wanted else "train"
            tested += size * (side[group] == "test")
        if wanted > 0 and not tested and free and len(groups) > 1:
            side[min(free, key=lambda group: len(groups[group]))] = "test"
    return [
        ClipEntry(path=path, label=path.parent.name, split=side[group], group=group)
        for path in paths
        for group in [_group(path, separator)]
    ]


def _order(seed: int, group: str) -> bytes:
    return hashlib.sha256(f"{seed}/{group}".encode()).digest()
