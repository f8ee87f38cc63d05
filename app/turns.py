"""Waiting one's turn: first come, first served, and whoever waits is told how many are before them.

Gradio's own queue says such a thing only to its own progress box. So its places are plenty here, and the heavy work
waits in one of these lines instead, where the page says in its own words what it waits for. Everything runs in the
server's one event loop, so a line is a plain list.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from typing import TypeVar

from app.leaving import in_thread

T = TypeVar("T")
LONGEST = 20
FULL = "Many visitors are here just now, and the line is full. Please try once more in a few minutes."


class LineFullError(Exception):
    """Nobody else can wait. `str(error)` is fit to be shown."""


class Line:
    """One piece of work at a time.

    Args:
        longest: how many may be in it, the one being served included.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self.longest = longest
        self._tickets: list[asyncio.Event] = []  # the first is being served; an event says that the line has moved

    def __len__(self) -> int:
        return len(self._tickets)

    async def served(self, steps: Generator[T, None, None], told: Callable[[int], T]) -> AsyncIterator[T]:
        """What `steps` yields, once it is its turn; before that `told(how many are before it)`, whenever that changes.

        Leaving early (cancelling the task, closing this generator) leaves the line too.

        Raises:
            LineFullError: when the line is as long as it may be.
        """
        if len(self._tickets) >= self.longest:
            raise LineFullError(FULL)
        moved = asyncio.Event()
        self._tickets.append(moved)
        try:
            while before := self._tickets.index(moved):
                moved.clear()
                yield told(before)
                await moved.wait()
            async for step in in_thread(steps):
                yield step
        finally:
            self._tickets.remove(moved)
            for ticket in self._tickets:
                ticket.set()


def waiting_words(before: int) -> str:
    """What somebody who waits is told."""
    return f"Waiting: {before} {'visitor is' if before == 1 else 'visitors are'} before you"


# Analyses keep both cores busy, and so does the encoder of a video; one of each at a time answers soonest.
ANALYSES = Line()
EXPORTS = Line()
