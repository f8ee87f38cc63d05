"""What preparing Kinetics found: how many clips of each class are used, missing, broken or there twice, and which."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from adamml.datasets.find_clips import LeftOut

COLUMNS = ("listed", "train", "test", "missing", "broken", "duplicate", "silent")
NAMED = 10  # of each kind, for people; the JSON names all


@dataclass(frozen=True, kw_only=True)
class ClassCounts:
    """Clips of one class. Silent ones are used; they have nothing to hear."""

    listed: int = 0
    train: int = 0
    test: int = 0
    missing: int = 0
    broken: int = 0
    duplicate: int = 0
    silent: int = 0


@dataclass(frozen=True, kw_only=True)
class KineticsReport:
    """`str(report)` is for people, `to_json()` for programs.

    Attributes:
        classes: class -> counts; listed and missing count the sides that were asked for.
        asked: side -> number of clips asked for, where one was given.
        missing: names of listed clips without a file.
        broken: name -> why it cannot be used.
        duplicates: name -> the clip with the same bytes that is used in its place.
        straddling: videos listed on both sides; their training clips are left out.
        cut: clips cut out of whole videos, by the way it was done.
        left_out: files of the folder that no listed clip comes from, by reason.
    """

    classes: Mapping[str, ClassCounts]
    asked: Mapping[str, int] = field(default_factory=dict)
    missing: Sequence[str] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    duplicates: Mapping[str, str] = field(default_factory=dict)
    straddling: Sequence[str] = ()
    cut: Mapping[str, int] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)

    def total(self, column: str) -> int:
        """The sum of a count over all classes."""
        return sum(getattr(counts, column) for counts in self.classes.values())

    def to_json(self) -> str:
        totals = {column: self.total(column) for column in COLUMNS}
        return json.dumps({"totals": totals} | asdict(self), indent=2, ensure_ascii=False) + "\n"

    def __str__(self) -> str:
        train, test = self.total("train"), self.total("test")
        used = sum(counts.train + counts.test > 0 for counts in self.classes.values())
        lines = [f"{train + test} clips ({train} train, {test} test) of {used} classes"]
        for side, number in self.asked.items():
            if self.total(side) < number:
                lines.append(f"note        {number} {side} clips were asked for; only {self.total(side)} can be used")
        if self.cut:
            ways = ", ".join(f"{count} {way}" for way, count in sorted(self.cut.items()))
            lines.append(f"cut         {sum(self.cut.values())} out of whole videos ({ways})")
        if self.straddling:
            lines.append(f"both sides  {len(self.straddling)} videos; their training clips are left out")
        lines += _some("missing", list(self.missing))
        lines += _some("broken", [f"{name}: {why}" for name, why in self.broken.items()])
        lines += _some("duplicate", [f"{name} = {kept}" for name, kept in self.duplicates.items()])
        if silent := self.total("silent"):
            lines.append(f"silent      {silent} of the clips used have nothing to hear")
        return "\n".join([*lines, *self.left_out.lines()])

    def table(self) -> str:
        """One line per class, Markdown."""
        rows = [("class", *COLUMNS), ("---", *["---:"] * len(COLUMNS))]
        rows += [(name, *(str(getattr(c, column)) for column in COLUMNS)) for name, c in self.classes.items()]
        rows.append(("**all**", *(str(self.total(column)) for column in COLUMNS)))
        return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _some(word: str, names: list[str]) -> list[str]:
    lines = [f"{word:<11} {len(names)} clips"] if names else []
    lines += [f"{word:<11} {name}" for name in names[:NAMED]]
    return lines + [f"{word:<11} ... all of them are named in report.json"] * (len(names) > NAMED)
