"""What happens when: every event of the page, each with what it needs and what it changes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

import adamml
from adamml import Analysis
from app import action_events, actions, arriving, compare, details, examples, export_panel, link, panels, service, words
from app.cancellation import in_thread, served
from app.error_log import failed
from app.fair_queue import ANALYSES, MANY, BusyError
from app.fetching import fetched
from app.known import known
from app.moves import MOVES
from app.player import player, preview
from app.view_state import BOTH, OWN, RGB, ViewState
from app.words import percent

_RESULT = ("answer", "results", "notes", "board", "rivals", *action_events.CHANGED, "model")
_DRAWN = 7  # what a step of an analysis changes, see `_drawn`


def connect(page: gr.Blocks, parts: Any, state: gr.State) -> None:
    """Connect all events. `parts` is `app.page.Parts`."""
    shown, source = parts.shown, parts.source

    def named(*names: str) -> list[Any]:
        return [shown[name] for name in names]

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

    # A link brings an example and its settings; what it switched follows when the example is analyzed.
    wanted = gr.State(None)
    # `begun` is the analysis on its way, or where Cancel left it.
    begun = gr.State(None)
    form = [*(source[name] for name in ("chosen", "policy", "segments", "spacing", "model")), begun]
    ways = [source[name] for name in ("policy", "left", "right")]
    buttons, offers = [button for button, _ in parts.offers], [offer for _, offer in parts.offers]
    # What another model changes: what it knows, its ways of choosing, its examples.
    by_model = [shown["known"], *ways, *buttons]
    followed = [source[name] for name in ("chosen", "segments", "spacing", "model")]

    def follow(request: gr.Request) -> list[Any]:
        return _follow(offers, dict(request.query_params))

    page.load(follow, outputs=[*followed, wanted, shown["status"], *by_model], **quiet)

    # A clip is chosen, whichever way (see the end).
    picked = source["chosen"].change(
        _picked,
        source["chosen"],
        [*named("banner", "player", "status", "results", "answer", "timeline", "opened", "savings"), state, begun],
        concurrency_id="look",
        concurrency_limit=2,
        **quiet,
    )
    growing = ("status", "answer", "results", "board", "timeline")
    outputs = [*named(*growing), state, begun]
    analysis: dict[str, Any] = {"concurrency_id": "analysis", "concurrency_limit": MANY, **quiet}
    last: dict[str, Any] = {"trigger_mode": "always_last", **analysis}
    first = picked.success(_analyze, form, outputs, **last)
    again = gr.on([source["again"].click, source["continue"].click], _analyze, form, outputs, **analysis)
    # When another model has been chosen (see the end), it judges the clip that is there.
    judging = gr.State(0)
    anew = judging.change(_analyze_chosen, form, outputs, **last)
    changing = [state, *named(*action_events.CHANGED, "answer", "status")]
    fresh = [*named(*_RESULT, "compared"), source["way"], source["right"]]
    # A run that was called back ends as well. Where the next one ends while that is still being drawn, drawing begins
    # anew; otherwise Gradio would pass over the end of the run that counts.
    finished = [
        run.success(_finished, state, fresh, trigger_mode="always_last", **quiet) for run in (first, again, anew)
    ]
    # Looking only and everything run once the answer is there, so that it is never waited for on their account.
    rivals = gr.State(None)
    changed = [state, *named("answer", "timeline", "savings", "seconds")]
    flip = source["way"].input(
        action_events.flip, [state, source["way"]], changing, concurrency_id="play", trigger_mode="always_last", **quiet
    )
    beside = [done.success(_rivals, state, [rivals, shown["rivals"]], **analysis) for done in (*finished, flip)]
    for run in beside:
        run.success(_with_rivals, [state, rivals], changed, **quiet)
    linked = finished[0].success(
        _as_linked,
        [state, wanted],
        [*changing, shown["compared"], wanted],
        concurrency_id="play",
        trigger_mode="always_last",
        **quiet,
    )
    # Always the last one, too: the next clip may come while the preview of the one before is being made.
    picked.success(
        _preview,
        source["chosen"],
        shown["player"],
        concurrency_id="preview",
        concurrency_limit=1,
        trigger_mode="always_last",
        **quiet,
    )

    play_runs = action_events.connect(shown, state, changing, analysis)
    compared = source["compare"].click(
        _compare, [state, source["left"], source["right"]], named("compared"), **analysis
    )

    # An example that has to be fetched first becomes the clip once it is here.
    fetching = [
        button.click(
            _fetcher(offer.source),
            outputs=[source["chosen"], shown["status"], button],
            concurrency_id="fetch",
            concurrency_limit=4,
            trigger_mode="once",
            **quiet,
        )
        for button, offer in parts.offers
        if offer.source is not None
    ]

    # Cancel stands before what else its press does: Gradio takes the events of a press one after the other, and what
    # it cancels must be the run of before, never one that the same press has just begun.
    running = [first, again, anew, compared, linked, *beside, *play_runs]
    everything = [*running, *fetching]
    source["cancel"].click(None, cancels=everything, **quiet)
    source["cancel"].click(
        _cancelled,
        [state, begun, shown["compared"]],
        named("status", "rivals", "compared"),
        queue=False,
        **quiet,
    )
    # Another clip, from the button, an example, a drop or a recording, ends what still runs for the one before.
    source["arrived"].arrived(None, cancels=everything, **quiet)
    # A new clip is judged by the usual policy: one that was tried on the clip before would go unnoticed.
    chosen = [source["chosen"], source["policy"]]
    # Two files in a row: the second is not lost while the first is handed over.
    source["arrived"].arrived(_arrived, source["model"], chosen, queue=False, trigger_mode="always_last", **quiet)
    for button, offer in parts.offers:
        button.click(None, cancels=everything if offer.source is None else running, **quiet)
        if offer.source is None:
            button.click(partial(_example, str(offer.path)), source["model"], chosen, queue=False, **quiet)
    # Calling back takes the runs one after the other, each with a request. By the time that it comes to the last of
    # them this very press may have begun a new one, so the kind that it begins is called back first.
    source["model"].input(None, cancels=[anew, *(run for run in everything if run is not anew)], **quiet)

    def other_model(
        model: str | None, judged: int, policy: str, left: str, right: str, request: gr.Request
    ) -> list[Any]:
        MOVES.move(request)
        return _other_model(offers, model, judged, policy, left, right)

    source["model"].input(
        other_model,
        [source["model"], judging, *ways],
        [judging, *by_model],
        **quiet,  # in the queue: of what is answered outside it, browsers do not hear that a state has changed
    )
    export_panel.connect(shown["take"], state, source, shown["compared"])


def _follow(offers: list[examples.Offer], query: dict[str, str]) -> list[Any]:
    """The example and the settings of the page's link, if it has one; and which examples are here by now."""
    # Which examples are seen stays as it is: a visitor may have chosen another model before this answer comes.
    skipped, buttons = [gr.skip()] * 4, [gr.Button(offer.button) for offer in offers]
    try:
        asked = link.read(query)
    except link.LinkError as error:
        said = service.problem(f"{error} Here is the page as usual.")
        return [*skipped, None, said, *skipped, *buttons]
    if asked is None:
        return [*skipped, None, gr.skip(), *skipped, *buttons]
    pair = asked.pair or ("shown", "rgb")
    return [
        *(str(asked.clip), asked.segments, 0, asked.model, asked, gr.skip()),
        *_of_model(offers, asked.model, asked.policy, *pair),
    ]


