"""An analysis on the page: a clip is picked, analyzed step by step, compared with its rivals, or cancelled."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr

import adamml
from adamml import Analysis
from app import action_events, actions, compare, link, panels, service, status_line, words
from app.cancellation import at_hand, served
from app.error_log import failed
from app.fair_queue import ANALYSES, BusyError
from app.moves import MOVES
from app.part_chooser import chooser
from app.player import player, preview
from app.timeline import thumbnails
from app.view_state import BOTH, OWN, RGB, ViewState
from app.words import percent

RESULT = ("answer", "notes", "board", "rivals", *action_events.CHANGED, "model")
_DRAWN = 6  # what a step of an analysis changes, see `_drawn`
_RUNNING: set[str] = set()  # the visits whose rivals are on their way


def picked(path: str | None, asked: service.Chosen | None, request: gr.Request) -> list[Any]:
    """Show the clip, or say why it is refused; then all that is shown of the one before stays, and can be run again.

    Of one that is only too long, a part is offered instead. `asked` is the part that was chosen by now, if any.
    """
    part = asked.part if asked is not None and asked.path == path else None
    usable, line = service.look_over(path, part)
    if not path or not usable:
        long = service.too_long(path) if path else None
        if not path or long is None:
            return [gr.skip(), gr.skip(), line, *[gr.skip()] * 10]
        return [gr.skip(), gr.skip(), "", *[gr.skip()] * 4, chooser(long, path), *[gr.skip()] * 5]
    MOVES.move(request, path if part is None else f"{path}#{part.start}-{part.end}")
    about = "Analyzed here, just now."
    title = panels.banner(Path(path).name, about) if part is None else panels.part_banner(path, part)
    status = status_line.progress(0.0, "Waiting for a free place", begun=False)
    shown = [title, player(path, part=part), status, panels.waiting(), "", "", "", chooser()]
    board = ""  # the pictures of the clip before
    return [*shown, "", None, None, service.Chosen(path=path, part=part), board]


def cleared(clip: service.Chosen | None) -> list[Any]:
    """Nothing of the model before, until the next one has judged the clip; the recorded example stays as it is."""
    if clip is None:
        return [gr.skip()] * 6
    return [status_line.progress(0.0, "Waiting for the other model", begun=False), panels.waiting(), "", "", "", ""]


async def analyze_clip(
    clip: service.Chosen | None,
    policy: str,
    segments: float,
    spacing: float,
    model: str | None,
    threshold: float,
    begun: service.Begun | None,
    request: gr.Request,
) -> AsyncIterator[list[Any]]:
    """Run the policy, showing every step; can be cancelled at any moment."""
    if clip is None:
        yield [status_line.problem("Choose a clip first."), *[gr.skip()] * (_DRAWN - 1)]
        return

    def waiting(ahead: int) -> service.Step:
        return service.Step(status=status_line.waiting(ahead))

    began = MOVES.last(request)
    try:
        run = service.steps(
            clip.path, service.with_threshold(policy, threshold), segments, spacing, model, begun, clip.part
        )
        async with served(ANALYSES, request, run, waiting) as steps:
            async for step in steps:
                if MOVES.last(request) != began:
                    return
                yield _drawn(step)
    except BusyError as error:
        yield _drawn(service.Step(status=status_line.problem(str(error)), failed=True))


async def analyze_if_accepted(
    chosen: str | service.Chosen | None,
    clip: service.Chosen | None,
    policy: str,
    segments: float,
    spacing: float,
    model: str | None,
    threshold: float,
    begun: service.Begun | None,
    request: gr.Request,
) -> AsyncIterator[list[Any]]:
    """The same where the clip that was chosen was accepted; nothing while there is only the recorded example."""
    if clip is None or chosen not in (clip, clip.path):
        yield [gr.skip()] * _DRAWN
        return
    async for changes in analyze_clip(clip, policy, segments, spacing, model, threshold, begun, request):
        yield changes


def _drawn(step: service.Step) -> list[Any]:
    """What a step changes on the page."""
    drawn = panels.growing(step.view) if step.view else {}
    board = gr.skip() if step.board is None else thumbnails(step.board)
    answer = "" if step.failed else drawn.get("answer", gr.skip())
    timeline = "" if step.failed else drawn.get("timeline", gr.skip())  # without one, no results are seen
    result = step.shown if step.shown or step.failed else gr.skip()
    now = None if step.shown or step.failed else step.begun or gr.skip()
    return [step.status, answer, board, timeline, result, now]


def finished(shown: ViewState | None) -> list[Any]:
    """All panels of a fresh result; the comparison waits to be asked for.

    Nothing after a run that was called back: another one may be showing its first results by now.
    """
    if shown is None:
        return [gr.skip()] * (len(RESULT) + 3)
    drawn = panels.draw(shown)
    own = shown.base.policy
    names = [(words.policy(own), OWN), ("RGB only", RGB), ("both", BOTH)]
    way = gr.Radio(choices=names, value=OWN, visible=own != "rgb")
    # Nothing is compared with itself.
    return [*(drawn[name] for name in RESULT), "", way, gr.Radio(value="adamml") if own == "rgb" else gr.skip()]


async def run_rivals(shown: ViewState | None, request: gr.Request) -> AsyncIterator[list[Any]]:
    """Looking only, and everything, on the clip that has just been analyzed; kept until `with_rivals` shows them.

    In the background: what the visitor asks for meanwhile comes first, and then this goes on from what is remembered.
    """
    if shown is None or not shown.base.clip.has_video or (shown.rgb is not None and shown.everything is not None):
        yield [None, ""]
        return
    token, found = shown.key.token, None
    if token in _RUNNING:  # the switch above the answer asks for them, too
        yield [gr.skip(), gr.skip()]
        return
    _RUNNING.add(token)
    try:
        while found is None:
            runs = actions.rivals(shown)
            async with served(ANALYSES, request, runs, _rivals_wait, background=True) as steps:
                async for share, message, found in steps:
                    said = "" if found else status_line.progress(share, f"For comparison, {message}")
                    yield [(shown.key, found) if found else None, said]
    except (adamml.ClipError, BusyError) as error:
        yield [None, status_line.problem(str(error))]
    except Exception as error:
        yield [None, status_line.problem(failed("running the rivals", error))]
    finally:
        _RUNNING.discard(token)


def _rivals_wait(ahead: int) -> tuple[float, str, None]:
    said = status_line.waiting_words(ahead)
    return 0.0, said[0].lower() + said[1:], None


def with_rivals(shown: ViewState | None, found: tuple[Any, dict[str, Analysis]] | None) -> list[Any]:
    """What has changed meanwhile still stands: the rivals are added to what is shown by now."""
    if shown is None or found is None or shown.key != found[0]:
        return [gr.skip()] * 5
    now = actions.with_rivals(shown, found[1])
    drawn = panels.redraw(now)
    return [now, *(drawn[name] for name in ("answer", "timeline", "savings", "seconds"))]


async def make_preview(path: str | None, clip: service.Chosen | None, request: gr.Request) -> Any:
    """What the browser plays instead of a file that it cannot play; nothing for one that was refused."""
    if clip is None or clip.path != path:
        return gr.skip()
    began = MOVES.last(request)
    made = await asyncio.to_thread(preview, path, clip.part)
    remark = "Your browser cannot play this file, so this is a lighter copy of it. The file itself was analyzed."
    return gr.skip() if made is None or MOVES.last(request) != began else player(made, remark)


async def as_linked(shown: ViewState | None, wanted: link.Link | None, request: gr.Request) -> AsyncIterator[list[Any]]:
    """What a link switched, and what it compared, once: after the analysis that it asked for."""
    if shown is None or wanted is None or not wanted.fits(shown):
        yield [*action_events.same(), gr.skip(), None]
        return
    began = MOVES.last(request)
    with at_hand(ANALYSES, request):
        moved = await action_events.played(shown, lambda was: link.apply(was, wanted))
    if MOVES.last(request) != began:
        yield [*action_events.same(), gr.skip(), None]
        return
    yield [*moved, gr.skip(), None]
    if wanted.pair:
        now = moved[0] if isinstance(moved[0], ViewState) else shown
        async for html in compare_ways(now, *wanted.pair, request):
            yield [*action_events.same(), html, None]


async def compare_ways(shown: ViewState | None, left: str, right: str, request: gr.Request) -> AsyncIterator[str]:
    if shown is None:
        yield status_line.problem("Choose a clip first.")
        return
    began = MOVES.last(request)
    try:
        pairs = actions.compare(shown, left, right)
        async with served(ANALYSES, request, pairs, lambda n: (0.0, status_line.waiting_words(n), None)) as steps:
            async for share, message, pair in steps:
                if MOVES.last(request) != began:
                    return
                yield compare.comparison(pair) if pair else status_line.progress(share, f"{message} ({percent(share)})")
    except (adamml.ClipError, BusyError) as error:
        yield status_line.problem(str(error))
    except Exception as error:
        yield status_line.problem(failed("a comparison", error))


def cancelled(shown: ViewState | None, begun: service.Begun | None, compared: str | None) -> list[Any]:
    """All that is there stays, also of an analysis on its way, which can be continued."""
    pair = "" if "is-running" in (compared or "") else gr.skip()
    return [status_line.cancelled(begun if shown is None else None), "", pair]
