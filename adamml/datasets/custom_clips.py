"""One's own clips, checked before anything is learned from them: which can be used, and are they enough?"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from adamml.datasets.class_folders import list_folder
from adamml.datasets.find_clips import LeftOut
from adamml.datasets.inspect_clip import CRASHED, Inspection, inspect, same_files
from adamml.datasets.manifest import SPLITS, ClipEntry, ManifestError
from adamml.datasets.process_pool import in_processes

FEW = 10  # clips of a class to learn from; with fewer, what is learned is likely to be something else about them
SAY_EVERY = 20  # clips


@dataclass(frozen=True, kw_only=True)
class OwnClips:
    """The clips that can be used, with their sides; those that cannot, with the reason; and what should be known."""

    entries: tuple[ClipEntry, ...]
    left_out: LeftOut
    notes: tuple[str, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """Class -> side -> clips."""
        found = Counter((entry.label, entry.split) for entry in self.entries)
        return {label: {side: found[label, side] for side in SPLITS} for label in sorted({k for k, _ in found})}


def list_own_clips(
    folder: Path,
    *,
    test_share: float,
    seed: int,
    separator: str | None,
    shared_sources: bool = False,
    workers: int,
    say: Callable[[str], None],
) -> OwnClips:
    """Look every clip over, split what can be used, and see whether it is enough.

    Args:
        folder, test_share, seed, separator, shared_sources: see `list_folder`.
        workers: processes.

    Raises:
        ManifestError: when there are fewer than two classes, or a class has not a clip to learn from and one to
            measure on.
    """
    how = partial(
        list_folder, folder, test_share=test_share, seed=seed, separator=separator, shared_sources=shared_sources
    )
    listed = how()
    paths = [entry.path for entry in listed.entries]
    found: dict[Path, Inspection] = {}
    for count, (place, inspection) in enumerate(in_processes(inspect, paths, workers), start=1):
        found[paths[place]] = inspection or Inspection(fault=CRASHED)
        if count % SAY_EVERY == 0 or count == len(paths):
            say(f"{count} of {len(paths)} clips looked over")
    faults = {path: found[path].fault for path in paths if found[path].fault}
    for same in same_files({path: found[path].sha256 for path in paths if path not in faults}):
        faults |= dict.fromkeys(same[1:], f"it is the same file as {same[0].parent.name}/{same[0].name}")
    if len(faults) == len(paths):
        raise ManifestError(f"none of the {len(paths)} clips can be used; {paths[0].name}: {faults[paths[0]]}")
    usable = how(leave_out=faults)
    left_out = LeftOut.of(faults, folder) + usable.left_out
    own = OwnClips(entries=usable.entries, left_out=left_out, notes=())
    _enough(own, {entry.label for entry in listed.entries}, left_out)
    return OwnClips(entries=usable.entries, left_out=left_out, notes=(*usable.notes, *_notes(own, found)))


def _enough(own: OwnClips, labels: set[str], left_out: LeftOut) -> None:
    counts = own.counts()
    if len(labels) < 2:
        rest = "".join(f"; {line}" for line in left_out.lines())
        raise ManifestError(f"only one class folder has clips ({', '.join(labels)}); a model needs two or more{rest}")
    for label in sorted(labels):
        sides = counts.get(label, dict.fromkeys(SPLITS, 0))
        if all(sides.values()):
            continue
        clips = sum(sides.values())
        if clips < 2:
            has = "one clip" if clips == 1 else "no clip"
            raise ManifestError(
                f"class {label!r} has {has} that can be used; it needs one to learn from, one to measure on"
            )
        side = next(side for side, number in sides.items() if not number)
        raise ManifestError(
            f"class {label!r} has {clips} clips that can be used, all of one source or side, so that none is left for "
            f"{side}; add clips from elsewhere"
        )


def _notes(own: OwnClips, found: dict[Path, Inspection]) -> list[str]:
    counts = own.counts()
    notes = []
    few = [f"{label} ({sides['train']})" for label, sides in counts.items() if sides["train"] < FEW]
    if few:
        notes.append(f"fewer than {FEW} clips to learn from: {', '.join(few)}; expect little")
    most, least = (pick(sides["train"] for sides in counts.values()) for pick in (max, min))
    if most > 5 * least:
        notes.append(
            f"classes differ much in size ({least} to {most} clips to learn from); they are drawn equally often"
        )
    silent = [path for path in (entry.path for entry in own.entries) if not found[path].sound]
    if silent:
        notes.append(f"{len(silent)} clips have nothing to hear; they teach looking alone")
    return notes