def _usual(model: str | None) -> str:
    """The policy of this page, where the model can run it."""
    return "adamml" if "adamml" in service.policies(model) else "rgb"


def _arrived(model: str | None, data: gr.EventData) -> list[Any]:
    """What the browser has uploaded (see `source.js`)."""
    path = arriving.uploaded(data._data)
    return [gr.skip(), gr.skip()] if path is None else [path, _usual(model)]


def _example(path: str, model: str | None) -> list[str]:
    return [path, _usual(model)]


def _picked(path: str | None, request: gr.Request) -> list[Any]:
    """Show the clip, or say why it is refused; then all that is shown of the one before stays."""
    usable, line = service.look_over(path)
    if not path or not usable:
        return [gr.skip(), gr.skip(), line, *[gr.skip()] * 7]
    MOVES.move(request, path)
    title = panels.banner(Path(path).name, "Analyzed here, just now.")
    status = service.progress(0.0, "Waiting for a free place", begun=False)
    return [title, player(path), status, gr.Column(visible=False), panels.waiting(), "", "", "", None, None]


async def _analyze(
    path: str | None,
    policy: str,
    segments: float,
    spacing: float,
    model: str | None,
    begun: service.Begun | None,
    request: gr.Request,
) -> AsyncIterator[list[Any]]:
    """Run the policy, showing every step; can be cancelled at any moment."""
    if not path:
        yield [service.problem("Choose a clip first."), *[gr.skip()] * (_DRAWN - 1)]
        return
    usable, refusal = service.look_over(path)
    if not usable:  # as when it was picked, see `_picked`: all that is shown of the clip before stays
        yield [refusal, *[gr.skip()] * (_DRAWN - 1)]
        return

    def waiting(ahead: int) -> service.Step:
        return service.Step(status=service.waiting(ahead))

    began = MOVES.last(request)
    try:
        run = service.steps(path, policy, segments, spacing, model, begun)
        async with served(ANALYSES, request, run, waiting) as steps:
            async for step in steps:
                if MOVES.last(request) != began:
                    return
                yield _drawn(step)
    except BusyError as error:
        yield _drawn(service.Step(status=service.problem(str(error)), failed=True))


