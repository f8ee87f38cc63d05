"""Whose turn it is: one analysis at a time, a bounded line before it, and nobody ahead for having asked more often.

The line is ordered in rounds: everybody's first request comes before anybody's second one. When it is full, whoever
holds the most tickets in it gives up the last of them; if that is nobody, the newcomer is refused. A ticket is left by
`leave`, which any thread may call; a step that is still being computed keeps it until it has ended.

What nobody has asked for, such as the comparison with other policies, waits with a background ticket: behind all the
requests of its round, and it gives way to whatever its own visitor wants meanwhile.
"""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

WAITING = 20
MANY = 32  # requests that Gradio lets in at a time; the line is here, Gradio only has room for it
_LOOK_UP_S = 2.0  # a line in which nothing moves is still reported, which is how a closed tab is noticed


class BusyError(Exception):
    """No ticket in the line (any more). `str(error)` is fit to be shown."""


class Ticket:
    """One request, waiting or having its turn."""

    def __init__(self, queue: "FairQueue", visitor: str, round_: int, *, background: bool = False) -> None:
        self.visitor, self.round, self.background = visitor, round_, background
        self._queue, self._moved, self.lost = queue, asyncio.Event(), ""
        self._loop = asyncio.get_running_loop()

    @property
    def gives_way(self) -> bool:
        """Whether it is of the background, and its visitor wants something else first."""
        return self.background and self._queue.wanted_by(self.visitor)

    async def wait(self) -> AsyncIterator[int]:
        """Yield how many others are ahead, whenever that changes and every few seconds, until the turn has come.

        Raises:
            BusyError: when the ticket is lost.
        """
        while not self.lost and (ahead := self._queue.ahead(self)) is not None:
            yield ahead
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), _LOOK_UP_S)
            except TimeoutError:
                continue
        if self.lost:
            raise BusyError(self.lost)

    def leave(self) -> None:
        """Give up the ticket or end the turn, from any thread; once is enough."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.left, self)

    def dismiss(self, reason: str) -> None:
        """Have it lose its ticket, from any thread."""
        self.leave()
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.stir, reason)

    def stir(self, lost: str = "") -> None:
        """Say that the line has moved, or why this ticket is lost."""
        self.lost = self.lost or lost
        self._moved.set()


class FairQueue:
    """The line of this process; used from one event loop.

    Args:
        at_once: how many have their turn at the same time, each of another visitor.
        waiting: how many may wait.
    """

    def __init__(self, *, at_once: int = 1, waiting: int = WAITING) -> None:
        self._at_once, self._most = at_once, waiting
        self._running: list[Ticket] = []
        self._waiting: list[Ticket] = []
        self._at_hand = Counter[str]()  # what is being answered outside the line, by visitor
        self._round = 0  # of whoever had their turn last
        self._closed = ""

    def enter(self, visitor: str, *, background: bool = False) -> Ticket:
        """A ticket in this round of the line, or in the one after the visitor's last ticket.

        Raises:
            BusyError: when there is none.
        """
        if self._closed:
            raise BusyError(self._closed)
        if len(self._waiting) >= self._most:
            self._make_room(visitor)
        held = [ticket.round + 1 for ticket in self._running + self._waiting if ticket.visitor == visitor]
        ticket = Ticket(self, visitor, max([self._round, *held]), background=background)
        self._waiting.append(ticket)
        self._move()
        return ticket

    def ahead(self, ticket: Ticket) -> int | None:
        """How many of others come before a ticket; None when it is its turn."""
        order = self._order()
        if ticket not in order:
            return None
        return sum(each.visitor != ticket.visitor for each in self._running + order[: order.index(ticket)])

    @contextmanager
    def at_hand(self, visitor: str) -> Iterator[None]:
        """Meanwhile the visitor is answered outside the line, and their background runs give way."""
        self._at_hand[visitor] += 1
        try:
            yield
        finally:
            self._at_hand[visitor] -= 1
            self._at_hand += Counter()  # forgets who is at zero
            self._move()

    def wanted_by(self, visitor: str) -> bool:
        """Whether a visitor waits for something that they have asked for."""
        asked = (each for each in self._waiting if not each.background)
        return self._at_hand[visitor] > 0 or any(each.visitor == visitor for each in asked)

    def left(self, ticket: Ticket) -> None:
        """Take a ticket out; whoever is next has their turn."""
        for tickets in (self._running, self._waiting):
            if ticket in tickets:
                tickets.remove(ticket)
        self._move()

    def close(self, reason: str) -> None:
        """Take nobody in any more, and send away who waits; whoever has their turn may end it. From any thread."""
        self._closed = reason
        for ticket in tuple(self._waiting):
            ticket.dismiss(reason)

    def __len__(self) -> int:
        return len(self._running) + len(self._waiting)

    def _order(self) -> list[Ticket]:
        return sorted(self._waiting, key=lambda ticket: (ticket.round, ticket.background))  # otherwise as they came

    def _move(self) -> None:
        while len(self._running) < self._at_once and not self._closed:
            busy = {ticket.visitor for ticket in self._running}
            free = [ticket for ticket in self._order() if ticket.visitor not in busy and not ticket.gives_way]
            if not free:
                break
            self._waiting.remove(free[0])
            self._running.append(free[0])
            self._round = max(self._round, free[0].round)
            free[0].stir()
        for ticket in self._waiting:
            ticket.stir()

    def _make_room(self, newcomer: str) -> None:
        held = Counter(ticket.visitor for ticket in self._waiting)
        greedy, most = held.most_common(1)[0]
        if most <= held[newcomer] + 1:
            raise BusyError(
                f"The page is busy: {self._most} analyses are waiting already. Please try again in a minute."
            )
        last = next(ticket for ticket in reversed(self._waiting) if ticket.visitor == greedy)
        self._waiting.remove(last)
        last.stir("The page is busy, and others without a ticket came. Please try again in a minute.")


def visitor_of(host: str | None, session: str | None) -> str:
    """Who asks: a public address stands for one visitor; behind an unknown proxy, or at home, a browser tab does."""
    try:
        public = ipaddress.ip_address(host or "").is_global
    except ValueError:
        public = False
    return str(host) if public else str(session)


# Analyses keep both cores busy, and so does the encoder of a video; one of each at a time answers soonest.
# Fetching waits for others, who may be slow.
LINES = ANALYSES, EXPORTS, FETCHES = FairQueue(), FairQueue(), FairQueue(at_once=4)
