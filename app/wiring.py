"""What happens when: every event of the page, each with what it needs and what it changes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

import adamml
from app import compare, details, opened, panels, play, service
from app.leaving import in_thread
from app.player import player, preview
from app.shown import Shown
from app.words import percent

_log = logging.getLogger(__name__)
_GONE = "This clip is no longer kept here. Analyse it once more to go on playing with it."
_RESULT = ("answer", "results", "notes", "board", "timeline", "opened", "whatif", "costs", "seconds", "model")


def connect(page: gr.Blocks, parts: Any, state: gr.State) -> None:
    """Connect all events. `parts` is `app.page.Parts`."""
    shown, source = parts.shown, parts.source

    def named(*names: str) -> list[Any]:
        return [shown[name] for name in names]

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    answer_json = gr.JSON(visible=False, label="Result")
    page.load(_files, inputs=state, outputs=named("json", "csv"), **quiet)

    # A clip is chosen, whichever way (see the end).
    picked = source["chosen"].change(
        _picked,
        source["chosen"],
        [*named("banner", "player", "status", "results", "answer"), state],
        queue=False,
        **quiet,
    )
    form = [source[name] for name in ("chosen", "policy", "segments", "spacing", "model")]
    growing = ("status", "answer", "results", "board", "timeline")
    outputs = [answer_json, *named(*growing), state]
    analysis: dict[str, Any] = {"concurrency_id": "analysis", "concurrency_limit": 1, "show_progress": "hidden"}
    last: dict[str, Any] = {"trigger_mode": "always_last", "api_visibility": "private"}
    first = picked.success(_analyse, form, outputs, **last, **analysis)
    again = source["again"].click(_analyse, form, outputs, api_name="analyse", **analysis)
    # When another model has said what it knows (see the end), it judges the clip that is there.
    anew = shown["known"].change(_analyse_chosen, form, outputs, **last, **analysis)
    for run in (first, again, anew):
        run.success(_finished, state, [*named(*_RESULT, "compared", "json", "csv")], **quiet)
    picked.success(_preview, source["chosen"], shown["player"], concurrency_id="preview", concurrency_limit=1, **quiet)

    # Playing with the result. What a press says holds for the whole grid, and a visit answers in order.
    playing: dict[str, Any] = {
        "outputs": [state, *named(*_RESULT[4:9], "answer", "status")],
        "trigger_mode": "multiple",
        "concurrency_id": "play",
        "concurrency_limit": 2,
        **quiet,
    }
    shown["timeline"].switch(_switch, state, **playing)
    shown["whatif"].budget(_budget, state, **playing)
    shown["whatif"].reset(_reset, state, **playing)
    curve = shown["whatif"].curve(
        _curve, state, [state, *named("whatif", "status")], concurrency_id="analysis", **quiet
    )
    opening: dict[str, Any] = {"inputs": state, "outputs": named("opened", "status"), "concurrency_id": "play", **quiet}
    shown["timeline"].open(_open, **opening)
    shown["opened"].open(_open, **opening)
    shown["opened"].close(lambda: "", outputs=shown["opened"], queue=False, **quiet)
    compared = source["compare"].click(
        _compare, [state, source["left"], source["right"]], named("compared"), concurrency_id="analysis", **quiet
    )

    # Cancel stands before what else its press does: Gradio takes the events of a press one after the other, and what
    # it cancels must be the run of before, never one that the same press has just begun.
    running = [first, again, anew, curve, compared]
    source["cancel"].click(None, cancels=running, **quiet)
    source["cancel"].click(
        _cancelled,
        [state, shown["compared"]],
        named("status", "results", "answer", "compared"),
        queue=False,
        **quiet,
    )
    # Another clip, from the button, an example, a drop or a recording, ends what still runs for the one before.
    source["upload"].upload(None, cancels=running, **quiet)
    source["upload"].upload(lambda path: path, source["upload"], source["chosen"], queue=False, **quiet)
    for button, path in parts.example_buttons:
        button.click(None, cancels=running, **quiet)
        button.click(partial(str, path), outputs=source["chosen"], queue=False, **quiet)
    ways = [source[name] for name in ("policy", "left", "right")]
    source["model"].input(None, cancels=running, **quiet)
    source["model"].input(_other_model, [source["model"], *ways], [shown["known"], *ways], queue=False, **quiet)


def _files(shown: Shown | None) -> Any:
    return details.files(shown.current) if shown else (None, None)


def _picked(path: str | None) -> list[Any]:
    """Show the clip, and say what it is or why it is refused."""
    usable, line = service.look_over(path)
    title = panels.banner(Path(path).name, "Analysed here, just now.") if path and usable else ""
    waiting = panels.waiting() if usable else ""
    status = service.progress(0.0, "Waiting for a free place") if usable else line
    return [title, player(path) if usable else "", status, gr.Column(visible=False), waiting, None]


async def _analyse(
    path: str | None, policy: str, segments: float, spacing: float, model: str | None = None
) -> AsyncIterator[list[Any]]:
    """Run the policy, showing every step; can be cancelled at any moment. The last step holds the result as JSON."""
    if not path:
        yield [None, service.problem("Choose a clip first."), *[gr.skip()] * 5]
        return
    async for step in in_thread(service.steps(path, policy, segments, spacing, model)):
        drawn = panels.growing(step.view) if step.view else {}
        board = gr.skip() if step.board is None else panels.thumbnails(step.board)
        column = gr.Column(visible=True) if step.view else gr.skip()
        answer = "" if step.failed else drawn.get("answer", gr.skip())
        timeline = drawn.get("timeline", gr.skip())
        result = step.shown if step.shown or step.failed else gr.skip()
        yield [service.as_json(step.shown), step.status, answer, column, board, timeline, result]


async def _analyse_chosen(path: str | None, *form: Any) -> AsyncIterator[list[Any]]:
    """The same for the clip that is there; nothing while there is none but the recorded example."""
    if not path:
        yield [gr.skip()] * 7
        return
    async for changes in _analyse(path, *form):
        yield changes


def _other_model(model: str | None, policy: str, left: str, right: str) -> list[Any]:
    """What another model knows, and the ways of choosing that it can run."""
    card, able = service.models.card(model), service.policies(model)
    left, right = left if left == "shown" or left in able else "shown", right if right in able else "rgb"
    return [
        details.known(card) if card else service.problem(service.NO_MODEL),
        gr.Radio(choices=details.ways(able, about=True), value=policy if policy in able else "rgb"),
        gr.Radio(choices=[details.SHOWN, *details.ways(able)], value=left),
        gr.Radio(choices=details.ways(able), value=right),
    ]


def _finished(shown: Shown | None) -> list[Any]:
    """All panels of a fresh result; the comparison waits to be asked for."""
    if shown is None:
        skipped = [gr.skip()] * len(_RESULT)
        skipped[1] = gr.Column(visible=False)
        return [*skipped, gr.skip(), None, None]
    drawn = panels.draw(shown) | {"results": gr.Column(visible=True)}
    return [*(drawn[name] for name in _RESULT), "", *details.files(shown.base)]


async def _preview(path: str | None) -> Any:
    made = await asyncio.to_thread(preview, path)
    remark = "Your browser cannot play this file, so this is a lighter copy of it. The file itself was analysed."
    return gr.skip() if made is None else player(made, remark)


async def _play(shown: Shown | None, act: Callable[[Shown], Shown]) -> list[Any]:
    """Change what is shown, off the event loop; a clip that is gone is said to be gone."""
    if shown is None:
        return [gr.skip()] * 7
    try:
        now = await asyncio.to_thread(act, shown)
    except adamml.ClipError:
        return [*[gr.skip()] * 6, service.problem(_GONE)]
    except ValueError:
        return [gr.skip()] * 7
    except Exception:
        _log.exception("playing with %r failed", shown.base.clip.name)
        return [*[gr.skip()] * 6, service.problem(service.OURS)]
    drawn = panels.redraw(now) | {"opened": ""}
    return [now, *(drawn[name] for name in (*_RESULT[4:9], "answer")), gr.skip()]


async def _switch(shown: Shown | None, data: gr.EventData) -> list[Any]:
    return await _play(shown, lambda was: play.switch(was, play.read_grid(was, data._data.get("grid"))))


async def _budget(shown: Shown | None, data: gr.EventData) -> list[Any]:
    threshold = data._data.get("threshold")
    valid = isinstance(threshold, int | float) and 0 <= threshold <= 1
    return await _play(shown, lambda was: play.set_budget(was, round(float(threshold), 2)) if valid else was)


async def _reset(shown: Shown | None) -> list[Any]:
    return await _play(shown, lambda was: was.reset())


async def _curve(shown: Shown | None) -> AsyncIterator[list[Any]]:
    if shown is None:
        return
    try:
        async for message, now in in_thread(play.whole_curve(shown)):
            if now is None:
                yield [gr.skip(), gr.skip(), service.progress(0.5, message)]
            else:
                yield [now, panels.redraw(now)["whatif"], service.line("is-done", "The whole curve is drawn.")]
    except adamml.ClipError:
        yield [gr.skip(), gr.skip(), service.problem(_GONE)]


async def _open(shown: Shown | None, data: gr.EventData) -> list[Any]:
    segment = data._data.get("segment")
    if shown is None or not isinstance(segment, int) or not 0 <= segment < len(shown.current.segments):
        return [gr.skip(), gr.skip()]
    try:
        close = await asyncio.to_thread(play.open_segment, shown, segment, bool(data._data.get("explain")))
    except adamml.ClipError:
        return ["", service.problem(_GONE)]
    except Exception:
        _log.exception("a segment of %r could not be opened", shown.base.clip.name)
        return ["", service.problem(service.OURS)]
    return [opened.opened(shown.current, close), gr.skip()]


async def _compare(shown: Shown | None, left: str, right: str) -> AsyncIterator[str]:
    if shown is None:
        yield service.problem("Choose a clip first.")
        return
    try:
        async for share, message, pair in in_thread(play.compare(shown, left, right)):
            yield compare.comparison(pair) if pair else service.progress(share, f"{message} ({percent(share)})")
    except adamml.ClipError as error:
        yield service.problem(str(error))
    except Exception:
        _log.exception("a comparison on %r failed", shown.base.clip.name)
        yield service.problem(service.OURS)


def _cancelled(shown: Shown | None, compared: str | None) -> list[Any]:
    """What was finished before stays; what was only begun goes."""
    begun = "" if "is-running" in (compared or "") else gr.skip()
    if shown is None:
        return [service.cancelled(), gr.Column(visible=False), "", begun]
    return [service.cancelled(), gr.skip(), gr.skip(), begun]
