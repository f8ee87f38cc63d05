"""What is known of clips that were looked over, a JSON line each, so that a run that was stopped can go on."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from adamml.datasets.inspect_clip import Inspection
from adamml.datasets.kinetics import ListedClip


@dataclass(frozen=True, kw_only=True)
class Work:
    """One clip to be looked over, in whatever process.

    Attributes:
        source: its file, trimmed or whole.
        target: where it goes if it has to be cut out, without suffix.
        several: whether the lists have more than one part of the video.
    """

    row: ListedClip
    source: Path
    target: Path
    several: bool


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What came of it: the file to use, in which way it was cut out (or not at all), and what is in it."""

    path: str
    way: str = ""
    found: Inspection


class Journal:
    """What is known of clips from this and earlier runs, a JSON line each; a line that was cut short is passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, dict[str, object]] = {}
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                self._known[entry["clip"]] = entry
            except (ValueError, KeyError, TypeError):
                continue
        if text and not text.endswith("\n"):
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")

    def known(self, job: Work) -> Ready | None:
        """What is known of a clip, unless its files have changed since."""
        entry = self._known.get(self._key(job))
        if entry is None or entry.get("file") != _stamp(job.source):
            return None
        try:
            ready = Ready(path=str(entry["path"]), way=str(entry["way"]), found=Inspection(**entry["found"]))  # type: ignore[arg-type]
        except (KeyError, TypeError):
            return None
        return ready if not ready.way or _stamp(Path(ready.path)) == entry.get("cut") else None

    def note(self, job: Work, ready: Ready) -> None:
        """Add a clip, at once and for good."""
        entry = {
            "clip": self._key(job),
            "file": _stamp(job.source),
            "path": ready.path,
            "way": ready.way,
            "cut": _stamp(Path(ready.path)) if ready.way else None,
            "found": asdict(ready.found),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    @staticmethod
    def _key(job: Work) -> str:
        return f"{job.row.name} {job.row.label}"


def _stamp(path: Path) -> list[object] | None:
    """Which file this is, and in which state."""
    try:
        state = path.stat()
    except OSError:
        return None
    return [str(path.absolute()), state.st_size, state.st_mtime_ns]
