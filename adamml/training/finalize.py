"""The end of an everyday run: calibrate, measure every row with every seed, write results, save the model.

The temperatures and the threshold of "none of my classes" are fitted on clips of the training side; everything that
is reported comes from the test side.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from adamml.evaluation.calibration import compare_unknown_scores
from adamml.evaluation.metrics import auroc
from adamml.evaluation.report import write_report
from adamml.evaluation.table import Row, Table
from adamml.files import write_whole
from adamml.nn import AdaMML
from adamml.nn.confidence import confidence
from adamml.results.policy_spec import ROWS, deciding_networks, split_name
from adamml.training.feature_bank import Bank, ComposedClips, Missing
from adamml.training.measure import (
    BUDGETS,
    CALIBRATION_SEED,
    NOTHING_SEED,
    TEST_SEED,
    Rows,
    clips_of,
    temperatures,
    unknown_scores,
)
from adamml.weights.checkpoint import ModelCard, save_model

CALIBRATION_CLIPS = 1000
# The training side flatters: what the recognizers learned from is surer than what they will meet.
KNOWN_RETENTION = 0.999


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a run ends with."""

    table: Table
    calibration: Mapping[str, Any]
    seeds: Mapping[str, Any]


def calibrate(
    network: AdaMML, deciders: Mapping[str, nn.Module], banks: Mapping[str, Mapping[str, Bank]], missing: Missing
) -> dict[str, Any]:
    """Temperatures and thresholds by policy, fitted on the training side; AUROC by policy, on the test side."""
    known = clips_of(ComposedClips(banks["train"], missing), CALIBRATION_CLIPS, CALIBRATION_SEED)
    nothing = clips_of(ComposedClips(banks["train"], missing, nothing=True), CALIBRATION_CLIPS, NOTHING_SEED)
    test_known = clips_of(ComposedClips(banks["test"], missing), CALIBRATION_CLIPS, TEST_SEED)
    test_nothing = clips_of(ComposedClips(banks["test"], missing, nothing=True), CALIBRATION_CLIPS, NOTHING_SEED + 1)
    names = [name for name in ROWS if name != "random"]
    fitted = temperatures(network, deciders, known, names)
    found: dict[str, Any] = {"temperatures": fitted, "unknown": {}, "auroc": {}}
    for name in names:
        told = unknown_scores(network, deciders, known, nothing, name)
        unknown = np.concatenate((told["nothing"], told["left_out"]))
        best = compare_unknown_scores(told["known"], unknown, fitted[name], KNOWN_RETENTION)[0]
        found["unknown"][name] = {"score": best.score, "threshold": best.threshold}
        tested = unknown_scores(network, deciders, test_known, test_nothing, name)
        sure = {kind: confidence(logits, best.score, fitted[name]) for kind, logits in tested.items()}
        found["auroc"][name] = {
            "nothing": _auroc(sure["known"], sure["nothing"]),
            "left_out": _auroc(sure["known"], sure["left_out"]),
            "known_kept": float((sure["known"] >= best.threshold).mean()),
            "nothing_found": float((sure["nothing"] < best.threshold).mean()),
            "left_out_found": float((sure["left_out"] < best.threshold).mean()),
        }
    return found


def _auroc(known: np.ndarray, unknown: np.ndarray) -> float | None:
    positive = np.repeat([True, False], [len(known), len(unknown)])
    return auroc(positive, np.concatenate((known, unknown)))


