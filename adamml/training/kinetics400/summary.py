"""What cross-validation says, small enough to keep beside the model: one row per policy, and its table as Markdown.

Shares are in percent. MACs are means per clip of multiply-accumulates in billions, counted.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adamml.evaluation import metrics
from adamml.evaluation.records import ClipRecord
from adamml.policies import anytime, confident
from adamml.training import model_card

BySeed = Mapping[int, Mapping[str, Sequence[ClipRecord]]]  # seed -> policy -> records of the same clips
TITLES = {
    "anytime": model_card.title(f"anytime@{anytime.LEVEL}"),
    "confident": model_card.title(f"confident@{confident.LEVEL}"),
    "liteeval": "LiteEval (its gate)",
    "best-1": "*Upper bound: best 1 look, truth known*",
    "best-2": "*Upper bound: best 2 looks, truth known*",
    "best-3": "*Upper bound: best 3 looks, truth known*",
}
COLUMNS = ("", "top-1 % [95 %]", "by seed", "top-5 %", "RGB used %", "audio used %", "G MACs", "of fusion's MACs")


def summary(by_seed: BySeed) -> dict[str, dict[str, Any]]:
    """Policy -> its figures: means over seeds, intervals by bootstrap over clips.

    A policy need not have run with every seed; those that have nothing random are run once.
    """
    policies = list(dict.fromkeys(policy for found in by_seed.values() for policy in found))
    rows = {}
    for policy in policies:
        runs = [sorted(found[policy], key=lambda record: record.clip) for found in by_seed.values() if policy in found]
        right = np.array([_within(records, 1) for records in runs])  # seeds, clips
        interval = metrics.bootstrap_mean(right.mean(0), 0)
        everything = [record for records in runs for record in records]
        cells = {m: metrics.cells_of(everything, m) for m in ("rgb", "audio")}
        rows[policy] = {
            "top1": _percent(right.mean()),
            "low": _percent(interval.low),
            "high": _percent(interval.high),
            "seeds": [_percent(one.mean()) for one in right],
            "top5": _percent(np.mean([_within(records, 5) for records in runs])),
            "rgb_rate": _percent(metrics.selection_rate(cells["rgb"])),
            "audio_rate": _percent(metrics.selection_rate(cells["audio"])),
            "gmacs": round(float(np.mean([record.macs for record in everything])) / 1e9, 1),
            "auroc": _percent(metrics.cell_auroc(cells["rgb"])),
            "wasted": _percent(metrics.wasted_share(cells["rgb"])),
        }
    return rows


def _within(records: Sequence[ClipRecord], best: int) -> np.ndarray:
    """1.0 for every clip whose class is among the most probable ones."""
    scores_NK, label_N = np.array([record.scores for record in records]), np.array([r.label for r in records])
    found = metrics.correct_within(scores_NK, label_N, best)
    assert found is not None, "Kinetics has 400 classes"
    return found


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * float(share), 1)


def to_markdown(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The table of one set of clips."""
    everything = rows["all"]["gmacs"]
    lines = []
    for policy, row in rows.items():
        lines.append(
            (
                TITLES.get(policy) or model_card.title(policy),
                f"{row['top1']} [{row['low']}, {row['high']}]",
                " / ".join(f"{value:g}" for value in row["seeds"]) if len(row["seeds"]) > 1 else "",
                f"{row['top5']:g}",
                f"{row['rgb_rate'] or 0:g}",
                f"{row['audio_rate'] or 0:g}",
                f"{row['gmacs']}",
                f"{row['gmacs'] / everything:.2f}",
            )
        )
    return model_card.grid(COLUMNS, lines)
