"""From the form to a result: checking, running, reporting. The only module of the page that talks to the recogniser.

Nothing here is shared between visitors except the recogniser itself, which is loaded once.
"""

import logging
import threading
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

import adamml
from app import icons, words
from app.leaving import in_thread
from app.words import esc

MODEL = "everyday-av"
PROFILE = "public"
_OURS = "Something went wrong on our side, not with your clip. Please try once more, or try another clip."
NO_MODEL = "The model is not available on this server, so nothing can be analysed just now."
_load_lock = threading.Lock()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one press of the button gave: kept per visitor."""

    analysis: adamml.Analysis
    comparison: adamml.Analysis | None
    board: adamml.Storyboard


Step = tuple[dict[str, Any] | None, str, Result | None]


def recognizer() -> adamml.Recognizer:
    """The one recogniser of this process; the first call loads it, which takes seconds."""
    with _load_lock:
        return _recognizer()


@cache
def _recognizer() -> adamml.Recognizer:
    return adamml.Recognizer.load(MODEL)


def load_in_background() -> None:
    """So that the page opens at once and the first visitor does not wait for the model."""

    def load() -> None:
        try:
            recognizer()
        except Exception:
            _log.exception("the model could not be loaded")

    threading.Thread(target=load, name="load-model", daemon=True).start()


def max_upload() -> str:
    """The size above which the browser does not even send a file, in Gradio's spelling.

    Gradio's megabytes are 5 % larger than ours; what lies between is taken in and then refused by `validate`.
    """
    return f"{_megabytes()}mb"


def _megabytes() -> int:
    return adamml.PROFILES[PROFILE].max_bytes // 10**6


def limits() -> str:
    """The limits in words, from where they are kept."""
    settings = adamml.PROFILES[PROFILE]
    return f"up to {settings.max_seconds:.0f} seconds and {_megabytes()} MB"


def validate(path: str | None, policy: str, segments: float, compare: bool) -> list[Any]:
    """Before the queue: a clip that cannot be used is refused here and takes nobody's place."""
    del policy, segments, compare
    refusal = _check(path)[0] if path else "Choose a clip first."
    return [gr.validate(not refusal, refusal), *[gr.validate(True, "")] * 3]


def look_over(path: str | None) -> tuple[bool, str]:
    """As soon as a clip is chosen: whether it can be used, and a status line that says what it is or why not."""
    if not path:
        return False, ""
    refusal, clip = _check(path)
    if clip is None:
        return False, problem(refusal)
    has = words.listing([noun for noun, there in (("picture", clip.has_video), ("sound", clip.has_audio)) if there])
    return True, _line("is-ready", f"{icons.CHECK} Ready: {words.seconds(clip.duration)} s with {has}.")


def _check(path: str) -> tuple[str, adamml.ClipFacts | None]:
    """Why the clip is refused, or what it is."""
    try:
        return "", adamml.check_clip(path, profile=PROFILE)
    except adamml.ClipError as error:
        return str(error), None
    except Exception:
        _log.exception("a clip could not be checked")
        return _OURS, None


async def analyse(path: str | None, policy: str, segments: float, compare: bool) -> AsyncIterator[Step]:
    """Run the policy (and RGB only, when compared), reporting every step; can be cancelled at any moment.

    Yields:
        (result as JSON or None, status line as HTML, result or None); the last one is the answer or the problem.
    """
    async for step in in_thread(steps(path, policy, segments, compare)):
        yield step


def steps(path: str | None, policy: str, segments: float, compare: bool) -> Generator[Step, None, None]:
    """What `analyse` does, step by step."""
    if not path:  # the interface refuses this before; a caller from outside may still send it
        yield None, problem("Choose a clip first."), None
        return
    name = Path(path).name
    try:
        yield None, progress(0.0, "Getting the model ready"), None
        with recognizer().open(path, segments=int(segments), profile=PROFILE) as session:
            compare = compare and policy != "rgb" and session.clip.has_video
            share = 0.5 if compare else 0.95
            analysis = comparison = None
            for event in session.run(policy):
                yield None, progress(share * event.progress, event.message), None
                if isinstance(event, adamml.Finished):
                    analysis = event.analysis
            if compare:
                for event in session.run("rgb"):
                    yield None, progress(share + 0.45 * event.progress, f"RGB only: {event.message}"), None
                    if isinstance(event, adamml.Finished):
                        comparison = event.analysis
            yield None, progress(0.97, "Drawing the timeline"), None
            assert analysis is not None, "a run ends with its answer"
            result = Result(analysis=analysis, comparison=comparison, board=session.storyboard())
        as_json = {"analysis": analysis.to_dict(), "rgb_only": comparison.to_dict() if comparison else None}
        yield as_json, _line("is-done", f"{icons.CHECK} Done. The results are below."), result
    except adamml.ClipError as error:
        yield None, problem(str(error)), None
    except adamml.CheckpointError:
        _log.exception("the model could not be loaded")
        yield None, problem(NO_MODEL), None
    except Exception:
        _log.exception("an analysis of %r failed", name)
        yield None, problem(_OURS), None


def cancelled() -> str:
    """The status line after Cancel."""
    return _line("is-ready", "Cancelled.")


def progress(share: float, message: str) -> str:
    """A bar and what is going on. The class `is-running` is what shows the Cancel button, see style.css."""
    done = round(100 * min(max(share, 0.0), 1.0))
    return (
        f'<div class="status is-running"><progress max="100" value="{done}" aria-label="Progress">{done} %</progress>'
        f'<p role="status">{esc(message)}<span class="dots" aria-hidden="true">…</span></p></div>'
    )


def problem(message: str) -> str:
    """A message that something cannot be done, escaped."""
    return f'<div class="status is-problem" role="alert">{icons.WARN}<p>{esc(message)}</p></div>'


def _line(kind: str, html: str) -> str:
    return f'<div class="status {kind}"><p role="status">{html}</p></div>'
