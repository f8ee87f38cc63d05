"""Workers as one pool of actors on Ray Data, on this machine or on a cluster; offline, without statistics or dashboard.

A cluster is used where `RAY_ADDRESS` names one, or where `ray start` has made this machine part of one; otherwise Ray
is started here for as long as the run takes. Every machine must see the archive and the model under the same paths.

Ray tries a block of clips again for ever when its actor dies. A clip that kills its worker would so never end; the
ledger, a small actor of its own, knows which clips were in hand when that happened, and tells when to give one up.
"""

import logging
import os
import pickle
import signal
import threading
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from adamml.batch.archive import ArchiveClip, BatchError
from adamml.batch.local_processes import cores
from adamml.batch.tables import Outcome
from adamml.batch.worker import TRIES, Worker, WorkerConfig, died

POOL_PER_CLIP = 64  # from this many actors on, blocks hold several clips, so that Ray's scheduler keeps up
WAVE = 20_000  # blocks per execution: keeps Ray's own books small
OBJECT_STORE = 200_000_000  # bytes; clips travel by name and rows are small


def outcomes(
    clips: Sequence[ArchiveClip], recipe: WorkerConfig, workers: int | None = None
) -> Generator[Outcome, None, None]:
    """What comes of every clip, in the order in which they are done. Closing the iterator stops the actors.

    Args:
        clips: to be analyzed.
        recipe: for the actors.
        workers: size of the pool; as many as the cluster's cores allow unless given.

    Raises:
        BatchError: when Ray is not installed, cannot be reached, or actors cannot load the model.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it warns of how Ray Data itself starts actors
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise BatchError(f"{error.name} is missing; --engine ray needs: pip install -e '.[ray]'") from None

    threads = recipe.settings.threads
    with _connected(workers, threads):
        most = max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
        size = min(workers or most, most, len(clips))
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        ledger = _start_ledger()
        block = max(1, size // POOL_PER_CLIP)
        try:
            for begin in range(0, len(clips), WAVE * block):
                wave = clips[begin : begin + WAVE * block]
                rows = [{"clip": pickle.dumps(clip)} for clip in wave]
                results = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // block)).map(
                    _Actor,
                    fn_constructor_args=(recipe, ledger),
                    compute=ray.data.ActorPoolStrategy(size=size),
                    num_cpus=threads,
                )
                for row in results.iter_rows():
                    yield pickle.loads(row["outcome"])
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            raise BatchError(f"Ray gave up: {str(cause).strip().splitlines()[-1]}") from error


def _start_ledger() -> Any:
    """An actor that knows how often each clip that is in hand, or was when its actor died, has been taken."""
    import ray

    class Ledger:  # in here it travels by value, so that its process need not import this room, and torch with it
        def __init__(self) -> None:
            self._in_hand: Counter[str] = Counter()

        def take(self, clip: str) -> int:
            self._in_hand[clip] += 1
            return self._in_hand[clip]

        def done(self, clip: str) -> None:
            del self._in_hand[clip]

    return ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Ledger).remote()


class _Actor:
    """A worker as Ray Data wants it: a row in, a row out; what is inside is not Ray's business."""

    def __init__(self, recipe: WorkerConfig, ledger: Any) -> None:
        self._worker, self._ledger = Worker(recipe), ledger

    def __call__(self, row: dict[str, bytes]) -> dict[str, bytes]:
        import ray

        clip: ArchiveClip = pickle.loads(row["clip"])
        given_up = ray.get(self._ledger.take.remote(clip.clip)) > TRIES
        outcome = died(clip) if given_up else self._worker(clip)
        self._ledger.done.remote(clip.clip)
        return {"outcome": pickle.dumps(outcome)}


@contextmanager
def _connected(workers: int | None, threads: int) -> Iterator[None]:
    """Ray, found or started; left as it was."""
    import ray

    if ray.is_initialized():
        yield
        return
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False, "configure_logging": True}
    main = threading.current_thread() is threading.main_thread()
    on_term = signal.getsignal(signal.SIGTERM)
    try:
        try:
            ray.init(address="auto", **quiet)
        except ConnectionError as error:
            if "RAY_ADDRESS" in os.environ:
                raise BatchError(f"there is no Ray cluster at {os.environ['RAY_ADDRESS']!r}") from error
            size = (workers or max(1, cores() // threads)) * threads
            ray.init(num_cpus=size, include_dashboard=False, object_store_memory=OBJECT_STORE, **quiet)
        if main:
            signal.signal(signal.SIGTERM, on_term)  # Ray puts its own there
        yield
    finally:
        ray.shutdown()
