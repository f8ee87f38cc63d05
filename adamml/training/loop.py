"""One training loop for every stage: seeded step by step, resumable from any step, logged.

Everything random in step n is drawn from (seed, n), and in a batch from (seed, n, row): a run that was killed and
goes on from its last saved state ends with the weights of an uninterrupted one, and two processes that share a batch
see the rows that one process would have seen. Under torchrun the network is wrapped in DistributedDataParallel.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from adamml.files import whole_file

Numbers = Mapping[str, float]


class TrainingError(ValueError):
    """Training cannot begin or go on as asked. The message says what to do."""


class Job(Protocol):
    """One stage: what is trained, how a step's loss is drawn, what is measured now and then."""

    name: str
    config: Any  # a frozen dataclass; a run only resumes under the configuration it began with
    steps: int
    network: nn.Module  # saved and restored whole; trained where parameters require gradients
    optimizer: torch.optim.Optimizer

    def rate(self, step: int) -> float:
        """Factor on every group's initial learning rate."""
        ...

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        """Mean loss over these rows of the step's batch. Call `network`, which may be wrapped, not `self.network`."""
        ...

    def rows(self) -> int:
        """Rows in a batch, over all processes."""
        ...

    def mask_gradients(self, step: int) -> None:
        """Take the gradient from whatever does not learn in this step; mostly nothing."""
        return

    def settle(self) -> None:
        """Bring what a step may have moved too far back into its range; mostly nothing."""
        return

    def measure(self) -> Numbers:
        """Figures on what is kept apart."""
        ...


def row_rng(seed: int, step: int, row: int) -> np.random.Generator:
    """The random numbers of one row of one step's batch."""
    return np.random.default_rng([seed, step, row])


def world() -> tuple[int, int]:
    """This process's rank, and how many there are (torchrun says so)."""
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def join_processes() -> None:
    """Meet the other processes that torchrun started, if any; later calls do nothing."""
    if world()[1] > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")


def leave_processes() -> None:
    """Part from the other processes, if there are any."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of a detached tensor over all processes, without a gradient; with one process, the tensor."""
    if not torch.distributed.is_initialized():
        return value
    mean = value.clone()
    torch.distributed.all_reduce(mean)
    return mean / torch.distributed.get_world_size()


def share_of(rows: int, rank: int, processes: int) -> range:
    """The rows of a batch that one process takes; equal shares, so that the mean of means is the mean.

    Raises:
        TrainingError: when the batch cannot be shared out equally.
    """
    if rows % processes:
        raise TrainingError(f"a batch of {rows} cannot be shared by {processes} processes; make it a multiple")
    each = rows // processes
    return range(rank * each, (rank + 1) * each)


class Log:
    """Figures over steps, as JSON lines and for TensorBoard."""

    def __init__(self, folder: Path, first_step: int) -> None:
        self.path = folder / "log.jsonl"
        # What was logged after the state that we resume from will be logged again.
        kept = [line for line in _lines(self.path) if _step_of(line) <= first_step]
        self.path.write_text("".join(line + "\n" for line in kept))
        self._writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(folder / "tensorboard", purge_step=first_step or None)
        except ImportError:  # TensorBoard is a convenience of the training extra
            pass

    def write(self, step: int, numbers: Numbers) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"step": step} | dict(numbers)) + "\n")
        if self._writer:
            for name, value in numbers.items():
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        if self._writer:
            self._writer.close()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _step_of(line: str) -> float:
    """Of a line of the log; a line that was cut short when the run was killed comes after everything."""
    try:
        return int(json.loads(line)["step"])
    except ValueError:
        return float("inf")


def save_state(path: Path, job: Job, step: int) -> None:
    """A state is whole or not there."""
    described = json.dumps(_described(job.config), sort_keys=True)
    state = {"step": step, "config": described, "network": job.network.state_dict()}
    with whole_file(path) as made:
        torch.save(state | {"optimizer": job.optimizer.state_dict()}, made)


def _described(config: Any) -> dict[str, Any]:
    values = asdict(config) if is_dataclass(config) and not isinstance(config, type) else dict(config)
    return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}


def load_state(path: Path, job: Job) -> int:
    """Restore network and optimizer; returns the number of steps done (0 when nothing was saved yet).

    Raises:
        TrainingError: when the state belongs to another configuration.
    """
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    if state["config"] != json.dumps(_described(job.config), sort_keys=True):
        raise TrainingError(f"{path} belongs to a run with another configuration; choose another folder or delete it")
    job.network.load_state_dict(state["network"])
    job.optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def run(
    job: Job,
    folder: Path,
    *,
    seed: int,
    log_every: int = 20,
    save_every: int = 50,
    measure_every: int = 0,
    say: Callable[[str], None] = print,
) -> Numbers:
    """Train to the end, resuming where the folder's state left off; returns the last measurement.

    Args:
        measure_every: 0 measures at the end only.
    """
    join_processes()
    rank, processes = world()
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "state.pt"
    first = load_state(state, job)
    network: nn.Module = DistributedDataParallel(job.network) if processes > 1 else job.network
    rates = [group.setdefault("initial_lr", group["lr"]) for group in job.optimizer.param_groups]
    rows = share_of(job.rows(), rank, processes)
    device = next(job.network.parameters()).device
    log = Log(folder, first) if rank == 0 else None
    trained = [p for group in job.optimizer.param_groups for p in group["params"]]
    began, running, measured = time.time(), 0.0, {}
    for step in range(first, job.steps):
        torch.manual_seed(seed * 1_000_003 + step)  # for dropout and Gumbel noise
        for group, rate in zip(job.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * job.rate(step)
        with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            loss = job.loss(network, step, rows)
        job.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        job.mask_gradients(step)
        torch.nn.utils.clip_grad_norm_(trained, 5.0)
        job.optimizer.step()
        job.settle()
        done = step + 1
        value = float(mean_over_processes(loss.detach()))
        running = value if step == first else 0.95 * running + 0.05 * value
        if log is None:
            continue
        if done % log_every == 0 or done == job.steps:
            left = (time.time() - began) / (done - first) * (job.steps - done)
            say(f"{job.name} {done}/{job.steps}  loss {running:.3f}  {clock(left)} left")
            log.write(done, {f"{job.name}/loss": running, f"{job.name}/rate": job.rate(step)})
        if (measure_every and done % measure_every == 0) or done == job.steps:
            measured = dict(job.measure())
            log.write(done, {f"{job.name}/{name}": number for name, number in measured.items()})
            say(f"{job.name} {done}/{job.steps}  " + "  ".join(f"{k} {v:.2f}" for k, v in measured.items()))
        if done % save_every == 0 or done == job.steps:
            save_state(state, job, done)
    if log:
        log.close()
    return measured or dict(job.measure())


def clock(seconds: float) -> str:
    """A time left, for people."""
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"


def one_cycle(step: int, steps: int, *, warm: float = 0.2) -> float:
    """Cosine up from 1/25 over the first share of the steps, then cosine down to almost nothing."""
    top = max(1, int(warm * steps))
    if step < top:
        return 0.04 + 0.96 * 0.5 * (1 - float(np.cos(np.pi * step / top)))
    return max(1e-4, 0.5 * (1 + float(np.cos(np.pi * (step - top) / max(1, steps - top)))))
