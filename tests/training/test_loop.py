"""The training loop: a run that was killed ends as an uninterrupted one would, and shares batches fairly."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.nn.cascade import CascadeNetwork
from adamml.nn.liteeval import LiteEvalNetwork
from adamml.training.cascade_trainer import CascadeJob, CascadeStage
from adamml.training.joint import JointJob, JointModel, JointStage
from adamml.training.liteeval_trainer import LiteEvalJob, LiteEvalStage
from adamml.training.loop import Job, TrainingError, one_cycle, row_rng, run, share_of
from tests.training.synthetic_banks import K, LittleNetwork, composed

SEED = 3


@dataclass(frozen=True, kw_only=True)
class LineStage:
    steps: int = 6
    rate: float = 0.05


class LineJob(Job):
    """A line through noisy points, with dropout, momentum and a falling rate: all that a resumed run must restore."""

    name = "line"

    def __init__(self, config: LineStage) -> None:
        torch.manual_seed(0)
        self.config, self.steps = config, config.steps
        self.network: nn.Module = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1))
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=config.rate)

    def rate(self, step: int) -> float:
        return one_cycle(step, self.steps)

    def rows(self) -> int:
        return 4

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        x = torch.stack([torch.from_numpy(row_rng(SEED, step, row).normal(size=4)).float() for row in rows])
        return F.mse_loss(network(x), x.sum(1, keepdim=True))

    def measure(self) -> dict[str, float]:
        return {"weight": float(self.network[1].weight.detach().sum())}


class KilledError(Exception):
    """Stands for the end of the process."""


def killed_at(job: Job, step: int) -> Job:
    plain = job.loss

    def loss(network: nn.Module, at: int, rows: range) -> Tensor:
        if at == step:
            raise KilledError
        return plain(network, at, rows)

    job.loss = loss  # type: ignore[method-assign]
    return job


def quiet(_: str) -> None:
    return


def train(job: Job, folder: Path) -> dict[str, Tensor]:
    run(job, folder, seed=SEED, log_every=1, save_every=2, measure_every=2, say=quiet)
    return {name: value.clone() for name, value in job.network.state_dict().items()}


def assert_same(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert first.keys() == second.keys()
    different = [name for name in first if not torch.equal(first[name], second[name])]
    assert different == []


def line() -> Job:
    return LineJob(LineStage())


def joint() -> Job:
    config = JointStage(train=("fusion", "decider"), epochs=3, steps=2, batch=4, rate=1e-2, cost_weights=(0.4, 0.4))
    return JointJob(JointModel(LittleNetwork()), composed(dropout=0.2), config)  # type: ignore[arg-type]


def cascade() -> Job:
    torch.manual_seed(0)
    return CascadeJob(LittleNetwork(), CascadeNetwork(), composed(), CascadeStage(steps=6, batch=4))  # type: ignore[arg-type]


def liteeval() -> Job:
    torch.manual_seed(0)
    return LiteEvalJob(LiteEvalNetwork(K), LittleNetwork(), composed(dropout=0.2), LiteEvalStage(steps=6, batch=4))  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [line, joint, cascade, liteeval])
def test_a_killed_run_ends_with_the_weights_of_an_uninterrupted_one(make: Callable[[], Job], tmp_path: Path) -> None:
    began = {name: value.clone() for name, value in make().network.state_dict().items()}
    whole = train(make(), tmp_path / "whole")
    assert any(not torch.equal(whole[name], began[name]) for name in whole)
    for step in range(1, 6) if make is line else (3,):
        folder = tmp_path / f"killed-{step}"
        with pytest.raises(KilledError):
            train(killed_at(make(), step), folder)
        assert_same(train(make(), folder), whole)
        assert not list(folder.glob("*.part"))


def test_a_run_killed_twice_logs_every_step_once(tmp_path: Path) -> None:
    for step in (3, 5):
        with pytest.raises(KilledError):
            train(killed_at(line(), step), tmp_path)
        with (tmp_path / "log.jsonl").open("a") as log:
            log.write('{"step": 1, "li')  # what a process leaves behind that is killed while it writes
    train(line(), tmp_path)
    lines = [json.loads(text) for text in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in lines if "line/loss" in entry] == [1, 2, 3, 4, 5, 6]
    assert [entry["step"] for entry in lines if "line/weight" in entry] == [2, 4, 6]


def test_a_finished_run_trains_no_further(tmp_path: Path) -> None:
    whole = train(line(), tmp_path)
    again = killed_at(line(), 0)  # would end in KilledError if any step were taken
    assert_same(train(again, tmp_path), whole)


def test_a_state_of_another_configuration_is_refused(tmp_path: Path) -> None:
    train(line(), tmp_path)
    with pytest.raises(TrainingError, match="another configuration; choose another folder or delete it"):
        train(LineJob(LineStage(rate=0.1)), tmp_path)


def test_a_batch_is_shared_out_in_order_or_refused() -> None:
    assert [list(share_of(6, rank, 3)) for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(TrainingError, match="a batch of 5 cannot be shared by 2 processes"):
        share_of(5, 0, 2)


def test_the_rate_rises_to_one_and_falls_to_almost_nothing() -> None:
    rates = [one_cycle(step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.04)
    assert max(rates) == rates[20] == pytest.approx(1)
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert 0 < rates[-1] < 0.01
