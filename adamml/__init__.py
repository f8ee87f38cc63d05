"""AdaMML Studio: adaptive multi-modal video recognition that says what it looked at, and what that saved.

The public names below are imported on first use, so that `import adamml` and `adamml --help` stay quick.
"""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from adamml.results.analysis import register_notebook_view
from adamml.version import __version__

if TYPE_CHECKING:
    from adamml.datasets.examples import (
        Example,
        ExampleError,
        ExampleUnreachableError,
        example_folder,
        fetch_example,
        list_examples,
        local_example,
    )
    from adamml.datasets.find_clips import FILE_SUFFIXES
    from adamml.inference.events import Decided, Decoded, Event, Finished, Probed, Scored
    from adamml.inference.live_session import LiveSession, LiveStep
    from adamml.inference.segment_detail import SegmentDetail
    from adamml.inference.session import ClipSession
    from adamml.media import ClipError, Storyboard
    from adamml.media.forkserver import prestart
    from adamml.media.tmp_dirs import private_folder
    from adamml.policies import POLICIES, ManualPolicy, get_policy
    from adamml.policies.anytime import budget_policy, by_promise, looks_within
    from adamml.recognizer import Recognizer, browser_preview, check_clip
    from adamml.render import (
        FORMS,
        ExportError,
        as_webvtt,
        export_steps,
        render_report,
        render_video,
        video_steps,
    )
    from adamml.results import wording
    from adamml.results.analysis import Analysis, AnalysisError, ClipFacts, Macs, Seconds, SegmentResult
    from adamml.results.cumulative_scores import running
    from adamml.weights.checkpoint import CheckpointError, ModelCard
    from adamml.weights.model_lookup import DEFAULT_MODEL, InstalledModel, card_of, installed_models, resolve

_HOME = {
    "adamml.results.analysis": ("Analysis", "AnalysisError", "ClipFacts", "Macs", "Seconds", "SegmentResult"),
    "adamml.weights.checkpoint": ("CheckpointError", "ModelCard"),
    "adamml.inference.segment_detail": ("SegmentDetail",),
    "adamml.inference.events": ("Decided", "Decoded", "Event", "Finished", "Probed", "Scored"),
    "adamml.datasets.examples": (
        *("Example", "ExampleError", "ExampleUnreachableError"),
        *("example_folder", "fetch_example", "list_examples", "local_example"),
    ),
    "adamml.weights.model_lookup": ("DEFAULT_MODEL", "InstalledModel", "card_of", "installed_models", "resolve"),
    "adamml.media": ("PROFILES", "ClipError", "Storyboard"),
    "adamml.media.forkserver": ("prestart",),
    "adamml.media.tmp_dirs": ("private_folder",),
    "adamml.policies": ("POLICIES", "ManualPolicy", "get_policy"),
    "adamml.policies.anytime": ("budget_policy", "by_promise", "looks_within"),
    "adamml.recognizer": ("Recognizer", "browser_preview", "check_clip"),
    "adamml.render": (
        *("FORMS", "ExportError", "as_webvtt", "export_steps"),
        *("render_report", "render_video", "video_steps"),
    ),
    "adamml.results.cumulative_scores": ("running",),
    "adamml.inference.live_session": ("LiveSession", "LiveStep"),
    "adamml.inference.session": ("ClipSession",),
    "adamml.datasets.find_clips": ("FILE_SUFFIXES",),
}
_RENAMED = {"ByHandPolicy": "ManualPolicy", "Closeup": "SegmentDetail"}  # for one release
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "DEFAULT_MODEL",
    "FILE_SUFFIXES",
    "FORMS",
    "POLICIES",
    "Analysis",
    "AnalysisError",
    "CheckpointError",
    "ClipError",
    "ClipFacts",
    "ClipSession",
    "Decided",
    "Decoded",
    "Event",
    "Example",
    "ExampleError",
    "ExampleUnreachableError",
    "ExportError",
    "Finished",
    "InstalledModel",
    "LiveSession",
    "LiveStep",
    "Macs",
    "ManualPolicy",
    "ModelCard",
    "Probed",
    "Recognizer",
    "Scored",
    "Seconds",
    "SegmentDetail",
    "SegmentResult",
    "Storyboard",
    "__version__",
    "as_webvtt",
    "browser_preview",
    "budget_policy",
    "by_promise",
    "card_of",
    "check_clip",
    "example_folder",
    "export_steps",
    "fetch_example",
    "get_policy",
    "installed_models",
    "list_examples",
    "local_example",
    "looks_within",
    "prestart",
    "private_folder",
    "render_report",
    "render_video",
    "resolve",
    "running",
    "video_steps",
    "wording",
]


def _notebook_view(analysis: "Analysis") -> str:
    from adamml.render.notebook import as_html

    return as_html(analysis)


register_notebook_view(_notebook_view)


def __getattr__(name: str) -> Any:
    if name == "wording":
        return import_module("adamml.results.wording")
    if name == "words":
        return import_module("adamml.words")  # with the warning that it has moved
    if name in _RENAMED:
        warnings.warn(f"adamml.{name} is now adamml.{_RENAMED[name]}", DeprecationWarning, stacklevel=2)
        name = _RENAMED[name]
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'adamml' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
