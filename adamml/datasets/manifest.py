"""The one list of clips that training and evaluation read: CSV with a header, one clip or part of a clip per row.

    path,start,end,label,split,group,cells
    clips/00000.mp4,,,cat,test,test-0-00000,bpsnnspbss
    videos/long.mkv,12.5,22.5,dog,train,long,

`path` counts from the manifest's own folder, or is absolute. `start` and `end` are seconds, empty for the whole file.
`split` is train or test. `group` names the source that a clip came from; a group never lies on both sides of the split,
and a clip without one stands alone. `cells` is empty, or says for every second of a composed clip what tells the
class: b both, p only the picture, s only the sound, n neither.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adamml.files import write_whole

COLUMNS = ("path", "start", "end", "label", "split", "group", "cells")
SPLITS = ("train", "test")
SHOWN = 5  # of many faults, the first few are enough to see what is wrong

# Truth per cell: useless (says nothing of the class), needed (the only one in its second that does), redundant (both).


class ManifestError(ValueError):
    """A list of clips that cannot be used. The message names the lines and says what to do."""


@dataclass(frozen=True, kw_only=True)
class ClipEntry:
    """One row: a clip or a part of one, its class, and the side of the split that it is on."""

    path: Path
    start: float | None = None
    end: float | None = None
    label: str
    split: str
    group: str = ""
    cells: str = ""

    def __post_init__(self) -> None:
        if not self.label.strip():
            raise ManifestError("the label is empty")
        if self.split not in SPLITS:
            raise ManifestError(f"split must be train or test, not {self.split!r}")
        for name, value in (("start", self.start), ("end", self.end)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ManifestError(f"{name} must be 0 s or later, not {value}")
        if self.end is not None and self.end <= (self.start or 0.0):
            raise ManifestError(f"the part must end after its start, not at {self.end} s")
        if set(self.cells) - set("bpsn"):
            raise ManifestError(f"cells may hold the letters b, p, s and n, not {self.cells!r}")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A list of clips: `entries` in the file's order, `classes` sorted, `root` the folder that paths count from."""

    entries: tuple[ClipEntry, ...]
    classes: tuple[str, ...]
    root: Path

    def side(self, split: str) -> tuple[ClipEntry, ...]:
        """The entries of "train" or "test"."""
        return tuple(entry for entry in self.entries if entry.split == split)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; the files that it names are not touched (`check` does that).

    Raises:
        ManifestError: when it is missing, malformed, empty, or a group straddles the split; faults are named by line.
    """
    root = path.absolute().parent
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{str(path)!r} cannot be read as a manifest: {error}") from error
    reader = csv.reader(io.StringIO(text, newline=""))
    faults: list[str] = []
    entries: list[ClipEntry] = []
    lines: list[int] = []
    try:
        header = next(reader, [])
        if tuple(header) != COLUMNS:
            raise ManifestError(f"{path.name}, line 1: the header must be {','.join(COLUMNS)}, not {','.join(header)}")
        for row in reader:
            if not row:
                continue
            try:
                entries.append(_entry(row, root))
                lines.append(reader.line_num)
            except ManifestError as error:
                faults.append(f"line {reader.line_num}: {error}")
    except csv.Error as error:
        faults.append(f"line {reader.line_num}: {error}")
    faults += [
        f"lines {lines[a]} and {lines[b]}: group {entries[a].group!r} is in train and in test"
        for a, b in straddling(entries)
    ]
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise ManifestError(f"{path.name}, {'; '.join(faults[:SHOWN])}{more}")
    if not entries:
        raise ManifestError(f"{path.name} lists no clips")
    return Manifest(entries=tuple(entries), classes=tuple(sorted({e.label for e in entries})), root=root)


def _entry(row: Sequence[str], root: Path) -> ClipEntry:
    if len(row) != len(COLUMNS):
        raise ManifestError(f"{len(row)} columns instead of {len(COLUMNS)}")
    path, start, end, label, split, group, cells = row
    if not path:
        raise ManifestError("the path is empty")
    return ClipEntry(
        path=root / path,
        start=_seconds("start", start),
        end=_seconds("end", end),
        label=label,
        split=split,
        group=group,
        cells=cells,
    )


def _seconds(name: str, text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        raise ManifestError(f"{name} must be seconds or empty, not {text!r}") from None


def straddling(entries: Sequence[ClipEntry]) -> list[tuple[int, int]]:
    """Groups that lie on both sides of the split: for each, the places of its first entry and of the first other."""
    first: dict[str, int] = {}
    found: dict[str, tuple[int, int]] = {}
    for place, entry in enumerate(entries):
        if entry.group:
            begin = first.setdefault(entry.group, place)
            if entries[begin].split != entry.split:
                found.setdefault(entry.group, (begin, place))
    return list(found.values())


def write_manifest(path: Path, entries: Iterable[ClipEntry]) -> None:
    """Write a manifest, whole or not at all, and never over one of its clips.

    Paths below its folder are written relative to it, unless its name is a link: then it lies in two folders.

    Raises:
        ManifestError: when there are no entries, or a group lies on both sides of the split.
        OSError: when the file cannot be written.
    """
    rows, root = list(entries), None if path.is_symlink() else path.absolute().parent
    if not rows:
        raise ManifestError(f"there are no clips to write into {path.name}")
    groups = [rows[a].group for a, _ in straddling(rows)]
    if groups:
        raise ManifestError(f"{len(groups)} groups lie in train and in test: {', '.join(groups[:SHOWN])}")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for e in rows:
        whole = e.path.absolute()
        where = whole.relative_to(root) if root is not None and whole.is_relative_to(root) else whole
        span = ["" if value is None else repr(float(value)) for value in (e.start, e.end)]
        writer.writerow([where.as_posix(), *span, e.label, e.split, e.group, e.cells])
    write_whole(path, out.getvalue(), inputs=[e.path for e in rows])
