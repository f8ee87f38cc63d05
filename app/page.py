"""The page: what stands where, and what happens when.

`build` makes the layout and connects it; what is shown comes from `summary`, `timeline`, `figures` and `details`, and
what is run from `service`. State lives in one `gr.State` per visitor.
"""

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

import adamml
from app import details, figures, service, summary, words
from app.timeline import timeline

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "assets" / "examples"
QUESTION = "When does a model need to look, and when is listening enough?"
SENTENCE = (
    "Segment by segment, a small policy picks the picture, the sound, both or neither. Only what it picks is run."
)
# Named one by one beside the families: browsers know few of the less common ones by family.
FILE_TYPES = [
    *("video", "audio", ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".3gp", ".ts", ".gif"),
    *(".mp3", ".m4a", ".aac", ".wav", ".flac", ".ogg", ".oga", ".opus"),
]

_BEFORE = """<section class="before" aria-label="How it works"><h2>How it works</h2><ol>
<li><b>Cut.</b> The clip is cut into segments of about one second.</li>
<li><b>Glimpse.</b> A small network glances at tiny frames and at the sound of each segment, and decides what is worth
running.</li>
<li><b>Run.</b> Only what it picked goes through the large recognisers.</li></ol>
<p>You then see what was picked, what came out, and what that saved, or lost, against running everything.</p>
</section>"""

_HOW_TO_READ = """<details class="how"><summary>How to read this</summary><ul>
<li><b>A segment</b> is a stretch of about one second. Segments are spread evenly over the clip: in a long clip they
leave gaps that nobody examines, in a short one they overlap.</li>
<li><b>Picture</b> is blue and <b>sound</b> is orange. A solid frame means that the large recogniser ran, a dashed one
with a slash that it was skipped. The bar below a cell is how much the policy wanted it: beyond the mark in its middle,
it runs.</li>
<li><b>The answer</b> of a segment is its best class and how probable that is. The clip’s answer is the mean over all
segments in which something ran.</li>
<li><b>Compute</b> is counted in multiply-accumulates (MACs): one MAC is two floating-point operations (FLOPs). Deciding
costs something too and is always counted. Where the policy picks the picture nearly everywhere, it costs more than it
saves, and the page says so.</li>
<li><b>Seconds</b> are measured, MACs are counted. They never share a scale.</li></ul></details>"""


def build() -> gr.Blocks:
    """The page, ready to launch."""
    with gr.Blocks(title="AdaMML Studio", delete_cache=(600, 3600), analytics_enabled=False) as page:
        gr.HTML(f"<h1>{QUESTION}</h1><p>{SENTENCE}</p>", elem_id="head", apply_default_css=False)
        with gr.Row(elem_id="top", equal_height=False):
            with gr.Column(scale=1, min_width=300, elem_id="source-card", elem_classes="card"):
                form = _form()
            with gr.Column(scale=1, min_width=300, elem_id="side"):
                with gr.Column(elem_id="answer-card", elem_classes="card"):
                    answer = gr.HTML(_BEFORE, elem_id="answer", apply_default_css=False)
                with gr.Column(elem_id="known-card", elem_classes="card"):
                    known = gr.HTML("<p>Loading what the model knows …</p>", elem_id="known", apply_default_css=False)
        panels = _results()
        page.load(_known, outputs=known, api_visibility="private")
        _connect(form, answer, panels)
    return page


def _form() -> dict[str, Any]:
    """Everything on the left: the clip, the examples, the buttons, the options."""
    form: dict[str, Any] = {}
    form["player"] = gr.HTML("", elem_id="player", apply_default_css=False)
    form["clip"] = gr.File(
        label=f"A video or sound clip, {service.limits()}",
        file_types=FILE_TYPES,
        file_count="single",
        height=150,
        elem_id="clip",
    )
    form["examples"] = []
    clips = sorted(p for p in EXAMPLES.glob("*") if p.suffix.lower() in FILE_TYPES) if EXAMPLES.is_dir() else []
    if clips:
        with gr.Row(elem_id="examples"):
            gr.HTML("<p>Or try one of these:</p>", elem_id="examples-label", apply_default_css=False)
            for clip in clips:
                title = clip.stem.replace("_", " ").replace("-", " ").capitalize()
                button = gr.Button(title, size="sm", min_width=60, elem_classes="example")
                form["examples"].append((button, clip))
    with gr.Row(elem_id="actions"):
        form["analyse"] = gr.Button("Analyse", variant="primary", elem_id="analyse", min_width=120, interactive=False)
        form["cancel"] = gr.Button("Cancel", variant="secondary", elem_id="cancel", min_width=100)
        form["compare"] = gr.Checkbox(label="Compare with RGB only", elem_id="compare", container=False, min_width=200)
    form["status"] = gr.HTML("", label="Status", elem_id="status", apply_default_css=False)
    with gr.Accordion("Options", open=False, elem_id="options"):
        form["policy"] = gr.Radio(
            choices=[
                (f"{words.policy(name)}: {about.split(': ')[-1]}", name) for name, about in adamml.POLICIES.items()
            ],
            value="adamml",
            label="Who picks",
            elem_id="policy",
        )
        form["segments"] = gr.Slider(3, 30, value=10, step=1, label="Segments", elem_id="segments")
    return form


