"""The figures in the model cards and in RESULTS.md, written from the files that the evaluation left.

    python -m adamml.training.model_card --results checkpoints/results checkpoints/everyday-av/README.md RESULTS.md
    python -m adamml.training.model_card --results checkpoints/kinetics-400 checkpoints/kinetics-400/README.md

Between `<!-- figures: NAME -->` and `<!-- end -->` a document gets the block of that name; the rest stays as it is. The
head of a card gets the results as the Hugging Face Hub shows them (`adamml.training.model_index`).
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from adamml.files import write_whole
from adamml.results.policy_spec import ROWS, spec_of
from adamml.training.model_index import with_index

BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


class Results:
    """The files of one results folder."""

    def __init__(self, folder: Path) -> None:
        def read(name: str) -> dict[str, Any]:
            return dict(json.loads((folder / name).read_text()))

        self.table, self.seeds = read("table.json"), read("seeds.json")
        self.stage1, self.calibration = read("stage1.json"), read("calibration.json")

    def row(self, policy: str) -> dict[str, Any]:
        return next(dict(row) for row in self.table["rows"] if row["policy"] == policy)


def title(policy: str) -> str:
    """A policy's row in a table."""
    spec = spec_of(policy)
    return spec.title or spec.label


def grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] + ["---:"] * (len(columns) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def rows(results: Results) -> str:
    """Every policy of the table, first seed, with intervals."""
    lines = []
    for policy in ROWS:
        row = results.row(policy)
        top = row["top1"]
        difference = row["difference"]
        lines.append(
            [
                title(policy),
                f"{_percent(top['value'])} [{_percent(top['low'])}, {_percent(top['high'])}]",
                "-" if difference is None or policy == "all" else f"{100 * difference['value']:+.1f}",
                _percent(row["selection"]["rgb"]),
                _percent(row["selection"]["audio"]),
                f"{row['macs'] / 1e9:.1f}",
                f"{row['macs_published'] / 1e9:.1f}",
                "1.00" if row["saving"] is None else f"{1 - row['saving']:.2f}",
                _percent(row["calibration_error"]),
            ]
        )
    columns = ["", "top-1 % [95 %]", "points against fusion", "RGB used %", "audio used %"]
    columns += ["G MACs", "G MACs (paper's count)", "of fusion's MACs", "calibration error %"]
    return grid(columns, lines)


def cells(results: Results) -> str:
    """What the policies' choices were worth."""
    lines = []
    for policy in ("adamml", "adamml-nocost", "cascade", "liteeval", "random"):
        row = results.row(policy)
        auroc = ["-" if row["cell_auroc"][m] is None else f"{row['cell_auroc'][m]:.3f}" for m in ("rgb", "audio")]
        wasted = [_percent(row["wasted"][m]) for m in ("rgb", "audio")]
        lines.append([title(policy), *auroc, *wasted, _percent(row["informed"])])
    columns = ["", "cell AUROC, RGB", "cell AUROC, audio", "RGB on useless cells %", "audio on useless cells %"]
    return grid([*columns, "clips informed %"], lines)


def seeds(results: Results) -> str:
    """Mean and range over the seeds of the learned rows."""
    lines = []
    for policy in ("adamml", "adamml-nocost", "cascade", "liteeval", "random"):
        found = results.seeds[policy]
        line = [title(policy)]
        for figure, scale in (("top1", 100), ("difference_to_all", 100), ("share_of_all", 1)):
            values = [scale * value for value in found[figure]]
            digits = 2 if figure == "share_of_all" else 1
            line.append(f"{mean(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})")
        lines.append(line)
    count = len(results.seeds["seeds"])
    return grid([f"{count} seeds: mean (range)", "top-1 %", "points against fusion", "of fusion's MACs"], lines)


def stage1(results: Results) -> str:
    """Both recognizers alone."""
    rgb, audio = results.stage1["rgb"]["summary"], results.stage1["audio"]["summary"]
    return grid(
        ["", "top-1 %", "of"],
        [
            ["photographs", f"{rgb['photos']:.1f}", f"{rgb['photos_count']:.0f}"],
            [
                "one-second picture segments, moving, half degraded",
                f"{rgb['segments']:.1f}",
                f"{rgb['segments_count']:.0f}",
            ],
            ["sound recordings", f"{audio['recording']:.1f}", f"{audio['recordings']:.0f}"],
            ["1.28 s sound windows", f"{audio['window']:.1f}", f"{8 * audio['recordings']:.0f}"],
            ["1.28 s windows, mixed at 5 to 30 dB", f"{audio['mixed_window']:.1f}", f"{2 * audio['recordings']:.0f}"],
        ],
    )


def classes(results: Results) -> str:
    """Per class: photographs, recordings, and composed clips by AdaMML."""
    photos, recordings = results.stage1["rgb"]["photos"], results.stage1["audio"]["per_class"]
    clips = results.row("adamml")["class_accuracy"]
    lines = [
        [name.replace("_", " "), f"{photos[name]:.0f}", f"{recordings[name]:.0f}", _percent(clips[index])]
        for index, name in enumerate(results.table["classes"])
    ]
    return grid(["class", "photographs %", "recordings %", "composed clips, AdaMML %"], lines)


def unknown(results: Results) -> str:
    """How well clips of nothing known are told apart."""
    lines = []
    for policy in ("rgb", "audio", "all", "adamml", "cascade"):
        found = results.calibration["auroc"][policy]
        figures = [f"{found[kind]:.3f}" for kind in ("nothing", "left_out")]
        shares = [_percent(found[kind]) for kind in ("known_kept", "nothing_found", "left_out_found")]
        lines.append([title(policy), *figures, *shares])
    columns = ["", "AUROC, clips of nothing", "AUROC, class struck out", "known kept %", "nothing found %"]
    return grid([*columns, "struck out found %"], lines)


BLOCKS: Mapping[str, Callable[[Results], str]] = {
    "rows": rows,
    "cells": cells,
    "seeds": seeds,
    "stage1": stage1,
    "classes": classes,
    "unknown": unknown,
}


def filled(text: str, results: Results) -> str:
    """A document with its blocks written anew.

    Raises:
        KeyError: for a block of an unknown name.
    """
    return BLOCK.sub(lambda found: found[1] + BLOCKS[found[2]](results) + found[3], text)


def written(document: Path, results: Path) -> str:
    """A document with all its figures written anew; a card is that of the model in whose folder it lies.

    Args:
        document: a Markdown file.
        results: a folder with table.json and what belongs to it, or with the results.json of a cross-validation.
    """
    text, folds = document.read_text(encoding="utf-8"), results / "results.json"
    if folds.is_file():
        return with_index(text, document.parent.name, json.loads(folds.read_text()))
    found = Results(results)
    return with_index(filled(text, found), document.parent.name, found.table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("documents", type=Path, nargs="+")
    args = parser.parse_args()
    for document in args.documents:
        write_whole(document, written(document, args.results))


if __name__ == "__main__":
    main()