def _drawn(step: service.Step) -> list[Any]:
    """What a step changes on the page."""
    drawn = panels.growing(step.view) if step.view else {}
    board = gr.skip() if step.board is None else panels.thumbnails(step.board)
    column = gr.Column(visible=not step.failed) if step.view or step.failed else gr.skip()
    answer = "" if step.failed else drawn.get("answer", gr.skip())
    timeline = drawn.get("timeline", gr.skip())
    result = step.shown if step.shown or step.failed else gr.skip()
    now = None if step.shown or step.failed else step.begun or gr.skip()
    return [step.status, answer, column, board, timeline, result, now]


async def _analyze_chosen(
    path: str | None,
    policy: str,
    segments: float,
    spacing: float,
    model: str | None,
    begun: service.Begun | None,
    request: gr.Request,
) -> AsyncIterator[list[Any]]:
    """The same for the clip that is there; nothing while there is none but the recorded example."""
    if not path:
        yield [gr.skip()] * _DRAWN
        return
    async for changes in _analyze(path, policy, segments, spacing, model, begun, request):
        yield changes


def _other_model(
    offers: list[examples.Offer], model: str | None, judged: int, policy: str, left: str, right: str
) -> list[Any]:
    """Another model is loaded, shows what it has to say of itself, and judges the clip that is there."""
    service.load_in_background(model)
    return [judged + 1, *_of_model(offers, model, policy, left, right)]


def _of_model(offers: list[examples.Offer], model: str | None, policy: str, left: str, right: str) -> list[Any]:
    """What a model knows, the ways of choosing that it can run, and its examples."""
    card, able = service.models.card(model), service.policies(model)
    left, right = left if left == "shown" or left in able else "shown", right if right in able else "rgb"
    return [
        known(card) if card else service.problem(service.NO_MODEL),
        gr.Radio(choices=details.ways(able, about=True), value=policy if policy in able else "rgb"),
        gr.Radio(choices=[details.SHOWN, *details.ways(able)], value=left),
        gr.Radio(choices=details.ways(able), value=right),
        *_buttons(offers, model),
    ]


def _buttons(offers: list[examples.Offer], model: str | None) -> list[Any]:
    """Which examples are seen, and what their buttons say: what was fetched meanwhile is here."""
    card = service.models.card(model)
    seen = {offer.name for offer in examples.offers(card.name if card else None)}
    return [gr.Button(offer.button, visible=offer.name in seen) for offer in offers]


def _fetcher(example: adamml.Example) -> Callable[[], AsyncIterator[list[Any]]]:
    """The handler of a button whose clip does not come along: fetched, unless it is here, and chosen like any other."""

    async def fetch() -> AsyncIterator[list[Any]]:
        async with aclosing(in_thread(fetched(example))) as steps:
            async for status, path in steps:
                yield [path or gr.skip(), status, gr.Button(example.title) if path else gr.skip()]

    return fetch


