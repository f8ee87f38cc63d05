"""The page: what stands where. `events` says what happens when; `panels` what is shown.

One screen: the question, what the policy is, the clip above its timeline, beside them the answer and what it saved.
Below: an opened segment, what if, costs, the comparison of other policies, details, what the model knows, options.
A recorded example fills all of it before anybody has done anything.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

import adamml
from app import (
    api,
    arriving,
    details,
    drawing,
    examples,
    export_panel,
    live,
    live_panel,
    panels,
    recorded,
    service,
    status_line,
    tour,
    uploads,
    words,
)
from app.events import connect
from app.known import known
from app.part_chooser import chooser
from app.player import player
from app.view_state import BOTH, OWN, RGB

HERE = Path(__file__).parent
QUESTION = "When does a model need to look, and when is listening enough?"
SENTENCE = (
    "Segment by segment, a small policy picks the picture, the sound, both or neither, so that little has to be run."
)
# Named one by one beside the families: browsers know few of the less common ones by family.
FILE_TYPES = ["video/*", "audio/*", *adamml.FILE_SUFFIXES]

_WAYS = """<button type="button" class="small-button is-primary" id="upload">Analyze your own clip</button>
<input type="file" hidden aria-label="Your clip" data-longest="{longest:.3f}" data-most-bytes="{bytes}">
<button type="button" class="small-button" data-record>Record</button>
<button type="button" class="small-button" data-live aria-expanded="false" aria-controls="live-card">Live</button>
<div class="record-box" hidden><video muted autoplay playsinline aria-label="Camera"></video></div>
<p class="record-say" role="status"></p>"""

_HOW_TO_READ = """<details class="how"><summary>How to read this</summary><ul>
<li><b>Blue is picture, orange is sound.</b> A solid frame was run, a dashed one with a slash was skipped, hatching
means that the clip has nothing there or that nobody looked.</li>
<li><b>The small bar</b> below a cell is how much the policy wanted it. Beyond the mark in its middle, it runs.</li>
<li><b>Heard</b> names sounds, where the model can. Each has a score from 0 to 1 by itself, so they do not sum to 1.
Such a model decides by what it hears: sound that is skipped was heard, but does not count in the answer.</li>
<li><b>Answer</b> is what a segment says by itself. <b>Scores</b> has a line for each leading class, from 0 to 1, with a
gap wherever nothing ran.</li>
<li><b>Compute</b> is counted in multiply-accumulates (MACs; one is two FLOPs). Deciding costs something too, and where
the policy picks the picture nearly everywhere it costs more than it saves: then the page says so.</li>
<li><b>Seconds</b> are measured. They never share a scale with MACs.</li></ul></details>"""


@dataclass(kw_only=True)
class Parts:
    """Every component that something happens to, by name."""

    source: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    offers: list[tuple[gr.Button, examples.Offer]] = field(default_factory=list)


def build(*, addresses: bool = False) -> gr.Blocks:
    """The page, ready to launch. Its endpoints for programs may take addresses of clips."""
    example = recorded.load()
    start = panels.draw(example.shown) if example else {}
    parts = Parts()
    with gr.Blocks(title="AdaMML Studio", delete_cache=(600, 3600), analytics_enabled=False) as page:
        state = gr.State(example.shown if example else None, time_to_live=3600)
        head = f'<div class="head"><h1>{QUESTION}</h1><p>{SENTENCE}</p>{_HOW_TO_READ}{tour.button()}</div>'
        scripts = _script("connection.js", "press.js", "tour.js")
        gr.HTML(head, elem_id="head", js_on_load=scripts, apply_default_css=False)
        gr.HTML(drawing.drawing(), elem_id="drawing", js_on_load=_script("drawing.js"), apply_default_css=False)
        with gr.Row(elem_id="screen"):
            with gr.Column(elem_id="source-card", elem_classes="card"):
                _source(parts, example)
            with gr.Column(elem_id="timeline-card", elem_classes="card"):
                _html(parts, "board", start)
                _html(parts, "timeline", start, "timeline.js")
            with gr.Column(elem_id="side"):
                with gr.Column(elem_id="answer-card", elem_classes="card"):
                    _way(parts)
                    _html(parts, "answer", start, "feedback.js")
                with gr.Column(elem_id="savings-card", elem_classes="card"):
                    _title("What it saved")
                    _html(parts, "savings", start, "charts.js")
                    _html(parts, "budget", start, "budget_panel.js")
                    _html(parts, "rivals", start)
        _html(parts, "notes", start)
        with gr.Column(elem_id="opened-card", elem_classes="card"):
            _html(parts, "opened", start, "segment_panel.js")
        _results(parts, start)
        with gr.Row(elem_id="more", equal_height=False):
            with gr.Column(elem_id="known-card", elem_classes="card"):
                _model(parts)
                _html(parts, "known", {"known": _known()}, "known.js")
            with gr.Column(elem_id="options-card", elem_classes="card"):
                _options(parts)
        with gr.Column(elem_id="live-card", elem_classes="card"):
            camera = gr.HTML(live_panel.PANEL, elem_id="live", js_on_load=_script("live.js"), apply_default_css=False)
            _html(parts, "live-shown", {}, "live_shown.js")
        connect(page, parts, state)
        live.connect(camera, parts.shown["live-shown"], parts.source["model"])
        uploads.connect(page, parts.source["chosen"])
        api.endpoints(addresses=addresses)
    return page


def _script(*names: str) -> str:
    """Scripts that run one after the other, each with names of its own."""
    return "\n".join(f"{{\n{(HERE / name).read_text(encoding='utf-8')}\n}}" for name in names)


def _way(parts: Parts) -> None:
    """The switch above the answer: the policy's own result, looking only, or both."""
    parts.source["way"] = gr.Radio(
        [("AdaMML", OWN), ("RGB only", RGB), ("both", BOTH)],
        value=OWN,
        show_label=False,
        label="Whose answer",
        container=False,
        elem_id="way",
    )


