"""A table for people: JSON, CSV and Markdown, and the figures of `figures`; every file is whole or not there.

MACs are multiply-accumulates in billions ("G MACs"; 1 MAC = 2 FLOPs) and counted; seconds are measured and stand in a
table of their own. Brackets hold 95 % bootstrap intervals over clips.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from adamml.evaluation import figures
from adamml.evaluation.metrics import Estimate
from adamml.evaluation.published_figures import HEADING, NOTE, PUBLISHED
from adamml.evaluation.table import Row, Table
from adamml.files import write_whole
from adamml.inputs import MODALITIES

NAMES = {"rgb": "RGB", "audio": "audio"}
NOTHING = "-"
TABLE_FILES = ("table.json", "table.csv", "table.md")


def report_files(policies: Iterable[str]) -> list[str]:
    """Names of all that `write_report` may write of these policies."""
    return [*TABLE_FILES, *figures.FIGURE_FILES, *map(figures.confusion_file, policies)]


def write_report(
    table: Table, folder: Path, *, published: bool = False, inline_plotly: bool = False, inputs: Iterable[Path] = ()
) -> list[Path]:
    """Write everything into `folder` (made if missing); returns the files.

    Args:
        table: what to report.
        folder: gets table.json, table.csv, table.md, accuracy_macs.html and .png, class_accuracy.png, and a
            confusion_POLICY.png for every policy.
        published: put the figures published elsewhere beside ours, in a table of their own.
        inline_plotly: keep plotly.js (4 MB) inside the HTML file instead of beside it.
        inputs: files that must not be written over, whatever links lie in the folder.

    Raises:
        OSError: when the folder cannot be written, or a file in it is one of the inputs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = (to_json(table, published=published), to_csv(table), to_markdown(table, published=published))
    read = list(inputs)
    written = [write_whole(folder / name, text, inputs=read) for name, text in zip(TABLE_FILES, contents, strict=True)]
    return written + figures.write_figures(table, folder, inline_plotly=inline_plotly, inputs=read)


def to_json(table: Table, *, published: bool = False) -> str:
    """All figures at full precision; null where one has no meaning."""
    values = table.to_dict()
    if published:
        values["published"] = {"heading": HEADING, "note": NOTE, "rows": [asdict(row) for row in PUBLISHED]}
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


