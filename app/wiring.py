"""What happens when: every event of the page, each with what it needs and what it changes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

import adamml
from app import compare, link, opened, panels, play, service, takeaway
from app.player import player, preview
from app.shown import Shown
from app.turns import ANALYSES, LONGEST, LineFullError, waiting_words
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

    # A link brings an example and its settings; what it switched follows when the example is analysed.
    wanted = gr.State(None)
    form = [source["chosen"], source["policy"], source["segments"], source["spacing"]]
    page.load(_follow, outputs=[*form, source["left"], source["right"], wanted, shown["status"]], **quiet)

    # A clip is chosen: from the button, an example, a drop or a recording.
    source["upload"].upload(lambda path: path, source["upload"], source["chosen"], queue=False, **quiet)
    for button, path in parts.example_buttons:
        button.click(partial(str, path), outputs=source["chosen"], queue=False, **quiet)
    picked = source["chosen"].change(
        _picked,
        source["chosen"],
        [*named("banner", "player", "status", "results", "answer"), state],
        queue=False,
        **quiet,
    )
    growing = ("status", "answer", "results", "board", "timeline")
    outputs = [*named(*growing), state]
    analysis: dict[str, Any] = {"concurrency_id": "analysis", "concurrency_limit": LONGEST, **quiet}
    first = picked.success(_analyse, form, outputs, **analysis)
    again = source["again"].click(_analyse, form, outputs, **analysis)
    finished = [run.success(_finished, state, named(*_RESULT, "compared"), **quiet) for run in (first, again)]
    changing = [state, *named(*_RESULT[4:9], "answer", "status")]
    linked = finished[0].success(
        _as_linked, [state, wanted], [*changing, shown["compared"], wanted], concurrency_id="play", **quiet
    )
    picked.success(_preview, source["chosen"], shown["player"], concurrency_id="preview", concurrency_limit=1, **quiet)

    # Playing with the result. What a press says holds for the whole grid, and a visit answers in order.
    playing: dict[str, Any] = {
        "outputs": changing,
        "trigger_mode": "multiple",
        "concurrency_id": "play",
        "concurrency_limit": 2,
        **quiet,
    }
    shown["timeline"].switch(_switch, state, **playing)
    shown["whatif"].budget(_budget, state, **playing)
    shown["whatif"].reset(_reset, state, **playing)
    curve = shown["whatif"].curve(_curve, state, [state, *named("whatif", "status")], **analysis)
    opening: dict[str, Any] = {"inputs": state, "outputs": named("opened", "status"), "concurrency_id": "play", **quiet}
    shown["timeline"].open(_open, **opening)
    shown["opened"].open(_open, **opening)
    shown["opened"].close(lambda: "", outputs=shown["opened"], queue=False, **quiet)
    compared = source["compare"].click(
        _compare, [state, source["left"], source["right"]], named("compared"), **analysis
    )

    source["cancel"].click(
        _cancelled,
        [state, shown["compared"]],
        named("status", "results", "answer", "compared"),
        cancels=[first, again, curve, compared, linked],
        queue=False,
        **quiet,
    )
    # Another clip ends what still runs for the one before.
    source["chosen"].change(None, cancels=[again, first, curve, compared, linked], queue=False, **quiet)
    # After that: a browser goes through what listens for a clip in this order, and whatever stood between choosing and
    # cancelling would give the new clip's analysis time to begin, and to be cancelled.
    takeaway.connect(shown["take"], state, source, shown["compared"])


def _follow(request: gr.Request) -> list[Any]:
    """The example and the settings of the page's link, if it has one."""
    try:
        asked = link.read(dict(request.query_params))
    except link.LinkError as error:
        return [*[gr.skip()] * 7, service.problem(f"{error} Here is the page as usual.")]
    if asked is None:
        return [gr.skip()] * 8
    pair = asked.pair or (gr.skip(), gr.skip())
    return [str(asked.clip), asked.policy, asked.segments, 0, *pair, asked, gr.skip()]


def _picked(path: str | None) -> list[Any]:
    """Show the clip, and say what it is or why it is refused."""
    usable, line = service.look_over(path)
    title = panels.banner(Path(path).name, "Analysed here, just now.") if path and usable else ""
    waiting = panels.waiting() if usable else ""
    status = service.progress(0.0, "Waiting for a free place") if usable else line
    return [title, player(path) if usable else "", status, gr.Column(visible=False), waiting, None]


