"""Results to take away: an annotated video, a one-page report, captions, and a notebook's view of an analysis.

Everything here draws from a frozen `Analysis` and, for pictures and sound, from the media room; nothing is computed
again. `timeline` and `cumulative_scores` of `adamml.results` say what is to be shown, `wording` in which words;
`lettering` is the font; `strip` draws the lanes under the picture; `video`, `report`, `captions` and `html` are the
four things made of them; `forms` writes any of them. Names are imported on first use, because matplotlib and
moviepy take seconds to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adamml.render.captions import as_webvtt
    from adamml.render.files import ExportError, Progress
    from adamml.render.forms import FORMS, export_steps
    from adamml.render.html import as_html
    from adamml.render.report import render_report
    from adamml.render.video import render_video, video_steps

_MODULE_OF = {
    "FORMS": "forms",
    "ExportError": "files",
    "Progress": "files",
    "as_html": "html",
    "as_webvtt": "captions",
    "export_steps": "forms",
    "render_report": "report",
    "render_video": "video",
    "video_steps": "video",
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