def to_csv(table: Table) -> str:
    """One row per policy; shares from 0 to 1, MACs as such; empty where a figure has no meaning."""
    rows = [_flat(row) for row in table.rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _flat(row: Row) -> dict[str, object]:
    def spread(name: str, estimate: Estimate | None) -> dict[str, object]:
        parts = (None, None, None) if estimate is None else (estimate.value, estimate.low, estimate.high)
        return dict(zip((name, f"{name}_low", f"{name}_high"), parts, strict=True))

    values: dict[str, object] = {"policy": row.policy, "clips": row.clips}
    values |= spread("top1", row.top1) | spread("top5", row.top5)
    values |= {"mean_average_precision": row.mean_average_precision, "calibration_error": row.calibration_error}
    for name in ("selection", "wasted", "cell_auroc"):
        values |= {f"{name}_{m}": getattr(row, name)[m] for m in MODALITIES}
    values |= {"informed": row.informed, "macs": row.macs, "macs_published": row.macs_published, "saving": row.saving}
    values |= spread("difference", row.difference)
    return values | {"measured_seconds": row.seconds}


def to_markdown(table: Table, *, published: bool = False) -> str:
    """Percentages with intervals, MACs in billions; measured figures apart."""
    parts = [_heading(table), _main(table)]
    if any(row.seconds is not None for row in table.rows):
        parts.append(_measured(table))
    if any(row.informed is not None for row in table.rows):
        parts.append(_cells(table))
    parts.append(_classes(table))
    if table.left_out:
        lines = [f"- `{clip}`: {reason}" for clip, reason in table.left_out.items()]
        parts.append("\n".join([f"## Left out for every policy: {len(lines)}", "", *lines]))
    if published:
        parts.append(_published())
    return "\n\n".join(parts) + "\n"


def _heading(table: Table) -> str:
    facts = table.facts
    model = f"model {facts['model']} {facts['version']}, " if "model" in facts else ""
    segments = f", {facts['segments']} segments per clip" if "segments" in facts else ""
    return (
        f"# Evaluation\n\n{model}{len(table.clips)} clips, {len(table.classes)} classes{segments}. Brackets: 95 % "
        f"bootstrap intervals over clips. G MACs: billions of multiply-accumulates per clip, counted "
        f'(1 MAC = 2 FLOPs); "paper" leaves out classifiers and the policy\'s joint layers, as the paper does. Saving '
        f"and difference are against `{table.reference}`."
    )


def _main(table: Table) -> str:
    columns = [
        "policy",
        "top-1 %",
        "top-5 %",
        "mAP %",
        "calibration error %",
        "RGB selected %",
        "audio selected %",
        "G MACs",
        "G MACs (paper)",
        "saving %",
        "difference in top-1, points",
    ]
    rows = [
        [
            row.policy,
            percent(row.top1),
            percent(row.top5),
            share(row.mean_average_precision),
            share(row.calibration_error),
            *(share(row.selection[m]) for m in MODALITIES),
            f"{row.macs / 1e9:.2f}",
            f"{row.macs_published / 1e9:.2f}",
            share(row.saving),
            percent(row.difference, signed=True),
        ]
        for row in table.rows
    ]
    return _grid("Accuracy and counted compute", columns, rows)


def _measured(table: Table) -> str:
    rows = [[row.policy, NOTHING if row.seconds is None else f"{row.seconds:.2f}"] for row in table.rows]
    return _grid("Measured, on the machine that ran this", ["policy", "seconds per clip"], rows)


def _cells(table: Table) -> str:
    columns = ["policy", *(f"{NAMES[m]} selections on useless cells %" for m in MODALITIES), "clips informed %"]
    columns += [f"AUROC of the {NAMES[m]} probability" for m in MODALITIES]
    rows = [
        [
            row.policy,
            *(share(row.wasted[m]) for m in MODALITIES),
            share(row.informed),
            *(NOTHING if (value := row.cell_auroc[m]) is None else f"{value:.3f}" for m in MODALITIES),
        ]
        for row in table.rows
    ]
    return _grid("Against the truth of the cells", columns, rows)


def _classes(table: Table) -> str:
    counts = [sum(line) for line in table.rows[0].confusion]
    rows = [
        [name, str(counts[k]), *(share(row.class_accuracy[k]) for row in table.rows)]
        for k, name in enumerate(table.classes)
    ]
    return _grid("Accuracy by class, %", ["class", "clips", *(row.policy for row in table.rows)], rows)


def _published() -> str:
    def number(value: float | None) -> str:
        return NOTHING if value is None else f"{value:g}"

    rows = [
        [row.name, number(row.accuracy), number(row.rgb), number(row.audio), f"{row.gflops:g} {row.remark}".strip()]
        for row in PUBLISHED
    ]
    columns = ["as published there", "accuracy %", "RGB selected %", "audio selected %", '"GFLOPs"']
    return f"{_grid(HEADING, columns, rows)}\n\n{NOTE}"


def _grid(heading: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] + ["---:"] * (len(columns) - 1), *rows]
    body = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"## {heading}\n\n{body}"


def share(value: float | None) -> str:
    """0.3601 as "36.0"; a dash for None."""
    return NOTHING if value is None else f"{100 * value:.1f}"


def percent(estimate: Estimate | None, *, signed: bool = False) -> str:
    """As in 76.5 [74.2, 78.7], with signs if asked for."""
    if estimate is None:
        return NOTHING
    sign = "+" if signed else ""
    text = f"{100 * estimate.value:{sign}.1f}"
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} [{100 * estimate.low:{sign}.1f}, {100 * estimate.high:{sign}.1f}]"
