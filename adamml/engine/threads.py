"""Cores: how many this process may really use, and work that wants only one.

A container is often given two cores of a machine with sixty-four: the affinity mask says so, or the quota of its
control group does. Taking more threads than that makes every network several times slower, since all of them wait
for those that have no core. A process that is forked, as by multiprocessing's "fork", has one thread and no more.
"""

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import torch

CGROUP = Path("/sys/fs/cgroup")
Result = TypeVar("Result")


def available_cores(root: Path = CGROUP) -> int:
    """At least 1: the cores of the affinity mask, or as many as the control group's quota pays for."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(root)
    return max(1, affinity if quota is None else min(affinity, math.ceil(quota)))


def _quota(root: Path) -> float | None:
    """Cores' worth of time per period, of version 2 or 1 of control groups; None where there is no limit."""
    try:
        limit, period = (root / "cpu.max").read_text().split()[:2]
    except (OSError, ValueError):
        try:
            limit = (root / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    try:
        share = float(limit) / float(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return share if share > 0 else None


_first_process = os.getpid()  # that this module was imported in


def forked() -> bool:
    """Whether this process was forked from one that had the engine, and may have left threads behind."""
    return os.getpid() != _first_process


def _after_fork() -> None:
    """In a forked process: none of its parent's threads are here, and what wants several would wait for them for ever.

    So torch keeps to one, as it does in the workers of its own data loaders.
    """
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class OneCore:
    """A thread in which torch keeps to one core, for small steps between networks that are running.

    Such a step reads weights rather than computes. Spread over cores that are busy it takes twice as long, since its
    threads wait for each other. Torch takes such a setting per thread, and setting it costs more than the step does.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0

    def run(self, work: Callable[[], Result]) -> tuple[Result, float]:
        """What `work` returns or raises, without gradients, and the seconds that it computed."""
        if self._pool is None or self._process != os.getpid():  # a forked process has no threads but its first
            self._pool, self._process = _one_thread(), os.getpid()
        return self._pool.submit(_timed, work).result()


def _one_thread() -> ThreadPoolExecutor:
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(1, thread_name_prefix="one core", initializer=_keep_to_one_core)
    pool.submit(int).result()
    torch.set_num_threads(threads)  # for threads that are yet to come
    return pool


def _keep_to_one_core() -> None:
    torch.set_num_threads(1)
    torch.get_num_threads()  # a thread takes what is set when it first asks, and keeps it


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    began = time.thread_time()  # what it computes, not what it waits for networks that have the cores meanwhile
    with torch.inference_mode():
        return work(), time.thread_time() - began
