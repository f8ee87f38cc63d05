"""Answers that come late: nothing of a clip is shown once its tab has moved on to another clip or model."""

import asyncio
from collections.abc import AsyncIterator, Generator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from app import action_events, actions, analyzing, recorded, service, status_line
from app.fair_queue import ANALYSES
from app.moves import MOVES, Moves
from app.view_state import ViewState


@pytest.fixture
def shown() -> ViewState:
    """What the page opens with."""
    example = recorded.load()
    assert example is not None
    return example.shown


def tab(name: str) -> Any:
    """A request of one tab, as far as the page looks at it."""
    return SimpleNamespace(session_hash=name, client=None)


def skipped(outputs: list[Any]) -> bool:
    return all(output == gr.skip() for output in outputs)


async def all_of(steps: AsyncIterator[Any]) -> list[Any]:
    return [step async for step in steps]


def test_a_tab_moves_and_others_stay() -> None:
    moves = Moves(most=2)
    before = [moves.last(tab(name)) for name in "ab"]
    moves.move(tab("a"))
    assert moves.last(tab("a")) != before[0]
    assert moves.last(tab("b")) == before[1]
    moves.move(tab("c"))
    moves.move(tab("d"))  # the first one is forgotten
    assert moves.last(tab("a")) == 0
    moves.move(tab("d"), "clip.mp4")
    once = moves.last(tab("d"))
    moves.move(tab("d"), "clip.mp4")  # announced once more
    assert moves.last(tab("d")) == once
    moves.move(tab("d"), "other.mp4")
    assert moves.last(tab("d")) != once
    moves.move(tab(""))  # a program without a session
    assert moves.last(tab("")) == 0


def test_an_analysis_says_nothing_more_once_another_clip_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tab("analysis")
    closed = []

    def steps(*_: Any) -> Generator[service.Step, None, None]:
        try:
            yield service.Step(status="first")
            analyzing.picked("next.mp4", None, mine)
            yield service.Step(status="second")
            yield service.Step(status="third")
        finally:
            closed.append(True)

    monkeypatch.setattr(service, "steps", steps)
    monkeypatch.setattr(service, "look_over", lambda *_: (True, ""))
    said = asyncio.run(
        all_of(analyzing.analyze_clip(service.Chosen(path="clip.mp4"), "adamml", 10, 0, None, 0.5, None, mine))
    )
    assert [outputs[0] for outputs in said] == ["first"]
    assert closed == [True]


def test_a_switch_of_the_clip_before_changes_nothing_of_the_next_one(
    monkeypatch: pytest.MonkeyPatch, shown: ViewState
) -> None:
    mine = tab("wish")
    wish: Any = SimpleNamespace(_data={"number": 1, "reset": True})
    assert not skipped(asyncio.run(action_events._request(shown, wish, mine)))

    def grant(was: ViewState, _: Any) -> ViewState:
        MOVES.move(mine)
        return was

    monkeypatch.setattr(actions, "apply", grant)
    assert skipped(asyncio.run(action_events._request(shown, wish, mine)))


def test_a_segment_of_the_clip_before_is_not_opened_under_the_next_one(
    monkeypatch: pytest.MonkeyPatch, shown: ViewState
) -> None:
    mine = tab("open")
    wish: Any = SimpleNamespace(_data={"segment": 0})

    def open_segment(*_: Any) -> None:
        MOVES.move(mine)

    monkeypatch.setattr(actions, "open_segment", open_segment)
    monkeypatch.setattr(action_events.segment_panel, "opened", lambda *_: "a segment")
    assert skipped(asyncio.run(action_events._open(shown, wish, mine)))


