"""The official lists of Kinetics, the files that they name in a folder, and balanced subsets.

A list is CSV with the columns label, youtube_id, time_start, time_end and split (others are passed over); "validate"
and "val" count as test. A clip is named `<id>_<start:06d>_<end:06d>.mp4` where it is trimmed already; `<id>.mp4` may be
trimmed (if the lists hold its id once) or be the whole video. Files lie in the folder or anywhere below it. Subsets
are drawn from the lists before looking at what is there, so that two machines that lack different clips still agree on
nearly all.
"""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adamml.datasets.find_clips import LeftOut, find_clips
from adamml.datasets.labels import plain
from adamml.datasets.manifest import ManifestError

NEEDED = ("label", "youtube_id", "time_start", "time_end", "split")
SIDES = {"train": "train", "validate": "test", "val": "test", "validation": "test", "test": "test"}


@dataclass(frozen=True, kw_only=True)
class ListedClip:
    """One row of a list: its class, the video it is from, the seconds of the part, and its side of the split."""

    label: str
    identity: str
    start: float
    end: float
    split: str

    @property
    def name(self) -> str:
        """As trimmed clips are named, without the suffix."""
        return f"{self.identity}_{round(self.start):06d}_{round(self.end):06d}"


def read_lists(tables: Sequence[Path], classes: Collection[str] | None = None) -> tuple[ListedClip, ...]:
    """All rows of the lists, or those of some classes.

    Raises:
        ManifestError: when a list cannot be used, or has none of a class that is asked for.
    """
    rows = list(dict.fromkeys(row for table in tables for row in _read(table)))  # a row that is there twice counts once
    if not rows:
        raise ManifestError(f"{', '.join(table.name for table in tables)} lists no clips")
    if classes is None:
        return tuple(rows)
    wanted = {plain(name) for name in classes}
    unknown = wanted - {plain(row.label) for row in rows}
    if unknown:
        raise ManifestError(f"no clips are listed of: {', '.join(sorted(unknown))}")
    return tuple(row for row in rows if plain(row.label) in wanted)


def _read(table: Path) -> list[ListedClip]:
    rows: list[ListedClip] = []
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [column for column in NEEDED if column not in (reader.fieldnames or ())]
            if lacking:
                raise ManifestError(f"{table.name}, line 1: the column {', '.join(lacking)} is missing")
            for row in reader:
                try:
                    rows.append(_row(row))
                except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                    raise ManifestError(
                        f"{table.name}, line {reader.line_num}: no clip of Kinetics ({error})"
                    ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"{str(table)!r} cannot be read as the list of Kinetics: {error}") from error
    return rows


def _row(row: dict[str, str]) -> ListedClip:
    start, end = float(row["time_start"]), float(row["time_end"])
    if not 0 <= start < end < float("inf"):
        raise ValueError(f"it lasts from {start} to {end} s")
    label, identity = row["label"].strip(), row["youtube_id"].strip()
    # The id names files that are written; what no video is called must not lead out of their folder.
    if not label or not identity or not identity.replace("-", "").replace("_", "").isalnum():
        raise ValueError("label or youtube_id is empty or odd")
    return ListedClip(label=label, identity=identity, start=start, end=end, split=SIDES[row["split"].strip()])


class Folder:
    """The clips in and below a folder, by name.

    Raises:
        ManifestError: when there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ManifestError(f"there is no folder {str(folder)!r}")
        self._folder, self._found = folder, find_clips(folder)
        self._by_name: dict[str, list[Path]] = {}
        for path in self._found.clips:
            self._by_name.setdefault(path.stem, []).append(path)

    def path_of(self, row: ListedClip) -> Path | None:
        """The row's file, trimmed before whole; of several with its name, the one in the folder of its class."""
        for name in (row.name, row.identity):
            paths = self._by_name.get(name, [])
            for path in paths:
                if plain(path.parent.name) == plain(row.label):
                    return path
            if paths:
                return paths[0]
        return None

    def left_out(self, used: Collection[Path | None], rows: Sequence[ListedClip]) -> LeftOut:
        """What no row's clip comes from: files that no list names, and what is there of listed ones but not taken.

        Args:
            used: the files that rows were given.
        """
        named = {name for row in rows for name in (row.name, row.identity)}
        why = dict(self._found.why)
        taken = {path for path in used if path is not None}
        for path in self._found.clips:
            if path not in taken:
                why[path] = "another file of its name is used" if path.stem in named else "in none of the lists"
        return LeftOut.of(why, self._folder)


def straddling_ids(rows: Sequence[ListedClip]) -> set[str]:
    """Videos that the lists have on both sides; to train on them would be to learn from what is measured."""
    tested = {row.identity for row in rows if row.split == "test"}
    return {row.identity for row in rows if row.split == "train" and row.identity in tested}


def balanced(
    rows: Sequence[ListedClip], split: str, unusable: Collection[int], number: int | None, seed: int
) -> list[int]:
    """Places of clips of one side: all that are usable, or `number` of them, one of each class in turn.

    Classes and clips take turns in a seeded order that does not depend on what cannot be used.
    """
    if number is not None and number < 0:
        raise ManifestError(f"the number of clips must be 0 or more, not {number}")
    places = [place for place, row in enumerate(rows) if row.split == split]
    if number is None:
        return [place for place in places if place not in unusable]
    rng = np.random.default_rng(seed)
    by_class: dict[str, list[int]] = {}
    for place in places:
        by_class.setdefault(rows[place].label, []).append(place)
    queues: list[list[int]] = []
    for label in sorted(by_class):
        queues.append([int(place) for place in rng.permutation(by_class[label]) if int(place) not in unusable])
    queues = [queues[k] for k in rng.permutation(len(queues))]
    chosen: list[int] = []
    turn = 0
    while len(chosen) < number and any(turn < len(queue) for queue in queues):
        chosen += [queue[turn] for queue in queues if turn < len(queue)]
        turn += 1
    return chosen[:number]
