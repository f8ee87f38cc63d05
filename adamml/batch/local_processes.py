"""Workers in processes of this machine.

Each worker has one clip in hand at a time, so when it dies it is known which clip that was: the clip is tried once
more in a new worker, and then given up. (`concurrent.futures` would lose all clips in hand and blame none.)
"""

import multiprocessing
import os
import signal
from collections import Counter, deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait

from adamml.batch.archive import ArchiveClip, BatchError
from adamml.batch.tables import Outcome
from adamml.batch.worker import TRIES, Worker, WorkerConfig, died

START_TRIES = 3  # workers in a row that may die before they are ready
LOOK_SECONDS = 1.0  # between looks for workers that died while a child of theirs keeps the pipe open


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def outcomes(
    clips: Sequence[ArchiveClip], recipe: WorkerConfig, workers: int | None = None
) -> Generator[Outcome, None, None]:
    """What comes of every clip, in the order in which they are done. Closing the iterator stops the workers.

    Args:
        clips: to be analyzed.
        recipe: for the workers.
        workers: how many; as many as the cores allow unless given.

    Raises:
        BatchError: when workers cannot load the model.
    """
    queue, deaths, failed_starts = deque(clips), Counter[str](), 0
    size = min(workers or max(1, cores() // recipe.settings.threads), len(queue))
    crew: list[_WorkerProcess] = []
    try:
        while queue or any(hand.clip for hand in crew):
            crew += [_WorkerProcess(recipe) for _ in range(min(size, len(crew) + len(queue)) - len(crew))]
            for hand in crew:
                if hand.ready and hand.clip is None and queue:
                    hand.give(queue.popleft())
            wait([hand.pipe for hand in crew], LOOK_SECONDS)
            for hand in list(crew):
                try:
                    answer = hand.answer()
                except EOFError:
                    crew.remove(hand)
                    hand.stop()
                    failed_starts = 0 if hand.ready else failed_starts + 1
                    if failed_starts == START_TRIES:
                        raise BatchError(
                            "workers end before they have loaded the model: is there memory for them? --workers asks "
                            "for fewer"
                        ) from None
                    if hand.clip is not None:
                        deaths[hand.clip.clip] += 1
                        if deaths[hand.clip.clip] < TRIES:
                            queue.appendleft(hand.clip)
                        else:
                            yield died(hand.clip)
                    continue
                if isinstance(answer, BatchError):
                    raise answer
                if isinstance(answer, Outcome):
                    yield answer
    finally:
        for hand in crew:
            hand.stop()


_READY = "ready"


class _WorkerProcess:
    """One worker process, seen from here."""

    def __init__(self, recipe: WorkerConfig) -> None:
        context = multiprocessing.get_context("spawn")  # a forked torch may hang
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, recipe), name="adamml-batch-worker")
        self._process.start()
        theirs.close()
        self.ready = False
        self.clip: ArchiveClip | None = None

    def give(self, clip: ArchiveClip) -> None:
        self.clip = clip
        with suppress(OSError):  # it just died, which the next answer tells
            self.pipe.send(clip)

    def answer(self) -> object:
        """What it sent, or None when it has sent nothing yet.

        Raises:
            EOFError: when it has died.
        """
        gone = self._process.exitcode is not None  # asked first: what it sent before it went is still in the pipe
        try:
            if not self.pipe.poll():
                if gone:
                    raise EOFError
                return None
            answer = self.pipe.recv()
        except OSError as error:
            raise EOFError from error
        if answer == _READY:
            self.ready = True
        else:
            self.clip = None
        return answer

    def stop(self) -> None:
        """Let an idle worker go, end a busy one."""
        self.pipe.close()
        if self.clip is not None or not self.ready:
            self._process.terminate()
        self._process.join(5)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()


def _serve(pipe: Connection, recipe: WorkerConfig) -> None:
    """A worker's life: it ends when the pipe does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    with suppress(EOFError, OSError):
        try:
            worker = Worker(recipe)
        except Exception as error:
            pipe.send(BatchError(f"the model cannot be loaded: {error}"))
            return
        pipe.send(_READY)
        while True:
            pipe.send(worker(pipe.recv()))
