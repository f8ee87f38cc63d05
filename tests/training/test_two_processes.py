"""Two processes that share a batch compute the loss and the weights that one process would."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from adamml.training.loop import run, world
from tests.training.test_loop import SEED, cascade, joint, liteeval

MAKERS = {"joint": joint, "cascade": cascade, "liteeval": liteeval}
ROOT = Path(__file__).parents[2]
CODE = """
import sys
from pathlib import Path
from tests.training.test_two_processes import train_and_note
train_and_note(Path(sys.argv[1]))
"""


def train_and_note(folder: Path) -> None:
    """Train; the losses that this process saw, and its weights, end up in `folder`."""
    for name, make in MAKERS.items():
        job = make()
        # Adam would turn the last digit of a gradient that is almost nothing into a whole step.
        job.optimizer = torch.optim.SGD([p for group in job.optimizer.param_groups for p in group["params"]], lr=0.05)
        plain, losses = job.loss, []

        def loss(*args: object, plain=plain, losses=losses) -> torch.Tensor:
            value = plain(*args)
            losses.append(value.detach())
            return value

        job.loss = loss  # type: ignore[method-assign]
        run(job, folder / name, seed=SEED, say=lambda _: None)
        seen = {"losses": torch.stack(losses), "network": job.network.state_dict()}
        torch.save(seen, folder / f"{name}-{world()[0]}.pt")


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    shared |= {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CODE, str(tmp_path / "two")],
            env=os.environ | shared | {"RANK": str(rank)},
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        train_and_note(tmp_path / "one")
        for process in started:
            _, errors = process.communicate(timeout=500)
            assert process.returncode == 0, errors
    finally:
        for process in started:
            process.kill()
    for name in MAKERS:
        one = torch.load(tmp_path / "one" / f"{name}-0.pt", weights_only=True)
        two = [torch.load(tmp_path / "two" / f"{name}-{rank}.pt", weights_only=True) for rank in range(2)]
        torch.testing.assert_close((two[0]["losses"] + two[1]["losses"]) / 2, one["losses"], atol=1e-6, rtol=1e-6)
        for seen in two:
            for key, value in one["network"].items():
                torch.testing.assert_close(seen["network"][key], value, atol=1e-6, rtol=1e-6)
        assert not torch.allclose(two[0]["losses"], two[1]["losses"])  # each took rows of its own
        logged = {run: logged_loss(tmp_path / run / name) for run in ("one", "two")}
        assert logged["two"] == pytest.approx(logged["one"], rel=1e-5)  # of all rows, not of the first process's


def logged_loss(folder: Path) -> float:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return next(float(value) for line in lines for name, value in line.items() if name.endswith("/loss"))
