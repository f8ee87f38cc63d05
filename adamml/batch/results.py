"""The clips of a data set, read back: what was answered, how sure it is, what it cost, and where the file is.

A data set may come from anywhere. What is read is checked against the columns that `tables` writes, and a file is only
found below the folder that it is looked for in, whatever a row calls it.
"""

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from adamml.batch.archive import BatchError
from adamml.batch.store import SETTINGS_FILE
from adamml.batch.tables import METADATA_KEY

COLUMNS: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("clip", "path", "status", "error", "label"), pa.string()),
    **dict.fromkeys(("duration", "part_start", "part_end", "selected_rgb", "selected_audio"), pa.float64()),
    **dict.fromkeys(("macs_total", "macs_if_all"), pa.int64()),
    "score": pa.float32(),
    "known": pa.bool_(),
}
_MAX_JSON = 10_000_000  # bytes
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipAnswer:
    """One clip of a data set that could be analyzed.

    Attributes:
        clip: its name in the data set.
        path: of the file, as the data set has it.
        start, end: seconds of the file, of a part; None for its start or end.
        duration: seconds; of a part, its own.
        label, score: best class and its probability.
        known: whether the model is sure enough of any class.
        looked, listened: share of the segments in which the picture, the sound was run.
        macs, macs_if_all: multiply-accumulates of what ran, and of running everything.
    """

    clip: str
    path: str
    start: float | None
    end: float | None
    duration: float
    label: str
    score: float
    known: bool
    looked: float
    listened: float
    macs: int
    macs_if_all: int


@dataclass(frozen=True, kw_only=True)
class BatchResults:
    """A data set.

    Attributes:
        model, policy: that answered.
        segments: as many as a clip was cut into where it is long enough.
        source: the folder that paths count from, where the data set says so.
        answers: by name.
        failures: clip -> what is wrong with it.
    """

    model: str
    policy: str
    segments: int
    source: Path | None
    answers: tuple[ClipAnswer, ...]
    failures: Mapping[str, str]


def read_results(place: Path) -> BatchResults:
    """Read a data set's folder, or one file of its table of clips.

    Raises:
        BatchError: when there is none, it is damaged, or it is not what `adamml batch` writes.
    """
    files = sorted((place / "clips").glob("*.parquet")) if place.is_dir() else [place]
    if not files or not place.exists():
        raise BatchError(f"there is no data set {str(place)!r}: name the folder that `adamml batch --out` wrote to")
    answers: dict[str, ClipAnswer] = {}
    failures: dict[str, str] = {}
    made_with: dict[str, Any] = {}
    for file in files:
        table = _read(file)
        made_with = _settings(table, file)
        for row in table.select(list(COLUMNS)).to_pylist():
            if row["status"] == "ok":
                answers[row["clip"]] = _answer(row, file)
            else:
                failures[str(row["clip"])] = row["error"] or "it could not be analyzed"
    return BatchResults(
        model=str(made_with["model"]),
        policy=str(made_with["policy"]),
        segments=made_with["segments"],
        source=_source(place),
        answers=tuple(answers[name] for name in sorted(answers)),
        failures=dict(sorted(failures.items())),
    )


def find_clip(root: Path, path: str) -> Path | None:
    """The file that a row names, where it is one below `root`, links followed; None otherwise."""
    root = root.resolve()
    for name in (path, os.fsdecode(_ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), os.fsencode(path)))):
        try:
            file = (root / name).resolve()
            if file.is_relative_to(root) and file.is_file():
                return file
        except (OSError, ValueError, RuntimeError):  # no path at all: with a zero byte, too long, a ring of links
            continue
    return None


def _read(file: Path) -> pa.Table:
    try:
        schema = pq.read_schema(file)
        differing = [
            name for name, kind in COLUMNS.items() if name not in schema.names or schema.field(name).type != kind
        ]
        if differing or METADATA_KEY not in (schema.metadata or {}):
            raise BatchError(f"{str(file)!r} is not a table of clips of `adamml batch`" + _without(differing))
        return pq.read_table(file, columns=list(COLUMNS), partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise BatchError(f"{str(file)!r} cannot be read as Parquet: {str(error).splitlines()[0]}") from error


def _without(columns: list[str]) -> str:
    return f": the column {columns[0]!r} is missing or of another type" if columns else ""


def _settings(table: pa.Table, file: Path) -> dict[str, Any]:
    try:
        settings = json.loads(table.schema.metadata[METADATA_KEY])
        made_with = {key: settings[key] for key in ("model", "policy", "segments")}
        if type(made_with["segments"]) is not int:
            raise TypeError("segments are counted")
        return made_with
    except (ValueError, KeyError, TypeError) as error:
        raise BatchError(f"{str(file)!r} does not say what it was made with") from error


def _answer(row: dict[str, Any], file: Path) -> ClipAnswer:
    answer = ClipAnswer(
        clip=row["clip"],
        path=row["path"],
        start=row["part_start"],
        end=row["part_end"],
        duration=row["duration"],
        label=row["label"],
        score=row["score"],
        known=row["known"],
        looked=row["selected_rgb"],
        listened=row["selected_audio"],
        macs=row["macs_total"],
        macs_if_all=row["macs_if_all"],
    )
    values = [getattr(answer, name) for name in ClipAnswer.__slots__ if name not in ("start", "end")]
    shares = (answer.score, answer.looked, answer.listened)
    first, last = answer.start or 0.0, math.inf if answer.end is None else answer.end
    whole = None not in values and math.isfinite(answer.duration) and 0 <= first < last and math.isfinite(first)
    if not whole or not all(0 <= share <= 1 for share in shares):
        raise BatchError(f"{str(file)!r} contradicts itself: see the row of {row['clip']!r}")
    if answer.macs < 0 or answer.macs_if_all <= 0:
        raise BatchError(f"{str(file)!r} counts no compute for {row['clip']!r}")
    return answer


def _source(place: Path) -> Path | None:
    """The folder of the archive, or of the list that named its clips."""
    file = place / SETTINGS_FILE
    try:
        if not place.is_dir() or file.stat().st_size > _MAX_JSON:
            return None
        source = Path(json.loads(file.read_text(encoding="utf-8"))["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return source if source.is_dir() else source.parent
