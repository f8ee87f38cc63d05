"""A list of clips from folders of them, one folder per class, with a split of its own or a seeded one.

DIR/<class>/**                                    split here, by source
DIR/train/<class>/**, DIR/val/..., DIR/test/...   split as found; val is kept apart, like test

Class folders are read to the bottom. What is not taken is named with the reason.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adamml.datasets.find_clips import FILE_SUFFIXES, LeftOut, find_clips
from adamml.datasets.labels import alike, spelled
from adamml.datasets.manifest import SPLITS, ClipEntry, ManifestError, straddling
from adamml.datasets.split import Sourced, one_sided, seeded_split

TEST_SHARE = 0.2
SIDES = {"train": "train", "training": "train"}
SIDES |= dict.fromkeys(("test", "testing", "val", "valid", "validate", "validation", "dev", "eval"), "test")
NO_CLASS = "in no class folder"


@dataclass(frozen=True, kw_only=True)
class FolderList:
    """The clips of a folder, with their sides; what is not among them, and why; and what should be known."""

    entries: tuple[ClipEntry, ...]
    left_out: LeftOut
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For people: what was left out, and the notes."""
        return [*self.left_out.lines(), *(f"note        {note}" for note in self.notes)]


def list_folder(
    folder: Path,
    *,
    test_share: float = TEST_SHARE,
    seed: int = 0,
    separator: str | None = None,
    shared_sources: bool = False,
    leave_out: Collection[Path] = (),
) -> FolderList:
    """The clips of a folder of class folders.

    Args:
        folder: has a subfolder per class, or `train`, `val` and `test` (two of them, or nothing else) that do.
        test_share: share of each class's clips that goes to test, as nearly as groups allow; at least one group on
            each side where a class has two.
        seed: of the split. The same seed gives the same split, whatever the machine.
        separator: clips of a class whose names agree before it came from one source and stay together (`v01_c02.mp4`
            with `_c` is of the source `v01`). Without one, every clip is a source of its own.
        shared_sources: clips of different classes whose names agree came from one source, too.
        leave_out: files that are known about already, and not named again.

    Raises:
        ManifestError: when there are no clips, or a found split has one source on both sides.
    """
    if not 0 <= test_share <= 1:
        raise ManifestError(f"the test share must lie between 0 and 1, not {test_share}")
    if separator == "":
        raise ManifestError("the separator must be at least one character")
    if not folder.is_dir():
        raise ManifestError(f"there is no folder {str(folder)!r}")
    found = find_clips(folder)
    why = dict(found.why)
    for path in found.clips:
        if not _is_text(path):
            why[path] = "the name is not UTF-8, rename it"
    clips = [path for path in found.clips if path not in why and path not in leave_out]
    sides = _sides(folder, clips)
    placed: list[tuple[Path, str, str]] = []  # path, side folder or nothing, class
    for path in clips:
        parts = path.relative_to(folder).parts[:-1]
        if sides and parts and parts[0] not in sides:
            why[path] = f"beside the folders {', '.join(sides)}"
        elif len(parts) <= bool(sides):
            why[path] = NO_CLASS
        else:
            placed.append((path, parts[0] if sides else "", parts[1 if sides else 0]))
    sourced = [
        Sourced(path=path, label=label, group=group, order=order)
        for path, side, label in placed
        for group, order in [_source(path, folder, side, label, separator, shared_sources)]
    ]
    if sides:
        entries = [
            ClipEntry(path=clip.path, label=clip.label, split=sides[side], group=clip.group)
            for clip, (_, side, _) in zip(sourced, placed, strict=True)
        ]
        entries.sort(key=lambda entry: SPLITS.index(entry.split))
        _refuse_straddling(entries)
    else:
        entries = seeded_split(sourced, test_share, seed)
    left_out = LeftOut.of({path: reason for path, reason in why.items() if path not in leave_out}, folder)
    if not entries:
        why_none = f"; {left_out.lines()[0]}" if len(left_out) else ""
        raise ManifestError(f"{str(folder)!r} holds no class folders with clips ({_kinds()}){why_none}")
    notes = (*_kept_apart(sides), *_empty(folder, sides, entries), *_uneven(entries, sides), *_spelled_alike(entries))
    return FolderList(entries=tuple(entries), left_out=left_out, notes=notes)


def _kinds() -> str:
    return ", ".join(sorted(FILE_SUFFIXES))


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _sides(folder: Path, clips: Iterable[Path]) -> dict[str, str]:
    """Folder -> side, when the split is there already: both sides are, or nothing else is."""
    names = {parts[0] for path in clips if (parts := path.relative_to(folder).parts[:-1])}
    sides = {name: SIDES[name.lower()] for name in sorted(names) if name.lower() in SIDES}
    # "train" beside other classes may be a class, of trains.
    return sides if set(sides.values()) == set(SPLITS) or len(sides) == len(names) else {}


def _source(
    path: Path, folder: Path, side: str, label: str, separator: str | None, shared_sources: bool
) -> tuple[str, str]:
    """The group of a clip, and its name within the class, which the seeded order goes by."""
    if separator is not None or shared_sources:
        name = path.stem.split(separator)[0] if separator else path.stem
        return (name if shared_sources else f"{label}/{name}"), name
    # Numbered clips of two folders (cat/1.mp4, dog/1.mp4; train/cat/1.mp4, test/cat/1.mp4) are different ones.
    inside = path.relative_to(folder / side / label).with_suffix("").as_posix()
    return "/".join(part for part in (side, label, inside) if part), inside


def _refuse_straddling(entries: list[ClipEntry]) -> None:
    faults = [f"{entries[a].path.name} and {entries[b].path.name}" for a, b in straddling(entries)]
    if faults:
        raise ManifestError(f"one source is in train and in test: {'; '.join(faults[:5])}")


def _empty(folder: Path, sides: Mapping[str, str], entries: Iterable[ClipEntry]) -> list[str]:
    """Class folders that came to nothing."""
    used = {place for entry in entries for place in entry.path.parents}
    names = [f"{side}/{name}" for side in sides for name in _folders(folder / side)] if sides else _folders(folder)
    return [f"no clips can be taken from the folder {name}" for name in names if folder / name not in used]


def _folders(folder: Path) -> list[str]:
    with suppress(OSError):  # one that cannot be read is among what was left out
        return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return []


def _kept_apart(sides: Mapping[str, str]) -> list[str]:
    names = [name for name, side in sides.items() if side == "test" and not name.lower().startswith("test")]
    return [f"the clips of {name} are kept apart to measure on, like those of test" for name in names]


def _uneven(entries: list[ClipEntry], sides: Mapping[str, str]) -> list[str]:
    why = "as it was found" if sides else "its clips are all of one source"
    return [f"class {label!r} has no {side} clips: {why}" for label, side in one_sided(entries).items()]


def _spelled_alike(entries: Iterable[ClipEntry]) -> list[str]:
    groups = alike(entry.label for entry in entries)
    return [f"these are taken for different classes: {spelled(names)}" for names in groups]
