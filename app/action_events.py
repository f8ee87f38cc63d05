"""What is asked of a result: requests (switch cells, move the budget, reset), a segment opened, the whole curve."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

import adamml
from app import actions, panels, segment_panel, status_line
from app.cancellation import at_hand, served
from app.error_log import failed
from app.fair_queue import ANALYSES, BusyError
from app.moves import MOVES
from app.view_state import Point, ViewState

# The panels that change with every request, besides the answer and the status line.
CHANGED = ("timeline", "opened", "budget", "savings", "whatif", "costs", "seconds")
_GONE = "This clip is no longer kept here. Analyze it once more to go on playing with it."
_ALL_OFF = "With everything off there would be no answer, so what the policy wanted most was run."


def connect(shown: Mapping[str, Any], state: gr.State, changing: list[Any], analysis: dict[str, Any]) -> list[Any]:
    """Connect what can be played with.

    Args:
        shown: the panels by name.
        state: of the visitor.
        changing: what a request changes: the state, `CHANGED`, the answer, the status line.
        analysis: how events run that wait in the line of the analyses.

    Returns:
        The events that Cancel ends.
    """
    playing: dict[str, Any] = {
        "concurrency_id": "play",
        "concurrency_limit": 2,
        "api_visibility": "private",
        "show_progress": "hidden",
    }
    # A browser sends one request at a time, so a visit's requests are applied in order.
    shown["timeline"].request(_request, state, changing, trigger_mode="multiple", **playing)
    opening = {"inputs": state, "outputs": [shown["opened"], shown["status"]], **playing}
    shown["timeline"].open(_open, **opening)
    shown["opened"].open(_open, **opening)
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    shown["opened"].close(lambda: "", outputs=shown["opened"], **quiet)
    # What was switched while the curve was worked out still stands: its points are added to what is shown by then.
    found = gr.State(None)
    curve = shown["whatif"].curve(_curve, state, [found, shown["status"]], **analysis)
    curve.success(_with_curve, [state, found], [state, shown["whatif"]], **quiet)
    return [curve]


def same() -> list[Any]:
    """What playing changes, left as it was."""
    return [*[gr.skip()] * (3 + len(CHANGED))]


async def played(
    shown: ViewState, act: Callable[[ViewState], ViewState], request: int = 0, remark: str = ""
) -> list[Any]:
    """Change what is shown, off the event loop.

    What cannot be done leaves the result as it was; it is drawn all the same, because the browser has drawn the request
    already and waits for the answer to its number.
    """
    now, status = shown, gr.skip()
    try:
        now = await asyncio.to_thread(act, shown)
    except adamml.ClipError:
        status = status_line.problem(_GONE)
    except ValueError:
        pass  # a request that no page of ours sends
    except Exception as error:
        status = status_line.problem(failed("playing with a result", error))
    drawn = panels.redraw(now, request, remark) | {"opened": ""}
    return [now, *(drawn[name] for name in (*CHANGED, "answer")), status]


async def _request(shown: ViewState | None, data: gr.EventData, request: gr.Request) -> list[Any]:
    if shown is None:
        return same()
    asked = data._data
    number, grid = asked.get("number"), asked.get("grid")
    all_off = isinstance(grid, dict) and not any("1" in str(signs) for signs in grid.values())
    answering = number if isinstance(number, int) else 0
    began = MOVES.last(request)
    with at_hand(ANALYSES, request):
        granted = await played(shown, lambda was: actions.apply(was, asked), answering, _ALL_OFF if all_off else "")
    return granted if MOVES.last(request) == began else same()  # another clip has come meanwhile


async def flip(shown: ViewState | None, way: str) -> list[Any]:
    """Show the policy's own result, looking only, or both; nothing is run for it."""
    if shown is None:
        return same()
    return await played(shown, lambda was: replace(was, way=way))


async def _curve(shown: ViewState | None, request: gr.Request) -> AsyncIterator[list[Any]]:
    if shown is None:
        return
    began = MOVES.last(request)
    try:
        curve = actions.whole_curve(shown)
        async with served(ANALYSES, request, curve, lambda ahead: (status_line.waiting_words(ahead), None)) as steps:
            async for message, points in steps:
                if MOVES.last(request) != began:
                    return
                if points is None:
                    yield [gr.skip(), status_line.progress(0.5, message)]
                else:
                    yield [(shown.key, points), status_line.line("is-done", "The whole curve is drawn.")]
    except adamml.ClipError:
        yield [None, status_line.problem(_GONE)]
    except BusyError as error:
        yield [None, status_line.problem(str(error))]
    except Exception as error:
        yield [None, status_line.problem(failed("drawing a curve", error))]


def _with_curve(shown: ViewState | None, found: tuple[Any, tuple[Point, ...]] | None) -> list[Any]:
    if shown is None or found is None or shown.key != found[0]:
        return [gr.skip(), gr.skip()]
    now = actions.with_points(shown, found[1])
    return [now, panels.redraw(now)["whatif"]]


async def _open(shown: ViewState | None, data: gr.EventData, request: gr.Request) -> list[Any]:
    segment = data._data.get("segment")
    if shown is None or not isinstance(segment, int) or not 0 <= segment < len(shown.current.segments):
        return [gr.skip(), gr.skip()]
    began = MOVES.last(request)
    try:
        with at_hand(ANALYSES, request):
            close = await asyncio.to_thread(actions.open_segment, shown, segment, bool(data._data.get("explain")))
    except adamml.ClipError:
        return ["", status_line.problem(_GONE)]
    except Exception as error:
        return ["", status_line.problem(failed("opening a segment", error))]
    if MOVES.last(request) != began:
        return [gr.skip(), gr.skip()]
    return [segment_panel.opened(shown.current, close, shown.offset), gr.skip()]
