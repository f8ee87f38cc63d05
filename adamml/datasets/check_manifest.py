"""Is everything there that a manifest promises? Looks every file over without decoding it.

Clips count as the same when one path and span is listed twice, or when two files hold the same bytes: equal sizes
first, then equal SHA-256 of those few. Parts of one file that overlap are named where one is learned from and the
other measured on.
"""

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from adamml.datasets.labels import alike, spelled
from adamml.datasets.manifest import ClipEntry, Manifest, straddling
from adamml.datasets.split import one_sided
from adamml.media import ClipError, MediaSettings, probe, settings_for, subclip_of


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
        overlapping: pairs of clips on different sides that share seconds of one file, or of two with the same bytes.
        alike: names of classes that differ only by case, blanks and the like, as sets.
        one_sided: class -> the side of the split that has none of its clips; that may be meant, so it is no fault.
    """

    clips: dict[str, int]
    classes: int
    missing: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    duplicates: tuple[tuple[str, ...], ...] = ()
    straddling: tuple[str, ...] = ()
    overlapping: tuple[tuple[str, str], ...] = ()
    alike: tuple[tuple[str, ...], ...] = ()
    one_sided: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        faults = (self.missing, self.unreadable, self.duplicates, self.straddling, self.overlapping, self.alike)
        return not any(faults)

    def to_json(self) -> str:
        return json.dumps({"ok": self.ok} | asdict(self), indent=2) + "\n"

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {split}" for split, count in self.clips.items())
        lines = [f"{sum(self.clips.values())} clips ({counts}) of {self.classes} classes"]
        lines += [f"missing     {path}" for path in self.missing]
        lines += [f"unreadable  {path}: {reason}" for path, reason in self.unreadable]
        lines += [f"duplicate   {' = '.join(names)}" for names in self.duplicates]
        lines += [f"straddling  group {group!r} is in train and in test" for group in self.straddling]
        lines += [f"overlap     {one} (train) and {other} (test)" for one, other in self.overlapping]
        lines += [f"labels      {spelled(names)} are taken for different classes" for names in self.alike]
        lines += [f"note        class {label!r} has no {side} clips" for label, side in self.one_sided.items()]
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
                subclip_of(probe(entry.path, settings), entry.start, entry.end)
            except ClipError as error:
                unreadable[name] = str(error)
        if progress is not None:
            progress(done, len(manifest.entries))
    same = _same_bytes(manifest)
    return Report(
        clips=dict(Counter(entry.split for entry in manifest.entries)),
        classes=len(manifest.classes),
        missing=tuple(missing),
        unreadable=tuple(unreadable.items()),
        duplicates=(
            *_listed_twice(manifest),
            *(tuple(_short(path, manifest) for path in paths) for paths in same),
        ),
        straddling=tuple(manifest.entries[a].group for a, _ in straddling(manifest.entries)),
        overlapping=tuple(_overlapping(manifest, same)),
        alike=alike(manifest.classes),
        one_sided=one_sided(manifest.entries),
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


def _overlapping(manifest: Manifest, same: Sequence[Sequence[Path]]) -> list[tuple[str, str]]:
    """Seconds that are learned from and measured on."""
    first = {path: paths[0] for paths in same for path in paths}
    by_file: dict[str, dict[str, list[ClipEntry]]] = {}
    for entry in manifest.entries:
        file = os.path.realpath(first.get(entry.path, entry.path))
        by_file.setdefault(file, {}).setdefault(entry.split, []).append(entry)
    return [
        (_name(one, manifest), _name(other, manifest))
        for sides in by_file.values()
        for one in sides.get("train", ())
        for other in sides.get("test", ())
        if _span(one)[0] < _span(other)[1] and _span(other)[0] < _span(one)[1]
    ]


def _span(entry: ClipEntry) -> tuple[float, float]:
    return entry.start or 0.0, math.inf if entry.end is None else entry.end


def _same_bytes(manifest: Manifest) -> list[list[Path]]:
    by_size: dict[int, list[Path]] = {}
    for path in dict.fromkeys(entry.path for entry in manifest.entries):
        if path.is_file():
            by_size.setdefault(path.stat().st_size, []).append(path)
    by_hash: dict[str, list[Path]] = {}
    for paths in by_size.values():
        for path in paths if len(paths) > 1 else ():
            with path.open("rb") as file:
                by_hash.setdefault(hashlib.file_digest(file, "sha256").hexdigest(), []).append(path)
    return [paths for paths in by_hash.values() if len(paths) > 1]
