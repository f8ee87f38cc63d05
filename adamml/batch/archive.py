"""What is to be analyzed: the clips of a folder, or of a manifest. Nothing is opened here, only looked up.

A folder is read to the bottom. Folders behind links are not entered, and a link to a file counts only where it leads to
one inside the folder. What is not taken is named with the reason.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from adamml.datasets.find_clips import FILE_SUFFIXES, LeftOut, find_clips
from adamml.datasets.manifest import read_manifest


class BatchError(ValueError):
    """An archive that cannot be analyzed as asked. The message says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveClip:
    """One clip, or part of one, and what tells whether its file is still the one that was analyzed.

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
    """The clips by name, and what is not among them."""

    root: Path
    clips: tuple[ArchiveClip, ...]
    left_out: LeftOut = field(default_factory=LeftOut)


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
            rest = "".join(f"; {line}" for line in archive.left_out.lines())
            raise BatchError(f"there are no clips in {str(source)!r} ({', '.join(sorted(FILE_SUFFIXES))}){rest}")
    else:
        archive = _list_manifest(source)
    names = [clip.clip for clip in archive.clips]
    if twice := next((name for name, after in pairwise(names) if name == after), None):
        raise BatchError(f"two files of {str(source)!r} would both be called {twice!r} in the results: rename one")
    return archive


def _list_manifest(path: Path) -> Archive:
    manifest = read_manifest(path)
    parts = Counter((entry.path, entry.start, entry.end) for entry in manifest.entries)
    clips = {part: ArchiveClip.of(part[0], manifest.root, *part[1:]) for part in parts}
    again = tuple(clips[part].clip for part, count in parts.items() for _ in range(count - 1))
    left_out = LeftOut(reasons={"listed before": again} if again else {})
    return Archive(root=path, clips=tuple(sorted(clips.values(), key=lambda clip: clip.clip)), left_out=left_out)


def _list_folder(root: Path) -> Archive:
    found = find_clips(root, links=False)
    clips = sorted((ArchiveClip.of(file, root) for file in found.clips), key=lambda clip: clip.clip)
    return Archive(root=root, clips=tuple(clips), left_out=LeftOut.of(found.why, root))