def _results() -> dict[str, Any]:
    """Everything that is shown once there is a result."""
    panels: dict[str, Any] = {}
    script = (HERE / "timeline.js").read_text(encoding="utf-8")
    with gr.Column(visible=False, elem_id="results") as panels["column"]:
        panels["notes"] = gr.HTML("", elem_id="notes", apply_default_css=False)
        with gr.Column(elem_classes="card"):
            panels["timeline"] = gr.HTML("", elem_id="timeline", js_on_load=script, apply_default_css=False)
        with gr.Column(elem_classes="card"):
            _title("Segment scores over time", "Probability of the leading classes; a gap where nothing was run.")
            panels["scores"] = gr.Plot(show_label=False, container=False, elem_id="scores-plot")
        with gr.Row(elem_id="costs", equal_height=False):
            with gr.Column(scale=7, min_width=300, elem_classes="card"):
                _title("What it cost", "Counted compute, in multiply-accumulates. 1 MAC = 2 FLOPs.")
                panels["compute"] = gr.Plot(show_label=False, container=False, elem_id="compute-plot")
                panels["compute_table"] = gr.HTML("", elem_id="compute-table", apply_default_css=False)
            with gr.Column(scale=5, min_width=300, elem_classes="card"):
                _title("How long it took", "Measured seconds of what really ran.")
                panels["seconds"] = gr.HTML("", elem_id="seconds-table", apply_default_css=False)
        with gr.Column(elem_classes="card"):
            _title("Details")
            panels["model"] = gr.HTML("", elem_id="model-facts", apply_default_css=False)
            with gr.Row(elem_id="downloads"):
                panels["json"] = gr.DownloadButton("Download JSON", elem_id="download-json", size="md", min_width=140)
                panels["csv"] = gr.DownloadButton("Download CSV", elem_id="download-csv", size="md", min_width=140)
            gr.HTML(_HOW_TO_READ, elem_id="how-to-read", apply_default_css=False)
    return panels


def _title(text: str, remark: str = "") -> None:
    line = f"<p>{remark}</p>" if remark else ""
    gr.HTML(f'<div class="card-head"><h2>{text}</h2>{line}</div>', apply_default_css=False)


def _connect(form: dict[str, Any], answer: gr.HTML, panels: dict[str, Any]) -> None:
    result = gr.State(None, time_to_live=3600)
    as_json = gr.JSON(visible=False, label="Result")
    shown = [answer, *panels.values()]
    inputs = [form["clip"], form["policy"], form["segments"], form["compare"]]

    for button, clip in form["examples"]:
        button.click(partial(str, clip), outputs=form["clip"], queue=False, api_visibility="private")

    # The browser makes the player by itself: the file is already where it is served from.
    form["clip"].change(
        None, inputs=form["clip"], outputs=form["player"], js=(HERE / "player.js").read_text(encoding="utf-8")
    )
    running = form["analyse"].click(
        service.analyse,
        inputs=inputs,
        outputs=[as_json, form["status"], result],
        validator=service.validate,
        api_name="analyse",
        show_progress="minimal",
        show_progress_on=form["status"],
        concurrency_id="analysis",
        concurrency_limit=1,
    )
    # Results of the clip before would seek in the wrong clip: they go when another one comes, and so does its run.
    form["clip"].change(
        _new_clip,
        inputs=form["clip"],
        outputs=[form["status"], form["analyse"], result, *shown],
        cancels=running,
        queue=False,
        api_visibility="private",
    )
    running.success(_show, inputs=result, outputs=shown, show_progress="hidden", api_visibility="private")
    form["cancel"].click(
        service.cancelled, outputs=form["status"], cancels=running, queue=False, api_visibility="private"
    )


def _known() -> str:
    """Filled in when the page is opened, since the model may still be loading when it is built."""
    try:
        return details.known(service.recognizer().card)
    except Exception:
        return service.problem(service.NO_MODEL)


def _new_clip(path: str | None) -> list[Any]:
    """Say what the clip is or why it is refused; only a usable clip can be analysed."""
    usable, line = service.look_over(path)
    return [line, gr.Button(interactive=usable), None, *_show(None)]


def _show(result: service.Result | None) -> list[Any]:
    """One value per shown component, in the order of `_results`; no result hides them."""
    if result is None:
        return [_BEFORE, gr.Column(visible=False), "", "", None, None, "", "", "", None, None]
    analysis, comparison = result.analysis, result.comparison
    as_json, as_csv = details.files(analysis)
    return [
        summary.answer(analysis, comparison),
        gr.Column(visible=True),
        summary.notes(analysis, comparison),
        timeline(analysis, comparison, result.board),
        figures.scores(analysis),
        figures.compute(analysis),
        details.compute_table(analysis),
        details.seconds_table(analysis, comparison),
        details.model(service.recognizer().card, analysis),
        as_json,
        as_csv,
    ]
