"""Shards on disk: what is done, and how more is added to it.

A shard is two files, its clips and its segments, each written whole under a hidden name and then renamed. Segments go
first, so a clip that is listed has its segments; a run that is killed between the two leaves segments of clips that are
not listed yet, and they are replaced when those clips are analyzed. An unfinished shard is simply one with fewer rows:
it is rewritten with more of them every so often.
"""

import fcntl
import hashlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adamml.batch.archive import ArchiveClip, BatchError
from adamml.batch.settings import BatchSettings
from adamml.batch.tables import Outcome, Row, clip_schema, segment_schema
from adamml.files import write_whole

SETTINGS_FILE, LOCK_FILE = "batch.json", ".lock"
CLIPS_PER_SHARD = 2000  # 20,000 segments: a few megabytes with a few dozen classes
SAVE_SECONDS, SAVE_CLIPS = 30.0, 500  # what is lost at most when the machine goes down


class Store:
    """A data set that is being made. Use it as a context; leaving it writes what is still in memory.

    Args:
        folder: of the data set; made if it is missing.
        settings: what it is made with.
        source: the archive's folder or list.
        clips: how many there are to be, for the number of shards of a new data set.
        save_seconds, save_clips: shards are written when that much time has passed, or so many clips were added.

    Raises:
        BatchError: when the folder holds something else, other settings, or another process is at work in it.
    """

    def __init__(
        self,
        folder: Path,
        settings: BatchSettings,
        source: Path,
        clips: int,
        *,
        save_seconds: float = SAVE_SECONDS,
        save_clips: int = SAVE_CLIPS,
    ) -> None:
        self.folder = folder
        self._schemas = {"clips": clip_schema(settings), "segments": segment_schema(settings)}
        self._pending: dict[int, list[Outcome]] = defaultdict(list)
        self._save_seconds, self._save_clips, self._saved = save_seconds, save_clips, time.monotonic()
        for name in self._schemas:
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder / LOCK_FILE)
        try:
            self._shards = _agreed(folder, settings, source, -(-clips // CLIPS_PER_SHARD))
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.save()
        finally:
            self._lock.close()

    def place(self, clip: ArchiveClip) -> tuple[int, str]:
        """Shard and name: in this order clips are best analyzed, so that few shards are open at a time."""
        digest = hashlib.blake2b(clip.clip.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self._shards, clip.clip

    def done(self) -> dict[str, tuple[int | None, int | None, bool]]:
        """Clip -> size and time of the file that was analyzed, and whether that went well."""
        found: dict[str, tuple[int | None, int | None, bool]] = {}
        for path in sorted((self.folder / "clips").glob("*.parquet")):
            table = _read(path, ["clip", "size", "modified", "status"])
            modified = table["modified"].cast(pa.int64())
            columns = [column.to_pylist() for column in (table["clip"], table["size"], modified, table["status"])]
            found |= {clip: (size, when, status == "ok") for clip, size, when, status in zip(*columns, strict=True)}
        return found

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome, and write all shards that are waiting when it is time."""
        self._pending[self.place(outcome.clip)[0]].append(outcome)
        count = sum(len(waiting) for waiting in self._pending.values())
        if count >= self._save_clips or time.monotonic() - self._saved >= self._save_seconds:
            self.save()

    def save(self) -> None:
        """Write everything that is in memory."""
        for shard in sorted(self._pending):
            outcomes = self._pending[shard]
            self._merge("segments", shard, outcomes, [row for outcome in outcomes for row in outcome.segments])
            self._merge("clips", shard, outcomes, [outcome.row for outcome in outcomes])
            del self._pending[shard]
        self._saved = time.monotonic()

    def size(self) -> int:
        """Bytes of all shards."""
        return sum(path.stat().st_size for name in self._schemas for path in (self.folder / name).glob("*.parquet"))

    def _merge(self, name: str, shard: int, outcomes: Iterable[Outcome], rows: list[Row]) -> None:
        """Add rows to a file; they take the place of the rows that the same clips had there."""
        path, schema = self.folder / name / f"shard-{shard:05}.parquet", self._schemas[name]
        table = pa.Table.from_pylist(rows, schema)
        if path.exists():
            before = _read(path)
            again = pa.array([outcome.clip.clip for outcome in outcomes], pa.string())
            kept = before.filter(pc.invert(pc.is_in(before["clip"], again)))
            table = pa.concat_tables([kept.replace_schema_metadata(schema.metadata), table])
        keys = [(key, "ascending") for key in ("clip", "segment") if key in schema.names]
        sink = pa.BufferOutputStream()
        pq.write_table(table.sort_by(keys).combine_chunks(), sink, compression="zstd")
        write_whole(path, sink.getvalue().to_pybytes())


def _locked(path: Path) -> Any:
    """An open file that is locked until it is closed, by the process or by its end."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise BatchError(f"another run is at work in {str(path.parent)!r}") from None
    return file


def _agreed(folder: Path, settings: BatchSettings, source: Path, shards: int) -> int:
    """The number of shards, once it is certain that the folder holds results of these settings or none at all."""
    path, source = folder / SETTINGS_FILE, source.absolute()
    if not path.exists():
        if next(folder.glob("*/*.parquet"), None) is not None:
            raise BatchError(f"{str(folder)!r} holds Parquet files, but no {SETTINGS_FILE}: write to a new folder")
        facts = {"source": os.fsencode(source).decode("utf-8", "backslashreplace"), "shards": max(1, shards)}
        write_whole(path, json.dumps(facts | settings.to_dict(), indent=2) + "\n")
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
        shards = int(there["shards"])
        known = there["source"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BatchError(
            f"{str(path)!r} does not say what the data set was made with: write to a new folder"
        ) from error
    changes = settings.differences(there)
    if known != os.fsencode(source).decode("utf-8", "backslashreplace"):
        changes.insert(0, f"source {known}, not {source}")
    if changes:
        raise BatchError(
            f"{str(folder)!r} was made with {'; '.join(changes)}: ask for the same, or write to a new folder"
        )
    return shards


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise BatchError(f"{str(path)!r} is damaged ({reason}): delete it, and its clips are analyzed again") from error
