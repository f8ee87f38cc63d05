"""Which clips are learned from and which are kept apart: whole sources, class by class, in a seeded order."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adamml.datasets.manifest import SPLITS, ClipEntry


@dataclass(frozen=True, kw_only=True)
class Sourced:
    """A clip before it has a side: its class, the source it is of, and what the seeded order goes by."""

    path: Path
    label: str
    group: str
    order: str


def seeded_split(clips: Sequence[Sourced], test_share: float, seed: int) -> list[ClipEntry]:
    """Class by class, whole groups go to test in a seeded order until the class has its share there.

    A class of several groups is left with one on each side, unless the share is 0 or 1.
    """
    by_class: dict[str, dict[str, list[Sourced]]] = {}
    for clip in clips:
        by_class.setdefault(clip.label, {}).setdefault(clip.group, []).append(clip)
    side: dict[str, str] = {}  # a group of several classes is decided by the first of them
    for groups in by_class.values():
        wanted = test_share * sum(len(members) for members in groups.values())
        tested = sum(len(members) for group, members in groups.items() if side.get(group) == "test")
        for group in sorted((group for group in groups if group not in side), key=lambda g: _order(seed, groups[g])):
            size = len(groups[group])
            # Taken when that brings the class nearer to its share than leaving it would.
            side[group] = "test" if tested + size / 2 < wanted else "train"
            tested += size * (side[group] == "test")
    if 0 < test_share < 1:
        _mend(by_class, side, seed)
    return [ClipEntry(path=c.path, label=c.label, split=side[c.group], group=c.group) for c in clips]


def _mend(by_class: Mapping[str, Mapping[str, list[Sourced]]], side: dict[str, str], seed: int) -> None:
    """Give a class that is all on one side its smallest group on the other, where no other class suffers by it."""
    for groups in by_class.values():
        for wanted in SPLITS:
            if any(side[group] == wanted for group in groups):
                continue
            for group in sorted(groups, key=lambda g: (len(groups[g]), _order(seed, groups[g]))):
                sharing = [other for other in by_class.values() if group in other]
                if all(any(side[g] != wanted for g in other if g != group) for other in sharing):
                    side[group] = wanted
                    break


def _order(seed: int, members: Sequence[Sourced]) -> bytes:
    return hashlib.sha256(f"{seed}/{members[0].order}".encode()).digest()


def one_sided(entries: Iterable[ClipEntry]) -> dict[str, str]:
    """Class -> the side of the split that has none of its clips; nothing when a side has no clips at all."""
    counts = Counter((entry.label, entry.split) for entry in entries)
    used = [side for side in SPLITS if any(split == side for _, split in counts)]
    labels = sorted({label for label, _ in counts})
    if len(used) < len(SPLITS):
        return {}
    return {label: side for label in labels for side in SPLITS if not counts[label, side]}