def _known() -> str:
    card = service.models.card()
    return known(card) if card else status_line.problem(service.NO_MODEL)


def _model(parts: Parts) -> None:
    """Which of the installed models answers; no question where there is only one."""
    cards = service.models.cards()
    parts.source["model"] = gr.Radio(
        choices=[
            (f"{card.name} ({words.count(len(card.classes), words.noun(card.classes))})", name)
            for name, card in cards.items()
        ],
        value=next(iter(cards), None),
        label="Model",
        visible=len(cards) > 1,
        elem_id="model-choice",
    )


def _html(parts: Parts, name: str, start: dict[str, Any], script: str = "") -> None:
    code = _script(script) if script else None
    parts.shown[name] = gr.HTML(start.get(name, ""), elem_id=name, js_on_load=code, apply_default_css=False)


def _source(parts: Parts, example: recorded.Recorded | None) -> None:
    """The clip, and every way to bring another one."""
    banner, clip = "", ""
    if example:
        banner = panels.banner(f"Recorded example: {example.shown.title}", example.about)
        clip = player(example.shown.key.path)
    source = parts.source
    with gr.Row(elem_id="ways"):
        ways = _WAYS.format(longest=service.longest(), bytes=adamml.PROFILES[service.profile()].max_bytes)
        script = _script("source.js").replace("ACCEPT", ",".join(FILE_TYPES))
        source["arrived"] = gr.HTML(ways, elem_id="record", js_on_load=script, apply_default_css=False)
        source["cancel"] = gr.Button("Cancel", elem_id="cancel", size="md", min_width=80)
        source["continue"] = gr.Button("Continue", elem_id="continue", size="md", min_width=80)
        _examples(parts)
    _html(parts, "status", {})
    _html(parts, "banner", {"banner": banner})
    gr.HTML(arriving.INCOMING, elem_id="incoming", apply_default_css=False)
    gr.HTML(arriving.LOST, elem_id="lost", apply_default_css=False)
    _html(parts, "part", {"part": chooser()}, "part_chooser.js")
    _html(parts, "player", {"player": clip})
    # Hidden by the style sheet and not by Gradio, which does not wait for what is hidden before it follows a link: the
    # link's clip would then be chosen twice, and the second analysis would undo what the link had switched.
    source["chosen"] = gr.File(label="Clip", elem_id="chosen")


