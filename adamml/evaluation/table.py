"""One row of figures per policy, all over exactly the same clips.

Rates and accuracies are shares from 0 to 1; MACs are means per clip of multiply-accumulates (1 MAC = 2 FLOPs), counted;
seconds are means per clip, measured. Counted and measured figures never mix.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from adamml.evaluation import metrics
from adamml.evaluation.metrics import Estimate
from adamml.evaluation.records import ClipRecord
from adamml.inputs import MODALITIES

SCHEMA = 1
PerModality = Mapping[str, float | None]


class TableError(ValueError):
    """Policies that cannot be compared. The message names the first difference."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one policy achieved and spent. None: the figure has no meaning here.

    Attributes:
        policy: name.
        clips: how many.
        top1, top5: accuracy; top5 is None for five classes or fewer.
        mean_average_precision: over the classes that occur.
        calibration_error: expected calibration error, 15 bins.
        selection: modality -> share of available cells that were run.
        wasted: modality -> share of selections spent on useless cells.
        informed: share of clips in which at least one informative cell was run.
        cell_auroc: modality -> how well the probability tells informative from useless cells.
        macs, macs_published: mean per clip, full count and the paper's convention.
        saving: share of MACs (full count) saved against the reference; negative when this policy needs more.
        difference: top-1 accuracy less the reference's, paired by clip.
        seconds: mean per clip, measured; None unless measured on every clip.
        class_accuracy: per class; None for a class without clips.
        confusion: K rows (true class) of K counts (answer).
    """

    policy: str
    clips: int
    top1: Estimate
    top5: Estimate | None
    mean_average_precision: float | None
    calibration_error: float
    selection: PerModality
    wasted: PerModality
    informed: float | None
    cell_auroc: PerModality
    macs: float
    macs_published: float
    saving: float | None
    difference: Estimate | None
    seconds: float | None
    class_accuracy: tuple[float | None, ...]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows that may be compared with each other.

    Attributes:
        rows: one per policy.
        reference: the policy that savings and differences are against.
        clips: names of the clips that every policy saw.
        classes: names, in the order of the model's outputs.
        left_out: clip -> why no policy is measured on it.
        facts: which model, how many segments and the like, for the reader.

    Raises:
        TableError: when rows differ in their clips or classes, or a policy occurs twice.
    """

    rows: tuple[Row, ...]
    reference: str
    clips: tuple[str, ...]
    classes: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.rows:
            raise TableError("there is no policy to report on")
        names = [row.policy for row in self.rows]
        for name in names:
            if names.count(name) > 1:
                raise TableError(f"policy {name!r} has two rows")
        for row in self.rows:
            if row.clips != len(self.clips):
                raise TableError(f"policy {row.policy!r} saw {row.clips} clips, the table has {len(self.clips)}")
            if len(row.confusion) != len(self.classes):
                raise TableError(f"policy {row.policy!r} knows {len(row.confusion)} classes, not {len(self.classes)}")

    def row(self, policy: str) -> Row | None:
        """A policy's row, if there is one."""
        return next((row for row in self.rows if row.policy == policy), None)

    def to_dict(self) -> dict[str, Any]:
        """Everything, fit for JSON."""
        return {"schema": SCHEMA} | asdict(self)


def summarize(
    records: Mapping[str, Sequence[ClipRecord]],
    reference: str = "all",
    seed: int = 0,
    *,
    classes: Sequence[str] | None = None,
    left_out: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Table:
    """The table of several policies.

    Args:
        records: policy -> its records, in any order.
        reference: what differences and savings are against; they are None when it is not among the policies.
        seed: of the bootstrap.
        classes: names of the K classes; numbers when left out.
        left_out, facts: kept in the table.

    Raises:
        TableError: when the policies did not see exactly the same clips.
    """
    if not records or not all(records.values()):
        raise TableError("there is no clip to report on")
    ordered = {policy: sorted(rows, key=lambda record: record.clip) for policy, rows in records.items()}
    _require_same_clips(ordered)
    first = next(iter(ordered.values()))
    names = classes or [str(k) for k in range(len(first[0].scores))]
    against = ordered.get(reference)
    return Table(
        rows=tuple(_row(policy, rows, against, seed) for policy, rows in ordered.items()),
        reference=reference,
        clips=tuple(record.clip for record in first),
        classes=tuple(names),
        left_out=dict(left_out or {}),
        facts=dict(facts or {}),
    )


def _require_same_clips(ordered: Mapping[str, Sequence[ClipRecord]]) -> None:
    """Every policy saw each clip once, and all agree on its label and its classes."""
    (base, expected), *others = ordered.items()
    for policy, rows in ordered.items():
        for one, two in pairwise(rows):
            if one.clip == two.clip:
                raise TableError(f"policy {policy!r} has two records of clip {one.clip!r}")
    known = {record.clip: record for record in expected}
    for policy, rows in others:
        seen = {record.clip for record in rows}
        for clip in sorted(known.keys() ^ seen):
            has, lacks = (base, policy) if clip in known else (policy, base)
            raise TableError(f"clip {clip!r} was seen by {has!r} and not by {lacks!r}: run both on the same clips")
        for record in rows:
            if (record.label, len(record.scores)) != (known[record.clip].label, len(known[record.clip].scores)):
                raise TableError(f"{base!r} and {policy!r} disagree on the label or the classes of {record.clip!r}")


def _row(policy: str, records: Sequence[ClipRecord], against: Sequence[ClipRecord] | None, seed: int) -> Row:
    scores_NK, labels_N = _arrays(records)
    top1_N = _top1(scores_NK, labels_N)
    top5_N = metrics.correct_within(scores_NK, labels_N, 5)
    columns = {m: metrics.cells_of(records, m) for m in MODALITIES}
    confusion_KK = metrics.confusion(scores_NK, labels_N)
    macs = float(np.mean([record.macs for record in records]))
    seconds = [record.seconds for record in records if record.seconds is not None]
    saving, difference = None, None
    if against is not None and against is not records:
        spent = float(np.mean([record.macs for record in against]))
        saving = 1 - macs / spent if spent else None
        difference = metrics.paired_difference(top1_N, _top1(*_arrays(against)), seed)
    return Row(
        policy=policy,
        clips=len(records),
        top1=metrics.bootstrap_mean(top1_N, seed),
        top5=None if top5_N is None else metrics.bootstrap_mean(top5_N, seed),
        mean_average_precision=metrics.mean_average_precision(scores_NK, labels_N),
        calibration_error=metrics.expected_calibration_error(scores_NK, labels_N),
        selection={m: metrics.selection_rate(cells) for m, cells in columns.items()},
        wasted={m: metrics.wasted_share(cells) for m, cells in columns.items()},
        informed=metrics.informed_share(list(columns.values())),
        cell_auroc={m: metrics.cell_auroc(cells) for m, cells in columns.items()},
        macs=macs,
        macs_published=float(np.mean([record.macs_published for record in records])),
        saving=saving,
        difference=difference,
        seconds=float(np.mean(seconds)) if len(seconds) == len(records) else None,
        class_accuracy=metrics.class_accuracy(confusion_KK),
        confusion=tuple(tuple(row) for row in confusion_KK.tolist()),
    )


def _arrays(records: Sequence[ClipRecord]) -> tuple[metrics.Floats, metrics.Ints]:
    return np.array([r.scores for r in records]), np.array([r.label for r in records], np.int64)


def _top1(scores_NK: metrics.Floats, labels_N: metrics.Ints) -> metrics.Floats:
    return (scores_NK.argmax(1) == labels_N).astype(float)
