"""Steps that can be left behind: a generator's work in a thread, so that Cancel takes effect at once.

A step of an analysis (reading the frames of a clip, say) can take seconds, and a thread cannot be interrupted. Left to
itself, Gradio waits for it before it frees the visitor's place and takes another press. So the wait is what is
cancelled: the step ends by itself, and then the generator is closed, which closes the clip.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Generator
from typing import Generic, TypeVar

T = TypeVar("T")


class _Steps(Generic[T]):
    def __init__(self, steps: Generator[T, None, None]) -> None:
        self._steps, self._stopped, self._busy = steps, False, threading.Lock()

    def advance(self) -> tuple[T] | None:
        """The next step, or None after the last one."""
        with self._busy:
            try:
                return None if self._stopped else (next(self._steps),)
            except StopIteration:
                return None
            finally:
                if self._stopped:
                    self._steps.close()

    def stop(self) -> None:
        """Close now, or have the running step do so when it ends."""
        self._stopped = True
        if self._busy.acquire(blocking=False):
            try:
                self._steps.close()
            finally:
                self._busy.release()


async def in_thread(generator: Generator[T, None, None]) -> AsyncIterator[T]:
    """Yield what the generator yields; cancelling the wait does not wait for the step."""
    steps = _Steps(generator)
    try:
        while (step := await asyncio.to_thread(steps.advance)) is not None:
            yield step[0]
    finally:
        steps.stop()
