"""AdaMML Studio: adaptive multi-modal video recognition that says what it looked at, and what that saved.

The public names below are imported on first use, so that `import adamml` and `adamml --help` stay quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adamml.analysis import Analysis, AnalysisError, ClipFacts, Macs, Seconds, SegmentResult
    from adamml.checkpoint import CheckpointError, ModelCard
    from adamml.events import Decided, Decoded, Event, Finished, Probed, Scored
    from adamml.media import ClipError, Storyboard
    from adamml.policies import POLICIES
    from adamml.recognizer import Recognizer, check_clip
    from adamml.render import ExportError, as_webvtt, render_report, render_video, video_steps
    from adamml.session import ClipSession

__version__ = "0.1.0"

_HOME = {
    "adamml.analysis": ("Analysis", "AnalysisError", "ClipFacts", "Macs", "Seconds", "SegmentResult"),
    "adamml.checkpoint": ("CheckpointError", "ModelCard"),
    "adamml.events": ("Decided", "Decoded", "Event", "Finished", "Probed", "Scored"),
    "adamml.media": ("PROFILES", "ClipError", "Storyboard"),
    "adamml.policies": ("POLICIES",),
    "adamml.recognizer": ("Recognizer", "check_clip"),
    "adamml.render": ("ExportError", "as_webvtt", "render_report", "render_video", "video_steps"),
    "adamml.session": ("ClipSession",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
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
    "ExportError",
    "Finished",
    "Macs",
    "ModelCard",
    "Probed",
    "Recognizer",
    "Scored",
    "Seconds",
    "SegmentResult",
    "Storyboard",
    "as_webvtt",
    "check_clip",
    "render_report",
    "render_video",
    "video_steps",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'adamml' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
