"""Official lists and clips to a trained and measured model: prepare, torchrun with two processes, evaluate."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from adamml.cli import main
from adamml.weights.checkpoint import load_model
from tests.clips import tone, write_clip
from tests.datasets.test_kinetics import write_list

ROOT = Path(__file__).parents[2]
# One step for every stage, one clip for every process; stage 3 takes two for its two parts.
TINY = ["segments=1", "stage1.epochs=1", "stage1.batch=2"]
TINY += [f"stage{n}.{name}" for n in (2, 3, 4) for name in (f"epochs={2 if n == 3 else 1}", "batch=2")]


@pytest.mark.slow
def test_kinetics_is_prepared_trained_by_two_processes_and_measured(tmp_path: Path) -> None:
    rows = []
    for number, label in enumerate(("singing", "tap dancing")):
        for side, begin in (("train", 0), ("validate", 3)):
            identity = f"{side}-{number}"
            rows.append((label, identity, begin, begin + 2, side))
            path = tmp_path / "clips" / label / f"{identity}_{begin:06d}_{begin + 2:06d}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_clip(path, seconds=2.0, fps=10, sound=tone(2.0, hertz=300.0 + 1000 * number + begin))
    table = write_list(tmp_path / "k.csv", rows)
    prepared = tmp_path / "prepared"
    clips = ["--clips", str(tmp_path / "clips"), "--workers", "1"]
    assert main(["prepare", "kinetics", str(table), *clips, "--out", str(prepared)]) == 0

    manifest, run, model = prepared / "manifest.csv", tmp_path / "run", tmp_path / "model"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "adamml.cli", "train", "--preset", "kinetics-sounds", "--manifest", str(manifest)]
    command += ["--out", str(run), "--save", str(model), *(part for setting in TINY for part in ("--set", setting))]
    alone = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    assert "trained with 2 processes" in done.stdout
    steps = {"rgb": 1, "audio": 1, "stage2": 1, "stage3": 2, "stage4": 1}
    for stage, count in steps.items():
        logged = [json.loads(line) for line in (run / stage / "log.jsonl").read_text().splitlines()]
        assert max(line["step"] for line in logged) == count

    trained, began = load_model(model), load_model("everyday-av")
    assert trained.card.classes == ("singing", "tap dancing")
    assert trained.card.trained == "2 clips of 2 classes, preset kinetics-sounds, from everyday-av"
    for name in ("recognizers.rgb", "recognizers.audio", "policy"):  # every part has learned something
        parts = [dict(loaded.network.get_submodule(name).named_parameters()) for loaded in (trained, began)]
        assert any(
            not torch.equal(value, parts[1][key])
            for key, value in parts[0].items()
            if "features" in key or "layer" in key
        )

    out = ["--out", str(tmp_path / "measured"), "--policies", "adamml,audio", "--segments", "1"]
    assert main(["evaluate", "--manifest", str(manifest), "--model", str(model), *out]) == 0
    measured = json.loads((tmp_path / "measured" / "table.json").read_text())
    assert [(row["policy"], row["clips"]) for row in measured["rows"]] == [("adamml", 2), ("audio", 2)]