def _finished(shown: ViewState | None) -> list[Any]:
    """All panels of a fresh result; the comparison waits to be asked for.

    Nothing after a run that was called back: another one may be showing its first results by now.
    """
    if shown is None:
        return [gr.skip()] * (len(_RESULT) + 3)
    drawn = panels.draw(shown) | {"results": gr.Column(visible=True)}
    own = shown.base.policy
    names = [(words.policy(own), OWN), ("RGB only", RGB), ("both", BOTH)]
    way = gr.Radio(choices=names, value=OWN, visible=own != "rgb")
    # Nothing is compared with itself.
    return [*(drawn[name] for name in _RESULT), "", way, gr.Radio(value="adamml") if own == "rgb" else gr.skip()]


async def _rivals(shown: ViewState | None, request: gr.Request) -> AsyncIterator[list[Any]]:
    """Looking only, and everything, on the clip that has just been analyzed; kept until `_with_rivals` shows them."""
    if shown is None or not shown.base.clip.has_video or (shown.rgb is not None and shown.everything is not None):
        yield [None, ""]
        return
    try:
        runs = actions.rivals(shown)
        async with served(ANALYSES, request, runs, lambda n: (0.0, service.waiting_words(n), None)) as steps:
            async for share, message, found in steps:
                said = "" if found else service.progress(share, f"For comparison, {message}")
                yield [(shown.key, found) if found else None, said]
    except (adamml.ClipError, BusyError) as error:
        yield [None, service.problem(str(error))]
    except Exception as error:
        yield [None, service.problem(failed("running the rivals", error))]


def _with_rivals(shown: ViewState | None, found: tuple[Any, dict[str, Analysis]] | None) -> list[Any]:
    """What has changed meanwhile still stands: the rivals are added to what is shown by now."""
    if shown is None or found is None or shown.key != found[0]:
        return [gr.skip()] * 5
    now = actions.with_rivals(shown, found[1])
    drawn = panels.redraw(now)
    return [now, *(drawn[name] for name in ("answer", "timeline", "savings", "seconds"))]


async def _preview(path: str | None, request: gr.Request) -> Any:
    began = MOVES.last(request)
    made = await asyncio.to_thread(preview, path)
    remark = "Your browser cannot play this file, so this is a lighter copy of it. The file itself was analyzed."
    return gr.skip() if made is None or MOVES.last(request) != began else player(made, remark)


async def _as_linked(
    shown: ViewState | None, wanted: link.Link | None, request: gr.Request
) -> AsyncIterator[list[Any]]:
    """What a link switched, and what it compared, once: after the analysis that it asked for."""
    if shown is None or wanted is None or not wanted.fits(shown):
        yield [*action_events.same(), gr.skip(), None]
        return
    began = MOVES.last(request)
    moved = await action_events.played(shown, lambda was: link.apply(was, wanted))
    if MOVES.last(request) != began:
        yield [*action_events.same(), gr.skip(), None]
        return
    yield [*moved, gr.skip(), None]
    if wanted.pair:
        now = moved[0] if isinstance(moved[0], ViewState) else shown
        async for html in _compare(now, *wanted.pair, request):
            yield [*action_events.same(), html, None]


async def _compare(shown: ViewState | None, left: str, right: str, request: gr.Request) -> AsyncIterator[str]:
    if shown is None:
        yield service.problem("Choose a clip first.")
        return
    began = MOVES.last(request)
    try:
        pairs = actions.compare(shown, left, right)
        async with served(ANALYSES, request, pairs, lambda n: (0.0, service.waiting_words(n), None)) as steps:
            async for share, message, pair in steps:
                if MOVES.last(request) != began:
                    return
                yield compare.comparison(pair) if pair else service.progress(share, f"{message} ({percent(share)})")
    except (adamml.ClipError, BusyError) as error:
        yield service.problem(str(error))
    except Exception as error:
        yield service.problem(failed("a comparison", error))


def _cancelled(shown: ViewState | None, begun: service.Begun | None, compared: str | None) -> list[Any]:
    """All that is there stays, also of an analysis on its way, which can be continued."""
    pair = "" if "is-running" in (compared or "") else gr.skip()
    return [service.cancelled(begun if shown is None else None), "", pair]
