"""What is to be analysed: the clips of a folder, or of a manifest. Nothing is opened here, only looked up.

A folder is read to the bottom. Hidden files and files of other kinds are passed over; folders behind links are not
entered, and a link to a file counts only where it leads to one inside the folder.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from adamml.training.data.folders import SUFFIXES as PICTURE_SUFFIXES
from adamml.training.data.manifest import read_manifest

SOUND_SUFFIXES = frozenset({".mp3", ".wav", ".flac", ".aac", ".m4a", ".ogg", ".oga", ".mka"})
SUFFIXES = PICTURE_SUFFIXES | SOUND_SUFFIXES


class BatchError(ValueError):
    """An archive that cannot be analysed as asked. The message says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveClip:
    """One clip, or part of one, and what tells whether its file is still the one that was analysed.

    Attributes:
        clip: its name in the results: the path, and for a part its seconds as a media fragment (`a.mp4#t=2.0,5.5`).
        path: relative to the archive where the file lies in it; bytes that are no UTF-8 are written as `\\xff`.
        file: where it is now.
        start, end: seconds of the file; None for its start or end.
        size: bytes; None when there is no such file.
        modified: microseconds since 1970, of the file's last change; None when there is no such file.
    """

    clip: str
    path: str
    file: Path
    start: float | None = None
    end: float | None = None
    size: int | None = None
    modified: int | None = None

    @staticmethod
    def of(file: Path, root: Path, start: float | None = None, end: float | None = None) -> "ArchiveClip":
        """Look the file up."""
        path = printable((file.relative_to(root) if file.is_relative_to(root) else file).as_posix())
        part = "" if start is None and end is None else f"#t={start or 0.0!r},{'' if end is None else repr(end)}"
        try:
            facts = file.stat()
        except OSError:  # a missing file is a result, too: the analysis will say what is wrong with it
            size = modified = None
        else:
            size, modified = facts.st_size, facts.st_mtime_ns // 1000
        return ArchiveClip(clip=path + part, path=path, file=file, start=start, end=end, size=size, modified=modified)


@dataclass(frozen=True, kw_only=True)
class Archive:
    """The clips by name, and what was passed over (kind -> how many files)."""

    root: Path
    clips: tuple[ArchiveClip, ...]
    passed_over: dict[str, int] = field(default_factory=dict)


def printable(text: str) -> str:
    """File names may hold any bytes; Parquet holds UTF-8."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def list_archive(source: Path) -> Archive:
    """The clips of a folder or a manifest, sorted by name.

    Raises:
        BatchError: when there is no such source, or there are no clips in it.
        ManifestError: for a manifest that cannot be read.
    """
    source = source.absolute()
    if not source.exists():
        raise BatchError(f"there is no folder or manifest {str(source)!r}")
    if source.is_dir():
        archive = _list_folder(source)
        if not archive.clips:
            raise BatchError(f"there are no clips in {str(source)!r} ({', '.join(sorted(SUFFIXES))})")
    else:
        archive = _list_manifest(source)
    names = [clip.clip for clip in archive.clips]
    if twice := next((name for name, after in pairwise(names) if name == after), None):
        raise BatchError(f"two files of {str(source)!r} would both be called {twice!r} in the results: rename one")
    return archive


def _list_manifest(path: Path) -> Archive:
    manifest = read_manifest(path)
    parts = dict.fromkeys((entry.path, entry.start, entry.end) for entry in manifest.entries)
    clips = (ArchiveClip.of(file, manifest.root, start, end) for file, start, end in parts)
    return Archive(root=path, clips=tuple(sorted(clips, key=lambda clip: clip.clip)))


def _list_folder(root: Path) -> Archive:
    inside, passed_over = root.resolve(), {"links that lead out of the folder": 0, "files of other kinds": 0}
    clips = []
    for file in _files(root):
        if file.suffix.lower() not in SUFFIXES:
            passed_over["files of other kinds"] += 1
        elif file.is_symlink() and not file.resolve().is_relative_to(inside):
            passed_over["links that lead out of the folder"] += 1
        elif file.is_file():  # neither a broken link nor a pipe
            clips.append(ArchiveClip.of(file, root))
    clips.sort(key=lambda clip: clip.clip)
    return Archive(root=root, clips=tuple(clips), passed_over={kind: n for kind, n in passed_over.items() if n})


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):  # which does not enter links
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name) for name in files if not name.startswith("."))