def test_a_preview_of_the_clip_before_does_not_replace_the_player(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tab("preview")
    monkeypatch.setattr(analyzing, "preview", lambda path, part: f"{path}.mp4")
    assert "first.avi.mp4" in asyncio.run(analyzing.make_preview("first.avi", service.Chosen(path="first.avi"), mine))

    def late(path: str, part: Any) -> str:
        MOVES.move(mine)
        return f"{path}.mp4"

    monkeypatch.setattr(analyzing, "preview", late)
    assert asyncio.run(analyzing.make_preview("first.avi", service.Chosen(path="first.avi"), mine)) == gr.skip()


def test_a_comparison_ends_with_its_clip(monkeypatch: pytest.MonkeyPatch, shown: ViewState) -> None:
    mine = tab("comparison")

    def compare(*_: Any) -> Generator[tuple[float, str, None], None, None]:
        yield 0.5, "Running", None
        MOVES.move(mine)
        yield 1.0, "Done", None

    monkeypatch.setattr(actions, "compare", compare)
    said = asyncio.run(all_of(analyzing.compare_ways(shown, "shown", "rgb", mine)))
    assert len(said) == 1


def test_what_is_asked_of_a_result_comes_before_its_rivals_which_go_on_afterwards(
    monkeypatch: pytest.MonkeyPatch, shown: ViewState
) -> None:
    mine, begun = tab("rivals"), []
    shown = replace(shown, rgb=None, everything=None)
    found = {"rgb": shown.base, "all": shown.base}

    def rivals(*_: Any) -> Generator[tuple[float, str, Any], None, None]:
        begun.append(True)
        yield 0.5, "RGB only", None
        yield 1.0, "Done", found

    monkeypatch.setattr(actions, "rivals", rivals)

    async def scene() -> list[list[Any]]:
        said = []
        async for outputs in analyzing.run_rivals(shown, mine):
            said.append(outputs)
            assert await all_of(analyzing.run_rivals(shown, mine)) == [[gr.skip(), gr.skip()]]  # they are on their way
            if len(said) == 1:
                asked = ANALYSES.enter("rivals")
            elif "asked for before" in outputs[1]:
                asked.leave()
        return said

    said = asyncio.run(scene())
    assert len(begun) == 2
    assert "1 before you" not in "".join(outputs[1] for outputs in said)
    assert said[-1] == [(shown.key, found), ""]
    assert len(ANALYSES) == 0


@pytest.mark.parametrize("ask", ["switch", "open"])
def test_what_is_answered_at_once_has_the_rivals_give_way(
    monkeypatch: pytest.MonkeyPatch, shown: ViewState, ask: str
) -> None:
    mine, wanted = tab(f"at once {ask}"), []

    def note(*_: Any) -> ViewState:
        wanted.append(ANALYSES.wanted_by(f"at once {ask}"))
        return shown

    monkeypatch.setattr(actions, "apply", note)
    monkeypatch.setattr(actions, "open_segment", note)
    monkeypatch.setattr(action_events.segment_panel, "opened", lambda *_: "a segment")
    data: Any = SimpleNamespace(_data={"number": 1, "reset": True, "segment": 0})
    asyncio.run({"switch": action_events._request, "open": action_events._open}[ask](shown, data, mine))
    assert wanted == [True]
    assert not ANALYSES.wanted_by(f"at once {ask}")


def test_a_run_that_was_called_back_hides_nothing_of_the_next_one() -> None:
    assert skipped(analyzing.finished(None))


def test_a_run_that_failed_hides_what_it_had_begun_to_show() -> None:
    _, answer, _, timeline, result, _ = analyzing._drawn(service.Step(status=status_line.problem("no"), failed=True))
    assert (answer, timeline, result) == ("", "", None)  # without a timeline the page shows no results


def test_another_model_takes_what_the_one_before_has_said_away_but_for_the_recorded_example() -> None:
    assert skipped(analyzing.cleared(None))
    status, answer, *others = analyzing.cleared(service.Chosen(path="clip.mp4"))
    assert "other model" in status
    assert "…" in answer
    assert others == [""] * 4


def test_cancel_says_how_far_choosing_and_running_came(shown: ViewState) -> None:
    begun = service.Begun(key=shown.key, policy="adamml", chosen=8, done=0, total=10)
    assert "chosen in 8 of 10 segments, and has answered 0." in status_line.cancelled(begun)


def test_cancel_is_offered_once_there_is_something_to_cancel() -> None:
    assert "is-running" not in status_line.progress(0.0, "Waiting for a free place", begun=False)
    assert "is-running" in status_line.progress(0.0, "Looking the file over")


def test_a_refused_clip_is_not_analyzed_and_leaves_the_one_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tab("refused")
    asked: list[str] = []

    def steps(path: str, *_: Any) -> Generator[service.Step, None, None]:
        asked.append(path)
        yield service.Step(status="first")

    monkeypatch.setattr(service, "steps", steps)
    monkeypatch.setattr(service, "look_over", lambda *_: (False, status_line.problem("no clip")))
    before = MOVES.last(mine)
    status = analyzing.picked("notes.mp4", None, mine)
    assert "no clip" in status[2]
    assert skipped([change for place, change in enumerate(status) if place != 2])
    assert MOVES.last(mine) == before
    clip = service.Chosen(path="clip.mp4")
    run = analyzing.analyze_if_accepted("notes.mp4", clip, "adamml", 10, 0, None, 0.5, None, mine)
    assert all(skipped(outputs) for outputs in asyncio.run(all_of(run)))
    assert asked == []
    again = analyzing.analyze_if_accepted("clip.mp4", clip, "adamml", 10, 0, None, 0.5, None, mine)
    assert asyncio.run(all_of(again))[0][0] == "first"
    assert asked == ["clip.mp4"]
