"""Three endpoints for programs (`gradio_client`): `/analyze`, `/compare`, `/export`. Nothing else is public.

`/analyse`, as the first one was called before, still answers and is not listed.

They wait in the same lines as visitors, keep to the same limits, and answer with the JSON of the command line (its
`seconds` are those of this run). On the way they tell how far they are. A bad argument is answered with one sentence.

A clip is an upload; where the server was started for agents it may be a public https address, too.
"""

import logging
import math
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.data_classes import FileData
from gradio_client.utils import is_file_obj_with_meta

import adamml
from adamml import Analysis
from app import compare as comparing
from app import remote_clip, service, status_line, tmp_dirs, words
from app.actions import Pair
from app.call_progress import tell
from app.cancellation import served
from app.error_log import failed
from app.export_panel import OFFERS, file_name
from app.fair_queue import ANALYSES, EXPORTS, FETCHES, MANY, BusyError
from app.remote_clip import RemoteClip, RemoteClipError

_log = logging.getLogger(__name__)
Input = TypeVar("Input", bound=gr.components.Component)
Clip = str | RemoteClip | None
_PROGRESS = gr.Progress()
_ANALYZED = 0.5  # of an export is done when its analysis is, more or less
_GIVE = "Give the clip as clip=handle_file(path)"


