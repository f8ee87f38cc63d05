"""What happens when: every event of the page, each with what it needs and what it changes."""

from functools import partial
from typing import Any

import gradio as gr

from app import action_events, analyzing, choosing, export_panel
from app.fair_queue import MANY
from app.moves import MOVES


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
    # The part of a clip that the browser asked for with it.
    asked = gr.State(None)
    # The last clip that was not refused: the one that is shown.
    accepted = gr.State(None)
    form = [accepted, *(source[name] for name in ("policy", "segments", "spacing", "model", "threshold")), begun]
    ways = [source[name] for name in ("policy", "left", "right")]
    buttons, offers = [button for button, _ in parts.offers], [offer for _, offer in parts.offers]
    # What another model changes: what it knows, its ways of choosing, its examples.
    by_model = [shown["known"], *ways, *buttons]
    followed = [source[name] for name in ("chosen", "segments", "spacing", "model", "threshold")]

    def follow(request: gr.Request) -> list[Any]:
        copied = source["chosen"].move_resource_to_block_cache
        return choosing.follow(offers, dict(request.query_params), copied)

    page.load(follow, outputs=[*followed, asked, wanted, shown["status"], *by_model], **quiet)

    # A clip is chosen, whichever way (see the end).
    picked = source["chosen"].change(
        analyzing.picked,
        [source["chosen"], asked],
        [
            *named("banner", "player", "status", "answer", "timeline", "opened", "savings", "part", "budget"),
            state,
            begun,
            accepted,
            shown["board"],
        ],
        concurrency_id="look",
        concurrency_limit=2,
        **quiet,
    )
    growing = ("status", "answer", "board", "timeline")
    outputs = [*named(*growing), state, begun]
    analysis: dict[str, Any] = {"concurrency_id": "analysis", "concurrency_limit": MANY, **quiet}
    last: dict[str, Any] = {"trigger_mode": "always_last", **analysis}
    first = picked.success(analyzing.analyze_if_accepted, [source["chosen"], *form], outputs, **last)
    again = gr.on([source["again"].click, source["continue"].click], analyzing.analyze_clip, form, outputs, **analysis)
    # When another model has been chosen (see the end), it judges the clip that is there.
    judging = gr.State(0)
    anew = judging.change(analyzing.analyze_if_accepted, [accepted, *form], outputs, **last)
    changing = [state, *named(*action_events.CHANGED, "answer", "status")]
    fresh = [*named(*analyzing.RESULT, "compared"), source["way"], source["right"]]
    # A run that was called back ends as well. Where the next one ends while that is still being drawn, drawing begins
    # anew; otherwise Gradio would pass over the end of the run that counts.
    finished = [
        run.success(analyzing.finished, state, fresh, trigger_mode="always_last", **quiet)
        for run in (first, again, anew)
    ]
    # Looking only and everything run once the answer is there, so that it is never waited for on their account.
    rivals = gr.State(None)
    changed = [state, *named("answer", "timeline", "savings", "seconds")]
    flip = source["way"].input(
        action_events.flip, [state, source["way"]], changing, concurrency_id="play", trigger_mode="always_last", **quiet
    )
    beside = [
        done.success(analyzing.run_rivals, state, [rivals, shown["rivals"]], **analysis) for done in (*finished, flip)
    ]
    for run in beside:
        run.success(analyzing.with_rivals, [state, rivals], changed, **quiet)
    linked = finished[0].success(
        analyzing.as_linked,
        [state, wanted],
        [*changing, shown["compared"], wanted],
        concurrency_id="play",
        trigger_mode="always_last",
        **quiet,
    )
    # Always the last one, too: the next clip may come while the preview of the one before is being made.
    picked.success(
        analyzing.make_preview,
        [source["chosen"], accepted],
        shown["player"],
        concurrency_id="preview",
        concurrency_limit=1,
        trigger_mode="always_last",
        **quiet,
    )

    play_runs = action_events.connect(shown, state, changing, analysis)
    compared = source["compare"].click(
        analyzing.compare_ways, [state, source["left"], source["right"]], named("compared"), **analysis
    )

    # An example that has to be fetched first becomes the clip once it is here.
    fetching = [
        button.click(
            choosing.fetcher(offer.source),
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
        analyzing.cancelled,
        [state, begun, shown["compared"]],
        named("status", "rivals", "compared"),
        queue=False,
        **quiet,
    )
    # Another clip, from the button, an example, a drop or a recording, ends what still runs for the one before.
    source["arrived"].arrived(None, cancels=everything, **quiet)
    # A new clip is judged by the usual policy: one that was tried on the clip before would go unnoticed.
    chosen = [*(source[name] for name in ("chosen", "policy", "threshold")), asked]
    # Two files in a row: the second is not lost while the first is handed over.
    source["arrived"].arrived(
        choosing.arrived, source["model"], [*chosen, shown["status"]], queue=False, trigger_mode="always_last", **quiet
    )
    for button, offer in parts.offers:
        button.click(None, cancels=everything if offer.source is None else running, **quiet)
        if offer.source is None:
            button.click(partial(choosing.example, str(offer.path)), source["model"], chosen, queue=False, **quiet)
    # Calling back takes the runs one after the other, each with a request. By the time that it comes to the last of
    # them this very press may have begun a new one, so the kind that it begins is called back first.
    source["model"].input(None, cancels=[anew, *(run for run in everything if run is not anew)], **quiet)

    def other_model(
        model: str | None, judged: int, policy: str, left: str, right: str, request: gr.Request
    ) -> list[Any]:
        MOVES.move(request)
        return choosing.other_model(offers, model, judged, policy, left, right)

    source["model"].input(
        other_model,
        [source["model"], judging, *ways],
        [judging, *by_model],
        **quiet,  # in the queue: of what is answered outside it, browsers do not hear that a state has changed
    )
    export_panel.connect(shown["take"], state, source, shown["compared"])
