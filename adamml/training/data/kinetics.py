"""A manifest from the official Kinetics-400 list and a folder of clips trimmed to it.

The list is CSV with the columns label, youtube_id, time_start, time_end and split (others are passed over); "validate"
and "val" count as test. A clip is named `<id>_<start:06d>_<end:06d>.mp4`, or `<id>.mp4` where the list holds its id
once, and lies in the folder or in a class folder below it. Subsets are drawn from the list before looking at what is
there, so that two machines that lack different clips still agree on nearly all.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adamml.training.data.folders import SUFFIXES
from adamml.training.data.manifest import ClipEntry, ManifestError

NEEDED = ("label", "youtube_id", "time_start", "time_end", "split")
SIDES = {"train": "train", "validate": "test", "val": "test", "validation": "test", "test": "test"}


@dataclass(frozen=True, kw_only=True)
class KineticsList:
    """What `list_kinetics` found.

    Attributes:
        entries: the clips of the subset, in the order of the list.
        missing: names of listed clips that are not in the folder; a side of which none are asked for is passed over.
        straddling: ids that the list has on both sides; their training clips are left out.
        asked: clips asked for by split, where a number was given; fewer entries mean that no more are there.
    """

    entries: tuple[ClipEntry, ...]
    missing: tuple[str, ...]
    straddling: tuple[str, ...]
    asked: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class _Row:
    label: str
    identity: str
    name: str
    split: str


def list_kinetics(
    table: Path, clips: Path, *, train: int | None = None, test: int | None = None, seed: int = 0
) -> KineticsList:
    """The clips of the official list that are in a folder, or a seeded, class-balanced subset of them.

    Args:
        table: the CSV.
        clips: the folder of trimmed clips.
        train, test: how many clips of each side, spread evenly over the classes (their numbers differ by at most one
            where enough clips are there); None for all, 0 for none.
        seed: of the subset.

    Raises:
        ManifestError: when the list or the folder cannot be used, or nothing in the folder is listed.
    """
    rows = _read(table)
    found = _Folder(clips, Counter(row.identity for row in rows))
    paths = [found.path_of(row) for row in rows]
    tested = {row.identity for row in rows if row.split == "test"}
    straddling = {row.identity for row in rows if row.split == "train" and row.identity in tested}
    chosen: list[int] = []
    asked = {"train": train, "test": test}
    for split, number in asked.items():
        usable = [
            place
            for place, row in enumerate(rows)
            if row.split == split and (split == "test" or row.identity not in straddling)
        ]
        chosen += _balanced(rows, usable, paths, number, seed)
    if not chosen:
        raise ManifestError(
            f"none of the {len(rows)} clips in {table.name} is in {str(clips)!r}; they should be named like "
            f"{rows[0].name}.mp4"
        )
    return KineticsList(
        entries=tuple(
            ClipEntry(path=path, label=rows[place].label, split=rows[place].split, group=rows[place].identity)
            for place in sorted(chosen)
            if (path := paths[place]) is not None
        ),
        missing=tuple(
            row.name for row, path in zip(rows, paths, strict=True) if path is None and asked[row.split] != 0
        ),
        straddling=tuple(sorted(straddling)),
        asked={split: number for split, number in asked.items() if number is not None},
    )


def _read(table: Path) -> list[_Row]:
    rows: list[_Row] = []
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [column for column in NEEDED if column not in (reader.fieldnames or ())]
            if lacking:
                raise ManifestError(f"{table.name}, line 1: the column {', '.join(lacking)} is missing")
            for row in reader:
                try:
                    span = f"{round(float(row['time_start'])):06d}_{round(float(row['time_end'])):06d}"
                    side = SIDES[row["split"].strip()]
                    if not row["label"] or not row["youtube_id"]:
                        raise ValueError("label or youtube_id is empty")
                except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                    raise ManifestError(
                        f"{table.name}, line {reader.line_num}: no clip of Kinetics ({error})"
                    ) from error
                identity = row["youtube_id"]
                rows.append(_Row(label=row["label"], identity=identity, name=f"{identity}_{span}", split=side))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"{str(table)!r} cannot be read as the list of Kinetics: {error}") from error
    if not rows:
        raise ManifestError(f"{table.name} lists no clips")
    return rows


class _Folder:
    """The videos of a folder and of its class folders, by name."""

    def __init__(self, folder: Path, listed: Counter[str]) -> None:
        if not folder.is_dir():
            raise ManifestError(f"there is no folder {str(folder)!r}")
        self._listed = listed
        self._by_name: dict[str, list[Path]] = {}
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in SUFFIXES:
                self._by_name.setdefault(path.stem, []).append(path)

    def path_of(self, row: _Row) -> Path | None:
        """The row's clip; of several with its name, the one in the folder of its class."""
        # Where an id is listed with several spans, a file named after the id alone could be any of them.
        names = (row.name, row.identity) if self._listed[row.identity] == 1 else (row.name,)
        for name in names:
            paths = self._by_name.get(name, [])
            for path in paths:
                if path.parent.name.replace("_", " ") == row.label.replace("_", " "):
                    return path
            if paths:
                return paths[0]
        return None


def _balanced(
    rows: list[_Row], usable: list[int], paths: list[Path | None], number: int | None, seed: int
) -> list[int]:
    """Places of `number` clips that are there: one of each class in turn, classes and clips in a seeded order."""
    if number is not None and number < 0:
        raise ManifestError(f"the number of clips must be 0 or more, not {number}")
    if number is None:
        return [place for place in usable if paths[place] is not None]
    rng = np.random.default_rng(seed)
    by_class: dict[str, list[int]] = {}
    for place in usable:
        by_class.setdefault(rows[place].label, []).append(place)
    queues: list[list[int]] = []
    for label in sorted(by_class):
        order = rng.permutation(by_class[label])
        queues.append([int(place) for place in order if paths[place] is not None])
    queues = [queues[k] for k in rng.permutation(len(queues))]
    chosen: list[int] = []
    turn = 0
    while len(chosen) < number and any(turn < len(queue) for queue in queues):
        chosen += [queue[turn] for queue in queues if turn < len(queue)]
        turn += 1
    return chosen[:number]