def endpoints(*, addresses: bool = False) -> None:
    """Add them to the page being built; their components are never drawn.

    Args:
        addresses: whether a clip may be named by its address.
    """
    names = list(service.policies())

    def choice(label: str, values: Sequence[str], value: str, *, numbers: bool = False) -> gr.Radio:
        radio = gr.Radio([(name, name) for name in values], value=value, label=label)

        def preprocess(given: Any) -> Any:
            """As usual, but for a wrong one: a sentence for the caller, and no traceback in the log."""
            if given in values or (numbers and isinstance(given, str) and service.runs(given)):
                return given
            rest = "; adamml@0.30 is adamml with a threshold, anytime-20% has a budget" if numbers else ""
            raise gr.Error(f"{label!r} is one of {words.listing(list(values), 'or')}{rest}.", print_exception=False)

        return _with_own_check(radio, preprocess)

    with gr.Column(visible=False):
        clip = _clip(addresses)
        policy = choice("Who picks", names, "adamml", numbers=True)
        left = choice("This", names, "adamml", numbers=True)
        right = choice("against this", names, "rgb", numbers=True)
        kind = choice("What to make of it", [form for form, *_ in OFFERS], "mp4")
        segments = gr.Number(10, label=f"Segments spread over the clip, 1 to {service.max_segments()}")
        spacing = gr.Number(0, label="Or one segment every so many seconds; 0: as many as `segments` says")
        result, pair, made = gr.JSON(label="The analysis"), gr.JSON(label="Both analyses"), gr.File(label="The file")
        trigger = gr.Button()

    async def analyze(
        clip: Clip,
        policy: str,
        segments: int,
        spacing: float,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> dict[str, Any]:
        """Analyze a clip.

        Returns the analysis as JSON, as `adamml analyze --json` writes it (schema: adamml/results/analysis.py):
        `label`, `scores`, `known` and `answer`, `segments` with decisions, probabilities and scores, `macs` counted and
        `seconds` measured.
        """
        with _said():
            cut = _Cut.of(segments, spacing)
            async with _at_hand(clip, request, progress) as path:
                (analysis,) = await _analyzed(request, path, [policy], cut, progress)
                return analysis.to_dict()

    async def compare(
        clip: Clip,
        left: str,
        right: str,
        segments: int,
        spacing: float,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> dict[str, Any]:
        """Analyze a clip in two ways.

        Returns `left` and `right`, each an analysis as of /analyze, and `sentence`, which says who wins in plain words.
        """
        with _said():
            cut = _Cut.of(segments, spacing)
            async with _at_hand(clip, request, progress) as path:
                done = await _analyzed(request, path, list(dict.fromkeys((left, right))), cut, progress)
            both = Pair(left=done[0], right=done[-1])
            sentence = comparing.verdict(both).replace("\u00a0", " ")
            return {"left": both.left.to_dict(), "right": both.right.to_dict(), "sentence": sentence}

    async def export(
        clip: Clip, kind: str, policy: str, segments: int, request: gr.Request, progress: gr.Progress = _PROGRESS
    ) -> str | None:
        """Analyze a clip and make a file of the result.

        Returns the file: "mp4" an annotated video with the clip's own sound, "png" a one-page report, "json" the whole
        result, "csv" a row per segment.
        """
        with _said():
            cut = _Cut.of(segments, 0)
            async with _at_hand(clip, request, progress) as path:
                boards: list[adamml.Storyboard] | None = [] if kind == "png" else None
                (analysis,) = await _analyzed(request, path, [policy], cut, progress, boards, until=_ANALYZED)
                thumbnails = boards[0].thumbnails if boards else None
                with _private_folder("exports") as folder:
                    out = folder / file_name(analysis, kind)
                    steps = adamml.export_steps(
                        kind, path, analysis, out, thumbnails=thumbnails, profile=service.profile()
                    )
                    writing = ((step.share, step.message) for step in steps)
                    async with served(EXPORTS, request, writing, lambda n: (0.0, status_line.waiting_words(n))) as said:
                        async for share, message in said:
                            tell(progress, _ANALYZED + (1 - _ANALYZED) * share, message)
                    return made.move_resource_to_block_cache(out)

    for name, work, inputs, output in (
        ("analyze", analyze, [clip, policy, segments, spacing], result),
        ("analyse", analyze, [clip, policy, segments, spacing], result),
        ("compare", compare, [clip, left, right, segments, spacing], pair),
        ("export", export, [clip, kind, policy, segments], made),
    ):
        trigger.click(
            work,
            inputs,
            output,
            api_name=name,
            api_visibility="public" if name == work.__name__ else "undocumented",
            api_description=" ".join((work.__doc__ or "").split()),
            concurrency_id=f"api-{work.__name__}",
            concurrency_limit=MANY,
        )


def _with_own_check(component: Input, preprocess: Callable[[Any], Any]) -> Input:
    """A component of the API that looks at what it is given in our way, and answers with a sentence."""
    vars(component)["preprocess"] = preprocess
    return component


def _clip(addresses: bool) -> gr.File:
    """A file that has to be uploaded, or an address where these are taken; anything else is refused with a sentence.

    A bare path would be one on this server. Gradio's own check of that ends in an error without words; here it comes
    last, after Gradio has made sure that a file's path is an upload's.
    """
    file = gr.File(
        label=f"A video or sound file{', or its public https address' if addresses else ''}", type="filepath"
    )
    as_usual = file.preprocess

    def preprocess(payload: Any) -> Any:
        if addresses and isinstance(payload, str):
            return RemoteClip(address=payload)
        if not is_file_obj_with_meta(payload):
            raise gr.Error(f"{_GIVE}{', or its public https address' if addresses else ''}.", print_exception=False)
        return as_usual(FileData(**payload))

    file.data_model = None
    vars(file)["api_info"] = FileData.model_json_schema
    return _with_own_check(file, preprocess)


@asynccontextmanager
async def _at_hand(clip: Clip, request: gr.Request, progress: gr.Progress) -> AsyncIterator[str]:
    """The clip's file: the upload, or what is fetched from its address and deleted afterwards."""
    if not clip:
        raise gr.Error(f"{_GIVE}.", print_exception=False)
    if isinstance(clip, str):
        yield clip
        return
    most = adamml.PROFILES[service.profile()].max_bytes
    with _private_folder("fetched") as folder:
        steps = remote_clip.fetch(clip.address, folder, most)
        async with served(FETCHES, request, steps, lambda _: 0) as arriving:
            async for done in arriving:
                tell(progress, 0.0, f"Fetching the clip: {done / 1e6:.1f} MB")
        (path,) = folder.iterdir()
        yield str(path)


@contextmanager
def _private_folder(name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=tmp_dirs.folder(name), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """How a clip is cut: so many segments, or one every so many seconds where that is not 0."""

    segments: int
    spacing: float

    @staticmethod
    def of(segments: Any, spacing: Any) -> "_Cut":
        """What a caller gives, within its bounds."""
        most = service.max_segments()
        if not _is_number(segments) or segments != int(segments) or not 1 <= segments <= most:
            raise gr.Error(f"segments is a whole number from 1 to {most}.", print_exception=False)
        if not _is_number(spacing) or not 0 <= spacing <= 3600:
            raise gr.Error("spacing is a number of seconds, or 0.", print_exception=False)
        return _Cut(segments=int(segments), spacing=spacing)


async def _analyzed(
    request: gr.Request,
    path: str,
    policies: Sequence[str],
    cut: _Cut,
    progress: gr.Progress,
    boards: list[adamml.Storyboard] | None = None,
    until: float = 1.0,
) -> list[Analysis]:
    """One analysis per policy, in the order of `policies`; thumbnails into `boards` where they are asked for.

    `until`: how much of the call is done then.
    """
    found: list[Analysis] = []
    steps = _runs(path, tuple(policies), cut, boards is not None)
    async with served(ANALYSES, request, steps, lambda ahead: ahead) as events:
        async for step in events:
            if isinstance(step, int):
                tell(progress, 0.0, status_line.waiting_words(step))
            elif isinstance(step, adamml.Storyboard):
                assert boards is not None, "nobody asked for pictures"
                boards.append(step)
            else:
                tell(progress, until * (len(found) + step.progress) / len(policies), step.message)
                if isinstance(step, adamml.Finished):
                    found.append(step.analysis)
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _runs(
    path: str, policies: tuple[str, ...], cut: _Cut, pictures: bool
) -> Generator[adamml.Event | adamml.Storyboard | int, None, None]:
    """Every policy on one clip; a step now and then, so that it can be left."""
    with service.open_clip(path, service.segments_for(path, cut.segments, cut.spacing)) as session:
        for policy in policies:
            yield from session.run(policy)
        if pictures:
            yield session.storyboard()


@contextmanager
def _said() -> Iterator[None]:
    """Whatever goes wrong is one sentence for the caller; a fault of ours is kept in the log."""
    try:
        yield
    except gr.Error:
        raise
    except (adamml.ClipError, adamml.ExportError, BusyError, RemoteClipError) as error:
        raise gr.Error(str(error), print_exception=False) from error
    except adamml.CheckpointError as error:
        _log.exception("the model could not be loaded")
        raise gr.Error(service.NO_MODEL, print_exception=False) from error
    except Exception as error:
        raise gr.Error(failed("a call of the API", error), print_exception=False) from error
