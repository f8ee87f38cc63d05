"""What lies in a folder: the files that are taken for clips by their names, and every other one with the reason.

Nothing is opened. Nothing is passed over in silence either: hidden files, other kinds, broken links and folders that
cannot be read are all named and counted, in the same words for every command.

Here is also the one list of names that are taken for clips: for folders, archives, data sets and the page. The reader
itself goes by what is in a file (`adamml.media.allowlist`). Here stand the names that such files usually have, and
those of kinds that it does not open, so that a list can say so instead of passing them over.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# By the reader's demuxers, in FFmpeg's names.
OPENED: dict[str, tuple[str, ...]] = {
    "mov": (".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".f4v", ".m4a", ".m4b"),
    "matroska": (".mkv", ".webm", ".mka", ".weba"),
    "avi": (".avi", ".divx"),
    "ogg": (".ogg", ".ogv", ".oga", ".ogx", ".opus"),
    "mpegts": (".ts", ".mts", ".m2ts", ".m2t", ".mpegts"),
    "gif": (".gif",),
    "mp3": (".mp3",),
    "wav": (".wav", ".wave"),
    "flac": (".flac",),
    "aac": (".aac", ".adts"),
}
FILE_SUFFIXES = tuple(suffix for suffixes in OPENED.values() for suffix in suffixes)
# Video and sound all the same. MPEG program streams (.mpg) hold MPEG-1 or MPEG-2, which are not decoded.
NOT_OPENED = frozenset(
    {
        *(".wmv", ".asf", ".flv", ".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".mpv", ".vob", ".mod", ".rm", ".rmvb"),
        *(".mxf", ".dv", ".y4m", ".ivf", ".h264", ".264", ".h265", ".hevc", ".265", ".m3u8", ".mpd", ".swf", ".wtv"),
        *(".wma", ".aif", ".aiff", ".aifc", ".au", ".amr", ".caf", ".ac3", ".eac3", ".dts", ".wv", ".ape", ".mid"),
        *(".mp2", ".spx", ".tta", ".ra", ".voc"),
    }
)

NAMED = 20  # of each reason, for people; `reasons` has all
HIDDEN = "hidden"


def why_not(name: str) -> str:
    """Why a file of this name is not taken for a clip; empty where it is."""
    dot = name.rfind(".")
    suffix = name[dot:].lower() if dot > 0 else ""
    if suffix in FILE_SUFFIXES:
        return ""
    return f"{suffix} is not read, save it as .mp4" if suffix in NOT_OPENED else "files of other kinds"


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What is not used, and why.

    Attributes:
        reasons: reason -> names, relative to the folder.
    """

    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @staticmethod
    def of(why: Mapping[Path, str], root: Path) -> "LeftOut":
        """From paths and their reasons."""
        reasons: dict[str, list[str]] = {}
        for path in sorted(why):
            name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
            reasons.setdefault(why[path], []).append(name)
        return LeftOut(reasons={reason: tuple(names) for reason, names in sorted(reasons.items())})

    def __add__(self, other: "LeftOut") -> "LeftOut":
        names = {
            reason: (*self.reasons.get(reason, ()), *other.reasons.get(reason, ()))
            for reason in sorted({*self.reasons, *other.reasons})
        }
        return LeftOut(reasons=names)

    def __len__(self) -> int:
        return sum(map(len, self.reasons.values()))

    def counts(self) -> dict[str, int]:
        """Reason -> how many."""
        return {reason: len(names) for reason, names in self.reasons.items()}

    def by_name(self) -> dict[str, str]:
        """Name -> reason."""
        return {name: reason for reason, names in self.reasons.items() for name in names}

    def lines(self) -> list[str]:
        """For people: a line for every reason."""
        return [f"left out    {len(names)} ({reason}): {_some(names)}" for reason, names in self.reasons.items()]


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


@dataclass(frozen=True, kw_only=True)
class Found:
    """The files of a folder that are taken for clips, sorted; and path -> reason of everything else."""

    clips: tuple[Path, ...]
    why: Mapping[Path, str]


def find_clips(folder: Path, *, links: bool = True) -> Found:
    """Look a folder through, to the bottom.

    Args:
        folder: to begin at.
        links: whether links to folders are entered, and links to files may lead out of the folder.
    """
    why: dict[Path, str] = {}
    inside = None if links else folder.resolve()
    clips = []
    for path in _files(folder, why, enter=links, above=frozenset()):
        if inside is not None and path.is_symlink() and not path.resolve().is_relative_to(inside):
            why[path] = "links that lead out of the folder"
        elif reason := why_not(path.name):
            why[path] = reason
        else:
            clips.append(path)
    return Found(clips=tuple(sorted(clips)), why=why)


def _files(folder: Path, why: dict[Path, str], *, enter: bool, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    try:
        here = above | {_identity(folder)}
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        why[folder] = f"the folder cannot be read: {error.strerror}"
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            why[path] = HIDDEN
        elif _is(entry.is_dir):
            if entry.is_symlink() and not enter:
                why[path] = "links to folders"
            elif entry.is_symlink() and _identity(path) in here:
                why[path] = "links to a folder that they lie in"
            else:
                yield from _files(path, why, enter=enter, above=here)
        elif _is(entry.is_file):
            yield path
        else:
            why[path] = "broken links, pipes and the like"


def _is(kind: Callable[[], bool]) -> bool:
    try:
        return kind()
    except OSError:  # a link that leads to itself
        return False


def _identity(folder: Path) -> tuple[int, int]:
    state = folder.stat()
    return state.st_dev, state.st_ino