def _options(parts: Parts) -> None:
    """What is taken, and how the next analysis is made."""
    source = parts.source
    gr.HTML(
        f'<p class="remark">Video or sound, {service.limits()}. You can also drop a file anywhere on this page. '
        "It is deleted when you close the tab.</p>",
        elem_id="limits",
        apply_default_css=False,
    )
    with gr.Accordion("Options", open=False, elem_id="options"):
        source["policy"] = gr.Radio(
            choices=details.ways(service.policies(), about=True),
            value="adamml",
            label="Who picks, in this clip",
            elem_id="policy",
        )
        source["threshold"] = gr.Slider(
            0,
            1,
            value=service.OWN_THRESHOLD,
            step=0.01,
            label="Threshold of a learned policy: it runs what it wants at least this much (by itself 0.5)",
            elem_id="threshold",
        )
        source["segments"] = gr.Slider(
            1, service.max_segments(), value=10, step=1, label="Segments, spread over the clip", elem_id="segments"
        )
        source["spacing"] = gr.Radio(
            choices=[("as many as above", 0), ("1 s", 1), ("2 s", 2), ("5 s", 5), ("10 s", 10)],
            value=0,
            label="Or one segment every",
            elem_id="spacing",
        )
        source["again"] = gr.Button("Analyze again", elem_id="again", size="md", min_width=140)


def _examples(parts: Parts) -> None:
    """Clips to try at once, and real ones that are fetched when pressed; those of the chosen model are seen."""
    cards = list(service.models.cards().values())
    offered = examples.all_offers(card.name for card in cards)
    if not offered:
        return
    seen = examples.offers(cards[0].name if cards else None)
    with gr.Row(elem_id="examples"):
        gr.HTML("<p>Try one:</p>", elem_id="examples-label", apply_default_css=False)
        for offer in offered:
            button = gr.Button(offer.button, size="sm", min_width=60, elem_classes="example", visible=offer in seen)
            parts.offers.append((button, offer))


def _results(parts: Parts, start: dict[str, Any]) -> None:
    """Everything below the answer."""
    shown = parts.shown
    # Hidden by the style sheet: what Gradio hides it takes off the page, and keeps in the browser's memory.
    with gr.Column(elem_id="results"):
        with gr.Column(elem_classes="card", elem_id="whatif-card"):
            _title(
                "What if?",
                "Switch any cell above, or move the budget under what it saved. Only what is new is computed.",
            )
            _html(parts, "whatif", start, "whatif.js")
        with gr.Row(elem_id="costs-row", equal_height=True):
            with gr.Column(scale=7, min_width=300, elem_classes="card"):
                _title("What it cost")
                _html(parts, "costs", start)
            with gr.Column(scale=5, min_width=300, elem_classes="card"):
                _title("How long it took")
                _html(parts, "seconds", start)
        with gr.Column(elem_classes="card", elem_id="compare-card"):
            with gr.Accordion("Compare other policies", open=False, elem_id="compare-more"):
                gr.HTML("<p class='remark'>Two ways of choosing on the same clip. Both really run.</p>")
                _choices(parts)
            _html(parts, "compared", {})
        with gr.Column(elem_classes="card", elem_id="takeaway"):
            _title("Take it away", "What is shown above, with everything that you switched.")
            shown["take"] = export_panel.panel()
        with gr.Column(elem_classes="card", elem_id="details-card"):
            _title("Details")
            _html(parts, "model", start)


def _choices(parts: Parts) -> None:
    names = details.ways(service.policies())
    with gr.Row(elem_id="pair", equal_height=False):
        parts.source["left"] = gr.Radio([details.SHOWN, *names], value="shown", label="This", elem_id="left")
        parts.source["right"] = gr.Radio(names, value="rgb", label="against this", elem_id="right")
        parts.source["compare"] = gr.Button("Compare", elem_id="compare", size="md", min_width=120)


def _title(text: str, remark: str = "") -> None:
    line = f"<p>{remark}</p>" if remark else ""
    gr.HTML(f'<div class="card-head"><h2>{text}</h2>{line}</div>', apply_default_css=False)
