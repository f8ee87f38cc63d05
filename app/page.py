"""The page: what stands where. `events` says what happens when; `panels` what is shown.

From top to bottom: the question, the clip beside the answer, the timeline with an opened segment, what if, what it
cost, the comparison, details. A recorded example fills all of it before anybody has done anything.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

import adamml
from app import api, compare, details, examples, export_panel, panels, recorded, service, uploads, words
from app.events import connect
from app.known import known
from app.player import player

HERE = Path(__file__).parent
QUESTION = "When does a model need to look, and when is listening enough?"
SENTENCE = (
    "Segment by segment, a small policy picks the picture, the sound, both or neither, so that little has to be run."
)
# Named one by one beside the families: browsers know few of the less common ones by family.
FILE_TYPES = ["video", "audio", *adamml.FILE_SUFFIXES]

_RECORD = """<div class="record"><button type="button" class="small-button" data-record>Record</button>
<div class="record-box" hidden><video muted autoplay playsinline aria-label="Camera"></video></div>
<p class="record-say" role="status"></p></div>"""

_HOW_TO_READ = """<details class="how"><summary>How to read this</summary><ul>
<li><b>Blue is picture, orange is sound.</b> A solid frame was run, a dashed one with a slash was skipped, hatching
means that the clip has nothing there or that nobody looked.</li>
<li><b>The small bar</b> below a cell is how much the policy wanted it. Beyond the mark in its middle, it runs.</li>
<li><b>Heard</b> names sounds, where the model can. Each has a score from 0 to 1 by itself, so they do not sum to 1.
Such a model decides by what it hears: sound that is skipped was heard, but does not count in the answer.</li>
<li><b>Answer</b> is what a segment says by itself; <b>so far</b> is what the clip says up to there.</li>
<li><b>Compute</b> is counted in multiply-accumulates (MACs; one is two FLOPs). Deciding costs something too, and where
the policy picks the picture nearly everywhere it costs more than it saves: then the page says so.</li>
<li><b>Seconds</b> are measured. They never share a scale with MACs.</li></ul></details>"""


@dataclass(kw_only=True)
class Parts:
    """Every component that something happens to, by name."""

    source: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    offers: list[tuple[gr.Button, examples.Offer]] = field(default_factory=list)


def build() -> gr.Blocks:
    """The page, ready to launch."""
    example = recorded.load()
    start = panels.draw(example.shown) if example else {}
    parts = Parts()
    with gr.Blocks(title="AdaMML Studio", delete_cache=(600, 3600), analytics_enabled=False) as page:
        state = gr.State(example.shown if example else None, time_to_live=3600)
        head = f'<div class="head"><h1>{QUESTION}</h1><p>{SENTENCE}</p>{_HOW_TO_READ}</div>'
        press = (HERE / "press.js").read_text(encoding="utf-8")
        gr.HTML(head, elem_id="head", js_on_load=press, apply_default_css=False)
        with gr.Row(elem_id="top", equal_height=True):
            with gr.Column(scale=6, min_width=300, elem_id="source-card", elem_classes="card"):
                _source(parts, example)
            with gr.Column(scale=5, min_width=300, elem_id="side"):
                with gr.Column(elem_id="answer-card", elem_classes="card"):
                    _html(parts, "answer", start)
                with gr.Column(elem_id="known-card", elem_classes="card"):
                    _model(parts)
                    _html(parts, "known", {"known": _known()}, "known.js")
        _results(parts, start, example)
        connect(page, parts, state)
        uploads.connect(page, parts.source["chosen"])
        api.endpoints()
    return page


def _known() -> str:
    card = service.models.card()
    return known(card) if card else service.problem(service.NO_MODEL)


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
    code = (HERE / script).read_text(encoding="utf-8") if script else None
    parts.shown[name] = gr.HTML(start.get(name, ""), elem_id=name, js_on_load=code, apply_default_css=False)


def _source(parts: Parts, example: recorded.Recorded | None) -> None:
    """The clip, and every way to bring another one."""
    banner, clip = "", ""
    if example:
        banner = panels.banner(f"Recorded example: {example.shown.title}", example.about)
        clip = player(example.shown.key.path)
    _html(parts, "banner", {"banner": banner})
    _html(parts, "player", {"player": clip})
    source = parts.source
    with gr.Row(elem_id="ways"):
        source["upload"] = gr.UploadButton(
            "Analyse your own clip",
            file_types=FILE_TYPES,
            variant="primary",
            size="md",
            elem_id="upload",
            min_width=160,
        )
        script = (HERE / "source.js").read_text(encoding="utf-8")
        gr.HTML(_RECORD, elem_id="record", js_on_load=script, apply_default_css=False)
        source["cancel"] = gr.Button("Cancel", elem_id="cancel", size="md", min_width=80)
    gr.HTML(
        f'<p class="remark">Video or sound, {service.limits()}. You can also drop a file anywhere on this page.</p>',
        elem_id="limits",
        apply_default_css=False,
    )
    _html(parts, "status", {})
    _examples(parts)
    source["chosen"] = gr.File(visible="hidden", label="Clip", elem_id="chosen")
    with gr.Accordion("Options", open=False, elem_id="options"):
        source["policy"] = gr.Radio(
            choices=details.ways(service.policies(), about=True),
            value="adamml",
            label="Who picks",
            elem_id="policy",
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
        source["again"] = gr.Button("Analyse again", elem_id="again", size="md", min_width=140)


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


def _results(parts: Parts, start: dict[str, Any], example: recorded.Recorded | None) -> None:
    """Everything below the answer."""
    shown = parts.shown
    with gr.Column(visible=bool(start), elem_id="results") as shown["results"]:
        _html(parts, "notes", start)
        with gr.Column(elem_classes="card", elem_id="timeline-card"):
            _title("What it picked", "Press to jump there, drag to scrub, press an eye or a speaker to switch it.")
            _html(parts, "board", start)
            _html(parts, "timeline", start, "timeline.js")
            _html(parts, "opened", start, "segment_panel.js")
        with gr.Column(elem_classes="card", elem_id="whatif-card"):
            _title("What if?", "Switch any cell above, or move the budget. Only what was not run yet is run.")
            _html(parts, "whatif", start, "whatif.js")
        with gr.Row(elem_id="costs-row", equal_height=True):
            with gr.Column(scale=7, min_width=300, elem_classes="card"):
                _title("What it cost")
                _html(parts, "costs", start)
            with gr.Column(scale=5, min_width=300, elem_classes="card"):
                _title("How long it took")
                _html(parts, "seconds", start)
        with gr.Column(elem_classes="card", elem_id="compare-card"):
            _title("Compare", "Two ways of choosing on the same clip. Both really run.")
            _choices(parts)
            pair = compare.comparison(example.pair) if example else ""
            _html(parts, "compared", {"compared": pair})
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
