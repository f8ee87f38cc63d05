"""Take it away: what is shown, as video, report, JSON, CSV or a link; with progress, time left and Cancel.

Files are written into a private folder that is gone at once; what is handed over is the copy in Gradio's cache, which
goes when the tab is closed, as uploads do. What is exported is what is shown, cells switched by hand and a moved budget
included.
"""

import re
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

import adamml
from adamml import Analysis
from app import icons, link, service, status_line, tmp_dirs, words
from app.cancellation import served
from app.error_log import failed
from app.fair_queue import EXPORTS, MANY, BusyError
from app.uploads import UPLOADS
from app.view_state import ViewState
from app.words import esc

HERE = Path(__file__).parent
OFFERS = (
    ("mp4", "Video", "MP4: the clip with its sound, what was picked and the answer as it grows"),
    ("png", "Report", "PNG: one page to print or to send"),
    ("json", "JSON", "All of the result, for programs"),
    ("csv", "CSV", "A row per segment, for spreadsheets"),
)
_LINK = "Opens this example as you see it now"
_NO_LINK = "Not for your own clips: they are deleted after your visit"


@dataclass(kw_only=True)
class Panel:
    """The components that something happens to."""

    forms: dict[str, gr.Button] = field(default_factory=dict)
    link: gr.Button
    link_words: gr.HTML
    cancel: gr.Button
    taken: gr.HTML


def panel() -> Panel:
    """One row of actions, each with what it gives; below it what is being made."""
    forms = {}
    with gr.Row(elem_id="take"):
        for form, name, about in OFFERS:
            with gr.Column(elem_classes="take-one", min_width=120):
                forms[form] = gr.Button(name, size="md", elem_id=f"take-{form}", min_width=100)
                gr.HTML(_about(about), apply_default_css=False)
        with gr.Column(elem_classes="take-one", min_width=120):
            to_link = gr.Button("Link", size="md", elem_id="take-link", min_width=100)
            link_words = gr.HTML(_about(_LINK), apply_default_css=False)
    script = (HERE / "export_panel.js").read_text(encoding="utf-8")
    taken = gr.HTML("", elem_id="taken", js_on_load=script, apply_default_css=False)
    cancel = gr.Button("Cancel", size="md", elem_id="take-cancel", min_width=100)
    return Panel(forms=forms, link=to_link, link_words=link_words, cancel=cancel, taken=taken)


def connect(made: Panel, state: gr.State, source: dict[str, Any], compared: gr.HTML) -> None:
    """Connect the panel, which has a Cancel of its own."""
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    running: list[Any] = [
        button.click(
            _taker(form, made.taken.move_resource_to_block_cache),
            state,
            made.taken,
            concurrency_id="export",
            concurrency_limit=MANY,
            trigger_mode="once",
            **quiet,
        )
        for form, button in made.forms.items()
    ]
    made.link.click(_link, [state, source["left"], source["right"], compared], made.taken, queue=False, **quiet)
    # What is cancelled goes first, by itself, so that nothing it had still to say comes after the word that it ended.
    made.cancel.click(None, cancels=running, **quiet)
    made.cancel.click(status_line.cancelled, outputs=made.taken, queue=False, **quiet)
    # Another clip: what is made of the one before ends, and its link goes or comes.
    source["chosen"].change(None, cancels=running, **quiet)
    source["chosen"].change(_offered, source["chosen"], [made.link, made.link_words, made.taken], queue=False, **quiet)


def file_name(analysis: Analysis, form: str, part: str = "") -> str:
    """lion_after_dark-adamml.mp4, whatever a stranger named the clip; of a part lion-1-03-to-3-03-adamml.mp4."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(analysis.clip.name).stem).strip("-")[:60] or "clip"
    which = f"-{re.sub(r'[^a-z0-9]+', '-', part)}" if part else ""
    return f"{stem}{which}-{analysis.policy.replace('%', '')}.{form}"


def _taker(
    form: str, keep: Callable[[Path], str | None]
) -> Callable[[ViewState | None, gr.Request], AsyncIterator[str]]:
    """The handler of one button. `keep` moves a file to where it can be fetched from."""

    async def take(shown: ViewState | None, request: gr.Request) -> AsyncIterator[str]:
        if shown is None:
            yield status_line.problem("Choose a clip first.")
            return
        try:
            # When cancelled, a step may still be writing into it.
            with tempfile.TemporaryDirectory(dir=tmp_dirs.folder("exports"), ignore_cleanup_errors=True) as folder:
                out = Path(folder) / file_name(shown.current, form, shown.part)
                async with served(EXPORTS, request, _steps(form, shown, out), status_line.waiting) as steps:
                    async for html in steps:
                        yield html
                kept = keep(out)
                assert kept is not None, "there was a file to keep"
                if request.session_hash:
                    UPLOADS.hold(request.session_hash, Path(kept))  # goes with the tab
                yield _ready(out.name, out.stat().st_size, kept)
        except (adamml.ClipError, adamml.ExportError, BusyError) as error:
            yield status_line.problem(str(error))
        except Exception as error:
            yield status_line.problem(failed(f"an export ({form})", error))

    return take


def _steps(form: str, shown: ViewState, out: Path) -> Generator[str, None, None]:
    steps = adamml.export_steps(
        form,
        shown.key.path,
        shown.current,
        out,
        thumbnails=shown.board.thumbnails,
        rgb=shown.rgb,
        profile=service.profile(),
        start=shown.key.start,
        end=shown.key.end,
    )
    began, said = time.monotonic(), 0.0
    try:
        for step in steps:
            now = time.monotonic()
            if now - said > 0.3:
                said = now
                yield status_line.progress(step.share, step.message + status_line.left(step.share, now - began))
    finally:
        steps.close()


def _ready(name: str, size: int, path: str) -> str:
    """A file that is there; `export_panel.js` saves it at once."""
    return (
        f'<div class="status is-done take-ready"><p role="status">{icons.CHECK} {esc(name)} is ready, '
        f'{words.size(size)}.</p><a class="small-button" download="{esc(name)}" data-fresh="{secrets.token_hex(4)}" '
        f'href="gradio_api/file={esc(quote(path))}">Save again</a></div>'
    )


def _link(shown: ViewState | None, left: str, right: str, compared: str | None) -> str:
    """The link, with the comparison where one is shown."""
    if shown is None:
        return status_line.problem("Choose a clip first.")
    try:
        query = link.write(shown, (left, right) if 'class="compared"' in (compared or "") else None)
    except link.LinkError as error:
        return status_line.problem(str(error))
    return (
        '<div class="status is-done take-ready"><p role="status">Here is the link.</p><input type="text" readonly '
        f'aria-label="Link to this example" data-query="{esc(query)}" data-fresh="{secrets.token_hex(4)}" '
        f'value="{esc(query)}"><button type="button" class="small-button" data-copy>Copy again</button></div>'
    )


def _offered(path: str | None) -> list[Any]:
    example = link.example_of(path) is not None
    return [gr.Button(interactive=example), _about(_LINK if example else _NO_LINK), ""]


def _about(text: str) -> str:
    return f'<p class="take-about">{esc(text)}</p>'
