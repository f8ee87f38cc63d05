"""One function over many items in processes of their own, none of which can take the others down.

Decoders meet damaged files here. A process that dies on one (a crash, memory) costs that item alone: those that were
in the air with it are tried again, each by itself.
"""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[tuple[int, Result | None]]:
    """(place, result) of every item, in the order in which they are done; None where the process died.

    Args:
        function: importable, with results that can be pickled; what it raises is raised here.
        workers: processes; one works in this process, without that protection.
    """
    if workers == 1:
        yield from ((place, function(item)) for place, item in enumerate(items))
        return
    remaining = deque(enumerate(items))
    while remaining:
        flying: dict[Future[Result], tuple[int, Item]] = {}
        with _pool(workers) as pool:
            try:
                while remaining or flying:
                    while remaining and len(flying) < 2 * workers:
                        flying[pool.submit(function, remaining[0][1])] = remaining[0]
                        remaining.popleft()
                    for job in wait(flying, return_when=FIRST_COMPLETED).done:
                        result = job.result()
                        place, _ = flying.pop(job)
                        yield place, result
            except BrokenProcessPool:
                pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        for place, item in flying.values():
            yield place, _alone(function, item)


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: a forked child could inherit a lock of the parent's threads and wait for ever.
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_leave_stopping)


def _leave_stopping() -> None:
    """Ctrl-C reaches every process of a terminal; the one that waits for us decides what happens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _alone(function: Callable[[Item], Result], item: Item) -> Result | None:
    with _pool(1) as pool:
        try:
            return pool.submit(function, item).result()
        except BrokenProcessPool:
            return None
