"""Is everything there that a manifest promises? Looks every file over without decoding it.

Clips count as the same when one path and span is listed twice, or when two files hold the same bytes: equal sizes
first, then equal SHA-256 of those few.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from adamml.media import ClipError, MediaSettings, part_of, probe, settings_for
from adamml.training.data.manifest import ClipEntry, Manifest, straddling


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `check` found. `str(report)` is for people, `to_json()` for programs.

    Attributes:
        clips: entries by split.
        classes: number of classes.
        missing: paths that are no files.
        unreadable: path and reason, of files that cannot be used or do not have the part that is listed.
        duplicates: per set of clips that are the same, their names.
        straddling: groups on both sides of the split.
    """

    clips: dict[str, int]
    classes: int
    missing: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    duplicates: tuple[tuple[str, ...], ...] = ()
    straddling: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.missing or self.unreadable or self.duplicates or self.straddling)

    def to_json(self) -> str:
        return json.dumps({"ok": self.ok} | asdict(self), indent=2) + "\n"

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {split}" for split, count in self.clips.items())
        lines = [f"{sum(self.clips.values())} clips ({counts}) of {self.classes} classes"]
        lines += [f"missing     {path}" for path in self.missing]
        lines += [f"unreadable  {path}: {reason}" for path, reason in self.unreadable]
        lines += [f"duplicate   {' = '.join(names)}" for names in self.duplicates]
        lines += [f"straddling  group {group!r} is in train and in test" for group in self.straddling]
        return "\n".join([*lines, "nothing is wrong"] if self.ok else lines)


def check(
    manifest: Manifest,
    settings: MediaSettings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Look over every file of a manifest.

    Args:
        manifest: from `read_manifest`.
        settings: limits on a clip; the local profile unless given.
        progress: called with how many entries are done, and of how many.
    """
    settings = settings or settings_for("local")
    missing: dict[str, None] = {}
    unreadable: dict[str, str] = {}
    for done, entry in enumerate(manifest.entries, start=1):
        name = _name(entry, manifest)
        if not entry.path.is_file():
            missing[_short(entry.path, manifest)] = None
        else:
            try:
                part_of(probe(entry.path, settings), entry.start, entry.end)
            except ClipError as error:
                unreadable[name] = str(error)
        if progress is not None:
            progress(done, len(manifest.entries))
    return Report(
        clips=dict(Counter(entry.split for entry in manifest.entries)),
        classes=len(manifest.classes),
        missing=tuple(missing),
        unreadable=tuple(unreadable.items()),
        duplicates=(*_listed_twice(manifest), *_same_bytes(manifest)),
        straddling=tuple(manifest.entries[a].group for a, _ in straddling(manifest.entries)),
    )


def _short(path: Path, manifest: Manifest) -> str:
    return path.relative_to(manifest.root).as_posix() if path.is_relative_to(manifest.root) else str(path)


def _name(entry: ClipEntry, manifest: Manifest) -> str:
    short = _short(entry.path, manifest)
    if entry.start is None and entry.end is None:
        return short
    return f"{short} [{'' if entry.start is None else entry.start} - {'' if entry.end is None else entry.end} s]"


def _listed_twice(manifest: Manifest) -> list[tuple[str, ...]]:
    counts = Counter((entry.path, entry.start, entry.end) for entry in manifest.entries)
    first = {(entry.path, entry.start, entry.end): entry for entry in reversed(manifest.entries)}
    return [(_name(first[key], manifest),) * count for key, count in counts.items() if count > 1]


def _same_bytes(manifest: Manifest) -> list[tuple[str, ...]]:
    by_size: dict[int, list[Path]] = {}
    for path in dict.fromkeys(entry.path for entry in manifest.entries):
        if path.is_file():
            by_size.setdefault(path.stat().st_size, []).append(path)
    by_hash: dict[str, list[Path]] = {}
    for paths in by_size.values():
        for path in paths if len(paths) > 1 else ():
            with path.open("rb") as file:
                by_hash.setdefault(hashlib.file_digest(file, "sha256").hexdigest(), []).append(path)
    return [tuple(_short(path, manifest) for path in paths) for paths in by_hash.values() if len(paths) > 1]