def finish(
    folder: Path,
    network: AdaMML,
    by_seed: Mapping[int, Mapping[str, nn.Module]],
    banks: Mapping[str, Mapping[str, Bank]],
    missing: Missing,
    classes: tuple[str, ...],
    clips: int,
) -> Finished:
    """Measure; writes the report of the first seed and `seeds.json` into `folder`."""
    batch = clips_of(ComposedClips(banks["test"], missing), clips, TEST_SEED)
    tables: dict[int, Table] = {}
    first = next(iter(by_seed))
    calibration = calibrate(network, by_seed[first], banks, missing)
    for seed, deciders in by_seed.items():
        rows = Rows(network=network, deciders=deciders, classes=classes, temperatures=calibration["temperatures"])
        budgets = [f"adamml@{budget:.2f}" for budget in BUDGETS] if seed == first else []
        budgets += [f"cascade@{budget:.2f}" for budget in BUDGETS] if seed == first else []
        names = [name for name in ROWS if name in deciders or name not in deciding_networks()]
        tables[seed] = rows.table(batch, [*names, *budgets], seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_report(tables[first], folder, published=True)
    seeds = over_seeds(tables)
    write_whole(folder / "seeds.json", json.dumps(seeds, indent=2) + "\n")
    write_whole(folder / "calibration.json", json.dumps(calibration, indent=2) + "\n")
    return Finished(table=tables[first], calibration=calibration, seeds=seeds)


def over_seeds(tables: Mapping[int, Table]) -> dict[str, Any]:
    """Row -> figure -> its value for every seed, in the order of the seeds."""
    found: dict[str, Any] = {"seeds": list(tables)}
    for name in ROWS:
        rows = [row for table in tables.values() if (row := table.row(name)) is not None]
        found[name] = {
            "top1": [row.top1.value for row in rows],
            "gmacs": [row.macs / 1e9 for row in rows],
            "share_of_all": [1 - row.saving for row in rows if row.saving is not None],
            "difference_to_all": [row.difference.value for row in rows if row.difference is not None],
            **{f"selection_{m}": [_of(row.selection, m) for row in rows] for m in ("rgb", "audio")},
            **{f"wasted_{m}": [_of(row.wasted, m) for row in rows] for m in ("rgb", "audio")},
            **{f"cell_auroc_{m}": [_of(row.cell_auroc, m) for row in rows] for m in ("rgb", "audio")},
        }
    return found


def _of(figures: Mapping[str, float | None], modality: str) -> float | None:
    return figures.get(modality)


def budget_curve(table: Table, policy: str = "adamml") -> list[dict[str, float]]:
    """Threshold, accuracy in percent and billion MACs per clip, for the page."""
    found = []
    for row in table.rows:
        base, threshold = split_name(row.policy)
        if base == policy and threshold:
            found.append(_point(float(threshold), row))
        elif row.policy == policy:
            found.append(_point(0.5, row))
    return sorted(found, key=lambda point: point["threshold"])


def _point(threshold: float, row: Row) -> dict[str, float]:
    return {
        "threshold": threshold,
        "accuracy": round(100 * row.top1.value, 2),
        "gmacs": round(row.macs / 1e9, 2),
    }


def save(
    out: Path,
    network: AdaMML,
    deciders: Mapping[str, nn.Module],
    finished: Finished,
    classes: tuple[str, ...],
    preset: Any,
    stage1: Mapping[str, Any],
    version: str,
) -> ModelCard:
    """The model folder with its description; the figures in it are those of the report."""
    table = finished.table
    card = ModelCard(
        name="everyday-av",
        version=version,
        classes=classes,
        licence="CC BY-NC 4.0",
        trained="photographs and sound recordings of 17 everyday classes, composed into clips; no real video",
        temperatures=finished.calibration["temperatures"],
        unknown=finished.calibration["unknown"],
        facts={
            "preset": asdict(preset),
            "rgb_weight": float(network.rgb_weight.detach()),
            "measured": {
                "split": "by source, about 15 % kept for measuring",
                "stage1": dict(stage1),
                "composed_clips": {
                    "clips": len(table.clips),
                    "from": "banks of test segments",
                    "rows": measured_rows(table),
                },
                "budget": budget_curve(table),
                "unknown_auroc": finished.calibration["auroc"],
            },
        },
    )
    others = {name: net for name, net in deciders.items() if name != "adamml"}
    return save_model(out, network, card, others)


def measured_rows(table: Table) -> dict[str, dict[str, float | None]]:
    """Policy -> the figures that a model's card has; accuracy and rates in percent, compute per clip."""
    return {
        row.policy: {
            "accuracy": round(100 * row.top1.value, 2),
            "gmacs": round(row.macs / 1e9, 2),
            "rgb_rate": _percent(row.selection.get("rgb")),
            "audio_rate": _percent(row.selection.get("audio")),
        }
        for row in table.rows
        if "@" not in row.policy
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)
