"""Three endpoints for programs (`gradio_client`): `/analyze`, `/compare`, `/export`. Nothing else is public.

`/analyse`, as the first one was called before, still answers and is not listed.

They wait in the same lines as visitors, keep to the same limits, and answer with the JSON of the command line (its
`seconds` are those of this run). A bad argument is answered with one sentence.
"""

import logging
import math
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.data_classes import FileData
from gradio_client.utils import is_file_obj_with_meta

import adamml
from adamml import Analysis
from app import compare as comparing
from app import service, tmp_dirs, words
from app.actions import Pair
from app.cancellation import served
from app.error_log import failed
from app.export_panel import OFFERS, file_name
from app.fair_queue import ANALYSES, EXPORTS, MANY, BusyError

_log = logging.getLogger(__name__)
T = TypeVar("T")
Input = TypeVar("Input", bound=gr.components.Component)


def endpoints() -> None:
    """Add them to the page being built; their components are never drawn."""
    names = list(service.policies())

    def choice(label: str, values: Sequence[str], value: str, *, budgets: bool = False) -> gr.Radio:
        radio = gr.Radio([(name, name) for name in values], value=value, label=label)

        def preprocess(given: Any) -> Any:
            """As usual, but for a wrong one: a sentence for the caller, and no traceback in the log."""
            if given in values or (budgets and isinstance(given, str) and service.runs(given)):
                return given
            rest = "; adamml@0.30 is adamml with a budget" if budgets else ""
            raise gr.Error(f"{label!r} is one of {words.listing(list(values), 'or')}{rest}.", print_exception=False)

        return _with_own_check(radio, preprocess)

    with gr.Column(visible=False):
        clip = _upload("A video or sound file")
        policy = choice("Who picks", names, "adamml", budgets=True)
        left = choice("This", names, "adamml", budgets=True)
        right = choice("against this", names, "rgb", budgets=True)
        kind = choice("What to make of it", [form for form, *_ in OFFERS], "mp4")
        segments = gr.Number(10, label=f"Segments spread over the clip, 1 to {service.max_segments()}")
        spacing = gr.Number(0, label="Or one segment every so many seconds; 0: as many as `segments` says")
        result, pair, made = gr.JSON(label="The analysis"), gr.JSON(label="Both analyses"), gr.File(label="The file")
        trigger = gr.Button()

    async def analyze(clip: str, policy: str, segments: int, spacing: float, request: gr.Request) -> dict[str, Any]:
        """Analyze a clip.

        Returns the analysis as JSON, as `adamml analyze --json` writes it (schema: adamml/results/analysis.py):
        `label`, `scores`, `known` and `answer`, `segments` with decisions, probabilities and scores, `macs` counted and
        `seconds` measured.
        """
        with _said():
            (analysis,) = await _analyzed(request, clip, [policy], segments, spacing)
            return analysis.to_dict()

    async def compare(
        clip: str, left: str, right: str, segments: int, spacing: float, request: gr.Request
    ) -> dict[str, Any]:
        """Analyze a clip in two ways.

        Returns `left` and `right`, each an analysis as of /analyze, and `sentence`, which says who wins in plain words.
        """
        with _said():
            done = await _analyzed(request, clip, list(dict.fromkeys((left, right))), segments, spacing)
            both = Pair(left=done[0], right=done[-1])
            sentence = comparing.verdict(both).replace("\u00a0", " ")
            return {"left": both.left.to_dict(), "right": both.right.to_dict(), "sentence": sentence}

    async def export(clip: str, kind: str, policy: str, segments: int, request: gr.Request) -> str | None:
        """Analyze a clip and make a file of the result.

        Returns the file: "mp4" an annotated video with the clip's own sound, "png" a one-page report, "json" the whole
        result, "csv" a row per segment.
        """
        with (
            _said(),
            tempfile.TemporaryDirectory(dir=tmp_dirs.folder("exports"), ignore_cleanup_errors=True) as folder,
        ):
            boards: list[adamml.Storyboard] = []
            (analysis,) = await _analyzed(request, clip, [policy], segments, 0, boards if kind == "png" else None)
            out = Path(folder) / file_name(analysis, kind)
            thumbnails = boards[0].thumbnails if boards else None
            steps = adamml.export_steps(kind, clip, analysis, out, thumbnails=thumbnails, profile=service.profile())
            async with served(EXPORTS, request, _unsaid(steps), lambda _: None) as silent:
                async for _ in silent:
                    pass
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


def _upload(label: str) -> gr.File:
    """A file that has to be uploaded; anything else is refused with a sentence.

    A bare path would be one on this server. Gradio's own check of that ends in an error without words; here it comes
    last, after Gradio has made sure that a file's path is an upload's.
    """
    file = gr.File(label=label, type="filepath")
    as_usual = file.preprocess

    def preprocess(payload: Any) -> Any:
        if not is_file_obj_with_meta(payload):
            raise gr.Error("Give the clip as clip=handle_file(path).", print_exception=False)
        return as_usual(FileData(**payload))

    file.data_model = None
    vars(file)["api_info"] = FileData.model_json_schema
    return _with_own_check(file, preprocess)


async def _analyzed(
    request: gr.Request,
    clip: str | None,
    policies: Sequence[str],
    segments: Any,
    spacing: Any,
    boards: list[adamml.Storyboard] | None = None,
) -> list[Analysis]:
    """One analysis per policy, in the order of `policies`; thumbnails into `boards` where they are asked for."""
    if not clip:
        raise gr.Error("Give a clip: clip=handle_file(path).", print_exception=False)
    most = service.max_segments()
    if not _is_number(segments) or segments != int(segments) or not 1 <= segments <= most:
        raise gr.Error(f"segments is a whole number from 1 to {most}.", print_exception=False)
    if not _is_number(spacing) or not 0 <= spacing <= 3600:
        raise gr.Error("spacing is a number of seconds, or 0.", print_exception=False)
    found: list[Analysis] = []
    steps = _runs(clip, tuple(policies), int(segments), spacing, boards is not None)
    async with served(ANALYSES, request, steps, lambda _: None) as events:
        async for step in events:
            if isinstance(step, Analysis):
                found.append(step)
            elif isinstance(step, adamml.Storyboard) and boards is not None:
                boards.append(step)
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _runs(
    path: str, policies: tuple[str, ...], segments: int, spacing: float, pictures: bool
) -> Generator[Analysis | adamml.Storyboard | None, None, None]:
    """Every policy on one clip; a step now and then, so that it can be left."""
    with service.open_clip(path, service.segments_for(path, segments, spacing)) as session:
        for policy in policies:
            for event in session.run(policy):
                yield event.analysis if isinstance(event, adamml.Finished) else None
        if pictures:
            yield session.storyboard()


def _unsaid(steps: Generator[T, None, None]) -> Generator[None, None, None]:
    """The same steps without what they say."""
    for _ in steps:
        yield


@contextmanager
def _said() -> Iterator[None]:
    """Whatever goes wrong is one sentence for the caller; a fault of ours is kept in the log."""
    try:
        yield
    except gr.Error:
        raise
    except (adamml.ClipError, adamml.ExportError, BusyError) as error:
        raise gr.Error(str(error), print_exception=False) from error
    except adamml.CheckpointError as error:
        _log.exception("the model could not be loaded")
        raise gr.Error(service.NO_MODEL, print_exception=False) from error
    except Exception as error:
        raise gr.Error(failed("a call of the API", error), print_exception=False) from error
