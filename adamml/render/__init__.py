"""Results to take away: an annotated video, a one-page report, captions, a notebook's view, files for other programs.

Everything here draws from a frozen `Analysis` and, for pictures and sound, from the media room; nothing is computed
again. `timeline` and `cumulative_scores` of `adamml.results` say what is to be shown, `wording` in which words;
`fonts` holds the font; `overlay` draws the lanes under the picture; `annotated_video`, `report`, `captions`,
`chapters` and `notebook` are what is made of them, `fiftyone` and `label_studio` what other programs read;
`export_formats` writes any of it. Names are imported on first use, because matplotlib and moviepy take seconds to
import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adamml.render.annotated_video import render_video, video_steps
    from adamml.render.captions import as_webvtt
    from adamml.render.export_file import ExportError, Progress
    from adamml.render.export_formats import FORMS, export_steps
    from adamml.render.notebook import as_html
    from adamml.render.report import render_report

_MODULE_OF = {
    "FORMS": "export_formats",
    "ExportError": "export_file",
    "Progress": "export_file",
    "as_html": "notebook",
    "as_webvtt": "captions",
    "export_steps": "export_formats",
    "render_report": "report",
    "render_video": "annotated_video",
    "video_steps": "annotated_video",
}

__all__ = [
    "FORMS",
    "ExportError",
    "Progress",
    "as_html",
    "as_webvtt",
    "export_steps",
    "render_report",
    "render_video",
    "video_steps",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'adamml.render' has no attribute {name!r}")
    return getattr(import_module(f"adamml.render.{_MODULE_OF[name]}"), name)