async def _analyse(path: str | None, policy: str, segments: float, spacing: float) -> AsyncIterator[list[Any]]:
    """Run the policy, showing every step; can be cancelled at any moment."""
    async for step in _steps(path, policy, segments, spacing):
        drawn = panels.growing(step.view) if step.view else {}
        board = gr.skip() if step.board is None else panels.thumbnails(step.board)
        column = gr.Column(visible=True) if step.view else gr.skip()
        answer = "" if step.failed else drawn.get("answer", gr.skip())
        timeline = drawn.get("timeline", gr.skip())
        result = step.shown if step.shown or step.failed else gr.skip()
        yield [step.status, answer, column, board, timeline, result]


async def _steps(path: str | None, policy: str, segments: float, spacing: float) -> AsyncIterator[service.Step]:
    def waiting(before: int) -> service.Step:
        return service.Step(status=service.progress(0.0, waiting_words(before)))

    try:
        async for step in ANALYSES.served(service.steps(path, policy, segments, spacing), waiting):
            yield step
    except LineFullError as error:
        yield service.Step(status=service.problem(str(error)), failed=True)


def _finished(shown: Shown | None) -> list[Any]:
    """All panels of a fresh result; the comparison waits to be asked for."""
    if shown is None:
        skipped = [gr.skip()] * len(_RESULT)
        skipped[1] = gr.Column(visible=False)
        return [*skipped, gr.skip()]
    drawn = panels.draw(shown) | {"results": gr.Column(visible=True)}
    return [*(drawn[name] for name in _RESULT), ""]


async def _preview(path: str | None) -> Any:
    made = await asyncio.to_thread(preview, path)
    remark = "Your browser cannot play this file, so this is a lighter copy of it. The file itself was analysed."
    return gr.skip() if made is None else player(made, remark)


def _same(status: Any = None) -> list[Any]:
    """What playing changes, left as it was, but for the status line."""
    return [*[gr.skip()] * 7, gr.skip() if status is None else status]


async def _play(shown: Shown | None, act: Callable[[Shown], Shown]) -> list[Any]:
    """Change what is shown, off the event loop; a clip that is gone is said to be gone."""
    if shown is None:
        return _same()
    try:
        now = await asyncio.to_thread(act, shown)
    except adamml.ClipError:
        return _same(service.problem(_GONE))
    except ValueError:
        return _same()
    except Exception:
        _log.exception("playing with %r failed", shown.base.clip.name)
        return _same(service.problem(service.OURS))
    drawn = panels.redraw(now) | {"opened": ""}
    return [now, *(drawn[name] for name in (*_RESULT[4:9], "answer")), gr.skip()]


async def _as_linked(shown: Shown | None, wanted: link.Link | None) -> AsyncIterator[list[Any]]:
    """What a link switched, and what it compared, once: after the analysis that it asked for."""
    if shown is None or wanted is None or not wanted.fits(shown):
        yield [*_same(), gr.skip(), None]
        return
    moved = await _play(shown, lambda was: link.apply(was, wanted))
    yield [*moved, gr.skip(), None]
    if wanted.pair:
        now = moved[0] if isinstance(moved[0], Shown) else shown
        async for html in _compare(now, *wanted.pair):
            yield [*_same(), html, None]


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
        async for message, now in ANALYSES.served(play.whole_curve(shown), lambda n: (waiting_words(n), None)):
            if now is None:
                yield [gr.skip(), gr.skip(), service.progress(0.5, message)]
            else:
                yield [now, panels.redraw(now)["whatif"], service.line("is-done", "The whole curve is drawn.")]
    except LineFullError as error:
        yield [gr.skip(), gr.skip(), service.problem(str(error))]
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
        steps = ANALYSES.served(play.compare(shown, left, right), lambda n: (0.0, waiting_words(n), None))
        async for share, message, pair in steps:
            yield compare.comparison(pair) if pair else service.progress(share, f"{message} ({percent(share)})")
    except (adamml.ClipError, LineFullError) as error:
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
