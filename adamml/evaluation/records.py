"""One policy's outcome on one clip, and a file of such outcomes that survives being killed.

Records hold what the metrics need and nothing else: K scores, and S x M cells, M in the order ("rgb", "audio").
They are kept as JSON lines. A run that is killed in mid-line leaves a truncated last line, which is dropped when the
file is opened again; damage anywhere else is an error, because nothing but an edit can have caused it.
"""

import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from adamml.inputs import MODALITIES
from adamml.results.analysis import Analysis

# What a cell says of the clip's class: unknown; nothing; it alone in its segment; as much as the other modality.
UNKNOWN, USELESS, NEEDED, REDUNDANT = -1, 0, 1, 2
_TRUTH_OF_LETTER = {
    "b": (REDUNDANT, REDUNDANT),
    "p": (NEEDED, USELESS),
    "s": (USELESS, NEEDED),
    "n": (USELESS, USELESS),
}

CellRow = tuple[int, ...]
Probabilities = tuple[tuple[float | None, ...], ...]


class RecordError(ValueError):
    """A record that contradicts itself, or a file that holds no records. The message says what to do."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise RecordError(message)


@dataclass(frozen=True, kw_only=True)
class ClipRecord:
    """What one policy answered about one clip, and what it used.

    Lists and arrays are accepted and kept as tuples, so that records compare and hash.

    Attributes:
        clip: a name that no other clip of the evaluation has.
        policy: the policy's name.
        label: index of the true class, 0 to K - 1.
        scores: (K,) softmax of the clip.
        decisions: (S, M) of 0 and 1.
        probabilities: (S, M), None where the policy gave none.
        available: (S, M) of booleans: what the clip has.
        macs: multiply-accumulates of what ran, full count; macs_published: as the paper counts them.
        seconds: measured; None where nothing was measured, for instance for a clip composed in memory.
        cells: (S, M) of -1 unknown, 0 useless, 1 needed, 2 redundant; None when nothing is known.
        recipe: whatever else the outcome depends on ("rates 0.89 0.10, seed 3"); a record of another recipe is not
            reused.

    Raises:
        RecordError: when shapes or values contradict each other.
    """

    clip: str
    policy: str
    label: int
    scores: tuple[float, ...]
    decisions: tuple[CellRow, ...]
    probabilities: Probabilities
    available: tuple[tuple[bool, ...], ...]
    macs: int
    macs_published: int
    seconds: float | None = None
    cells: tuple[CellRow, ...] | None = None
    recipe: str = ""

    def __post_init__(self) -> None:
        keep = object.__setattr__  # the one moment at which a frozen record may still be tidied
        keep(self, "scores", tuple(float(score) for score in self.scores))
        keep(self, "decisions", _grid(self.decisions, int))
        keep(self, "probabilities", _grid(self.probabilities, lambda p: None if p is None else float(p)))
        keep(self, "available", _grid(self.available, bool))
        keep(self, "cells", None if self.cells is None else _grid(self.cells, int))
        where = f"{self.policy} on {self.clip}"
        _require(all(0 <= score <= 1 for score in self.scores), f"{where}: a score outside 0 to 1")
        _require(math.isclose(sum(self.scores), 1, abs_tol=1e-3), f"{where}: scores do not sum to 1")
        _require(0 <= self.label < len(self.scores), f"{where}: label {self.label} of {len(self.scores)} classes")
        _require(len(self.decisions) > 0, f"{where}: no segments")
        for name in ("decisions", "probabilities", "available", "cells"):
            grid = getattr(self, name)
            right = grid is None or (
                len(grid) == len(self.decisions) and all(len(row) == len(MODALITIES) for row in grid)
            )
            _require(right, f"{where}: {name} must have {len(self.decisions)} rows of {len(MODALITIES)}")
        used = [
            pair
            for row, there in zip(self.decisions, self.available, strict=True)
            for pair in zip(row, there, strict=True)
        ]
        _require(all(use in (0, 1) for use, _ in used), f"{where}: a decision that is neither 0 nor 1")
        _require(all(there or not use for use, there in used), f"{where}: uses what the clip lacks")
        chances = [p for row in self.probabilities for p in row if p is not None]
        _require(all(0 <= p <= 1 for p in chances), f"{where}: a probability outside 0 to 1")
        truths = {truth for row in self.cells or () for truth in row}
        _require(truths <= {UNKNOWN, USELESS, NEEDED, REDUNDANT}, f"{where}: a cell truth outside -1 to 2")
        _require(min(self.macs, self.macs_published) >= 0, f"{where}: negative MACs")
        _require(self.seconds is None or 0 <= self.seconds < math.inf, f"{where}: seconds below 0")

    def to_line(self) -> str:
        """One line of JSON, with its line end."""
        return json.dumps(asdict(self), allow_nan=False, separators=(",", ":")) + "\n"

    @staticmethod
    def from_line(line: str) -> "ClipRecord":
        """The way back.

        Raises:
            RecordError: for anything that is no record.
        """
        try:
            return ClipRecord(**json.loads(line))
        except RecordError:
            raise
        except (ValueError, TypeError) as error:
            raise RecordError(f"not a record: {error}") from error


def _grid(rows: Iterable[Iterable[Any]], kind: Any) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(kind(value) for value in row) for row in rows)


def record_of(
    analysis: Analysis,
    *,
    clip: str,
    policy: str,
    label: int,
    cells: Sequence[Sequence[int]] | None = None,
    recipe: str = "",
) -> ClipRecord:
    """The record of an analysis. `clip` and `policy` are names, `label` an index into `analysis.classes`."""
    segments = analysis.segments
    return ClipRecord(
        clip=clip,
        policy=policy,
        label=label,
        scores=tuple(analysis.scores[name] for name in analysis.classes),
        decisions=tuple(tuple(int(s.decisions[m]) for m in MODALITIES) for s in segments),
        probabilities=tuple(tuple(s.probabilities[m] for m in MODALITIES) for s in segments),
        available=tuple(tuple(s.available[m] for m in MODALITIES) for s in segments),
        macs=analysis.macs.total,
        macs_published=analysis.macs_published.total,
        seconds=analysis.seconds.total,
        cells=None if cells is None else _grid(cells, int),
        recipe=recipe,
    )


def truth_of_spans(letters: str | None, spans: Sequence[tuple[float, float]]) -> tuple[CellRow, ...] | None:
    """What each cell of S segments says of the clip's class, (S, M); None when nothing is known.

    Args:
        letters: one per second: b both, p picture only, s sound only, n neither; any other letter is unknown.
        spans: start and end of each segment in seconds from the clip's start. The second in which a segment's centre
            lies decides; a centre beyond the last letter belongs to it.
    """
    if not letters:
        return None
    centers = [(start + end) / 2 for start, end in spans]
    seconds = [min(len(letters) - 1, max(0, int(center))) for center in centers]
    return tuple(_TRUTH_OF_LETTER.get(letters[second], (UNKNOWN, UNKNOWN)) for second in seconds)


def read_records(path: Path) -> list[ClipRecord]:
    """All records of a file, in order; a truncated last line is dropped, a missing file holds none.

    Raises:
        RecordError: for a damaged line anywhere else.
    """
    return _whole_lines(path)[0]


def _whole_lines(path: Path) -> tuple[list[ClipRecord], int]:
    """The records, and how many bytes they take."""
    if not path.exists():
        return [], 0
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    records = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            records.append(ClipRecord.from_line(line.decode()))
        except (RecordError, UnicodeDecodeError) as error:
            raise RecordError(f"{path}, line {number}: {error}. Remove that line, or write to a new folder.") from error
    return records, len(whole)


class RecordLog:
    """Records on disk, to which more are added; each call of `add` is on disk when it returns.

    Args:
        path: of the JSON lines file.
        resume: keep what it holds; otherwise begin anew.
    """

    def __init__(self, path: Path, *, resume: bool = True) -> None:
        self.path = path
        self.records, size = _whole_lines(path) if resume else ([], 0)
        with path.open("ab") as file:
            file.truncate(size)  # so that the next record does not continue half a line

    def add(self, records: Sequence[ClipRecord]) -> None:
        """Append all of them in one write."""
        with self.path.open("ab") as file:
            file.write("".join(record.to_line() for record in records).encode())
            file.flush()
            os.fsync(file.fileno())
        self.records.extend(records)
