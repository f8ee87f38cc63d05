"""The line before the analyses: fair, bounded, and left by whoever goes."""

import asyncio
import threading
import time
from collections.abc import Generator

import pytest

from app.cancellation import in_turn
from app.fair_queue import BusyError, FairQueue, visitor_of


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_whoever_asks_once_comes_before_anybodys_second_request() -> None:
    async def scene() -> list[str]:
        turns, order = FairQueue(), []
        places = {name: turns.enter(name[0]) for name in ("a1", "a2", "a3", "b1", "a4", "c1", "b2")}
        while len(turns):
            name, now = next((n, p) for n, p in places.items() if turns.ahead(p) is None)
            order.append(name)
            del places[name]
            now.leave()
            await settle()
        return order

    assert asyncio.run(scene()) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


def test_everyone_is_told_how_many_are_ahead_as_the_line_moves() -> None:
    async def scene() -> list[int]:
        turns = FairQueue()
        first, second, third = (turns.enter(name) for name in "abc")
        heard = []

        async def listen() -> None:
            async for ahead in third.wait():
                heard.append(ahead)

        waiting = asyncio.create_task(listen())
        for place in (first, second):
            await settle()
            place.leave()
        await asyncio.wait_for(waiting, 5)
        return heard

    heard = asyncio.run(scene())
    assert heard == sorted(heard, reverse=True)
    assert set(heard) == {2, 1}


def test_one_visitor_has_one_turn_at_a_time() -> None:
    async def scene() -> list[int | None]:
        turns = FairQueue(at_once=2)
        places = [turns.enter(name) for name in "aab"]
        return [turns.ahead(place) for place in places]

    assert asyncio.run(scene()) == [None, 1, None]


def test_a_full_line_refuses_and_the_greedy_make_room() -> None:
    async def scene() -> None:
        turns = FairQueue(waiting=3)
        running, first, second, last = (turns.enter("greedy") for _ in range(4))
        with pytest.raises(BusyError, match="busy"):
            turns.enter("greedy")
        other = turns.enter("other")  # takes the greedy one's last place
        with pytest.raises(BusyError, match="others"):
            async for _ in last.wait():
                pass
        third = turns.enter("third")
        with pytest.raises(BusyError, match="busy"):  # one each now
            turns.enter("fourth")
        assert [turns.ahead(place) for place in (running, other, third, first)] == [None, 1, 2, 2]
        assert second.lost
        assert len(turns) == 4

    asyncio.run(scene())


def test_closing_sends_away_who_waits_and_lets_the_running_one_end() -> None:
    async def scene() -> None:
        turns = FairQueue()
        running, waiting = turns.enter("a"), turns.enter("b")
        threading.Thread(target=turns.close, args=("restarting",)).start()
        with pytest.raises(BusyError, match="restarting"):
            async for _ in waiting.wait():
                pass
        with pytest.raises(BusyError, match="restarting"):
            turns.enter("c")
        await settle()
        assert len(turns) == 1
        running.leave()
        await settle()
        assert len(turns) == 0

    asyncio.run(scene())


def test_a_cancelled_wait_gives_its_place_up_and_a_cancelled_step_when_it_ends() -> None:
    began, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def work() -> Generator[str, None, None]:
        try:
            began.set()
            go_on.wait(10)
            yield "done"
            yield "never"
        finally:
            closed.set()

    async def run(turns: FairQueue, visitor: str) -> list[object]:
        return [step async for step in in_turn(turns, visitor, work(), str)]

    async def scene() -> None:
        turns = FairQueue()
        running = asyncio.create_task(run(turns, "a"))
        waiting = asyncio.create_task(run(turns, "b"))
        await asyncio.to_thread(began.wait, 10)
        for task in (waiting, running):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await settle()
        assert len(turns) == 1, "the step still computes, and nobody else may until it has ended"
        assert not closed.is_set()
        go_on.set()
        until = time.monotonic() + 10
        while len(turns) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        assert len(turns) == 0
        assert closed.is_set()

    asyncio.run(scene())


def test_steps_come_after_the_wait_and_the_turn_ends_with_the_last() -> None:
    async def scene() -> list[object]:
        turns = FairQueue()
        before = turns.enter("a")
        steps = asyncio.create_task(_all(turns))
        await settle()
        before.leave()
        found = await asyncio.wait_for(steps, 10)
        await settle()
        assert len(turns) == 0
        return found

    async def _all(turns: FairQueue) -> list[object]:
        return [step async for step in in_turn(turns, "b", iter_two(), lambda ahead: -ahead)]

    def iter_two() -> Generator[int, None, None]:
        yield 1
        yield 2

    assert asyncio.run(scene()) == [-1, 1, 2]


def test_nobodys_own_run_is_counted_as_before_them() -> None:
    async def scene() -> list[int | None]:
        turns = FairQueue()
        return [turns.ahead(turns.enter(name)) for name in "aaba"]

    assert asyncio.run(scene()) == [None, 0, 1, 1]


def test_a_background_ticket_has_no_turn_while_its_visitor_is_answered_outside_the_line() -> None:
    async def scene(answered: str) -> list[int | None]:
        turns = FairQueue()
        with turns.at_hand(answered):
            background = turns.enter("a", background=True)
            meanwhile = turns.ahead(background)
        return [meanwhile, turns.ahead(background)]

    assert asyncio.run(scene("a")) == [0, None]
    assert asyncio.run(scene("b")) == [None, None]


def test_a_running_background_run_ends_early_for_its_own_visitors_request() -> None:
    async def scene(newcomer: str) -> tuple[list[object], int | None]:
        turns, heard = FairQueue(), list[object]()
        async for step in in_turn(turns, "a", iter_many(), str, background=True):
            heard.append(step)
            if step == 1:
                asked = turns.enter(newcomer)
        await settle()
        return heard, turns.ahead(asked)

    def iter_many() -> Generator[int, None, None]:
        yield from range(4)

    assert asyncio.run(scene("a")) == ([0, 1], None)
    assert asyncio.run(scene("b")) == ([0, 1, 2, 3], None)


def test_what_runs_in_the_background_waits_behind_everybodys_requests_of_its_round() -> None:
    async def scene() -> list[int | None]:
        turns = FairQueue()
        turns.enter("x")
        background = turns.enter("a", background=True)
        return [turns.ahead(place) for place in (turns.enter("b"), turns.enter("a"), background)]

    assert asyncio.run(scene()) == [1, 2, 2]


@pytest.mark.parametrize(
    ("host", "visitor"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "tab"),
        ("10.1.2.3", "tab"),
        ("2001:4860:4860::8888", "2001:4860:4860::8888"),
    ],
)
def test_a_public_address_is_one_visitor_and_behind_a_proxy_a_tab_is(host: str, visitor: str) -> None:
    assert visitor_of(host, "tab") == visitor
    assert visitor_of(None, "tab") == "tab"
