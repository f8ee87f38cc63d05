"""Steps that can be left behind: a generator's work in a thread, so that Cancel takes effect at once.

A step of an analysis (reading the frames of a clip, say) can take seconds, and a thread cannot be interrupted. Left to
itself, Gradio waits for it before it frees the visitor's place and takes another press. So the wait is what is
cancelled: the step ends by itself, and then the generator is closed, which closes the clip and gives up its turn.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, aclosing
from typing import Generic, TypeVar

import gradio as gr

from app.fair_queue import FairQueue, visitor_of

T = TypeVar("T")


class _Steps(Generic[T]):
    def __init__(self, steps: Generator[T, None, None], closed: Callable[[], object]) -> None:
        self._steps, self._closed, self._stopped, self._busy = steps, closed, False, threading.Lock()

    def advance(self) -> tuple[T] | None:
        """The next step, or None after the last one."""
        with self._busy:
            try:
                return None if self._stopped else (next(self._steps),)
            except StopIteration:
                return None
            finally:
                if self._stopped:
                    self._close()

    def stop(self) -> None:
        """Close now, or have the running step do so when it ends."""
        self._stopped = True
        if self._busy.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._busy.release()

    def _close(self) -> None:
        try:
            self._steps.close()
        finally:
            self._closed()


async def in_thread(
    generator: Generator[T, None, None], closed: Callable[[], object] = lambda: None
) -> AsyncGenerator[T, None]:
    """Yield what the generator yields; cancelling the wait does not wait for the step. `closed` hears of the end."""
    steps = _Steps(generator, closed)
    try:
        while (step := await asyncio.to_thread(steps.advance)) is not None:
            yield step[0]
    finally:
        steps.stop()


def served(
    queue: FairQueue,
    request: gr.Request,
    generator: Generator[T, None, None],
    told: Callable[[int], T],
    *,
    background: bool = False,
) -> "aclosing[AsyncGenerator[T, None]]":
    """`told(how many others are ahead)` until it is this visitor's turn, then what the generator yields.

    To be entered with `async with`, so that the turn is given up as soon as nobody wants the rest. Entering it raises
    nothing; the first step raises BusyError when there is no place in the line. In the background it ends early where
    its visitor wants something else: whoever still needs the rest has it served once more.
    """
    return aclosing(in_turn(queue, _visitor(request), generator, told, background=background))


def at_hand(queue: FairQueue, request: gr.Request) -> AbstractContextManager[None]:
    """While a visitor is answered outside the line: what runs for them in the background gives way."""
    return queue.at_hand(_visitor(request))


def _visitor(request: gr.Request) -> str:
    return visitor_of(request.client.host if request.client else None, request.session_hash)


async def in_turn(
    queue: FairQueue,
    visitor: str,
    generator: Generator[T, None, None],
    told: Callable[[int], T],
    *,
    background: bool = False,
) -> AsyncGenerator[T, None]:
    """What `served` hands out, for a visitor by name."""
    ticket = queue.enter(visitor, background=background)
    try:
        async for ahead in ticket.wait():
            yield told(ahead)
    except BaseException:
        ticket.leave()
        raise
    async with aclosing(in_thread(generator, ticket.leave)) as steps:
        async for step in steps:
            yield step
            if ticket.gives_way:
                return
