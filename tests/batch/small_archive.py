"""What the tests of archives share: a folder of tiny clips, and recognizers that count, kill or dawdle.

Workers live in other processes, so recognizers are made by objects of this module, and tell what they do by lines in
a file.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from adamml import Analysis, Recognizer
from adamml.batch import ArchiveClip, BatchSettings, WorkerConfig
from adamml.batch.tables import Outcome
from adamml.batch.worker import Worker
from tests.clips import moving_picture, tone, write_clip
from tests.toy_app import toy_recognizer

SEGMENTS = 3


def make_archive(folder: Path) -> Path:
    """A dozen clips of a second: some silent, some without picture, two broken; and what is to be passed over."""
    for number in range(10):
        path = folder / f"{number // 4}" / f"clip {number}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_clip(
            path,
            seconds=1.0,
            fps=10,
            picture=None if number == 3 else _starting_at(number * 7),
            sound=None if number in (4, 9) else tone(1.0, hertz=200.0 + 70 * number),
        )
    (folder / "2" / "clip 9.mp4").rename(os.fsdecode(os.fsencode(folder) + b"/2/\xff'\n*.MP4"))
    (folder / "broken.mp4").write_text("This is no clip.")
    (folder / "empty.mkv").touch()
    (folder / "notes.txt").write_text("Not a clip, and not called one.")
    (folder / ".hidden.mp4").write_text("Passed over.")
    return folder


def _starting_at(first: int) -> Any:
    return lambda index, width, height: moving_picture(index + first, width, height)


class Observed(Recognizer):
    """Notes each clip that it is asked for, and then perhaps kills its process, or takes its time."""

    notes: Path
    deadly: Mapping[str, int]
    pause: float
    hold_from: int

    def analyze(self, path: Any, *args: Any, **kwargs: Any) -> Analysis:
        with self.notes.open("a") as file:
            file.write(os.fsencode(Path(path).name).hex() + "\n")
        name = Path(path).name
        if asked_for(self.notes).count(name) <= self.deadly.get(name, 0):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.pause)
        while self.hold_from and len(asked_for(self.notes)) >= self.hold_from and not go_on(self.notes).exists():
            time.sleep(0.02)
        return super().analyze(path, *args, **kwargs)


@dataclass(frozen=True, kw_only=True)
class Observing:
    """Makes an observed recognizer of the miniature model.

    Attributes:
        notes: file to write to.
        deadly: name of a clip -> how many times asking for it ends the process.
        pause: seconds before every clip.
        hold_from: from this clip on, counted from 1, each waits until `go_on` is there; 0 waits for nothing.
    """

    notes: Path
    deadly: Mapping[str, int] = field(default_factory=dict)
    pause: float = 0.0
    hold_from: int = 0

    def __call__(self) -> Recognizer:
        observed = Observed.__new__(Observed)
        observed.__dict__ |= toy_recognizer().__dict__ | self.__dict__
        return observed


def go_on(notes: Path) -> Path:
    """The file that ends the waiting of whoever is held."""
    return notes.with_name("go on")


def asked_for(notes: Path) -> list[str]:
    """Names of the files that were analyzed, in order, over all processes."""
    return [os.fsdecode(bytes.fromhex(line)) for line in notes.read_text().splitlines()] if notes.exists() else []


def content(out: Path) -> dict[str, pa.Table]:
    """Both tables of a data set without what was measured."""
    tables = {name: pq.read_table(out / name) for name in ("clips", "segments")}
    return {
        name: table.drop_columns([column for column in table.column_names if column.startswith("seconds_")])
        for name, table in tables.items()
    }


def here(clips: Sequence[ArchiveClip], recipe: WorkerConfig, workers: int | None = None) -> Iterator[Outcome]:
    """An engine without processes, for what does not depend on them."""
    worker = Worker(recipe)
    yield from (worker(clip) for clip in clips)


def recipe(notes: Path, *, policy: str = "adamml", **what: Any) -> WorkerConfig:
    """How the tests analyze."""
    settings = BatchSettings.of(toy_recognizer().card, policy=policy, segments=SEGMENTS)
    return WorkerConfig(load=Observing(notes=notes, **what), settings=settings)
