"""Every form in which a result can be taken away, written by one function, for command line, page and API alike."""

from collections.abc import Callable, Generator, Sequence
from importlib import import_module
from pathlib import Path

from adamml.render.captions import as_webvtt
from adamml.render.chapters import as_chapters
from adamml.render.export_file import Progress, export_file
from adamml.render.fiftyone import as_fiftyone
from adamml.render.label_studio import as_label_studio
from adamml.results.analysis import Analysis

FORMS = {
    "mp4": "an annotated video with the clip's own sound",
    "png": "a one-page report",
    "json": "the whole result",
    "csv": "one row per segment",
    "vtt": "captions for a player (WebVTT)",
    "chapters": "chapters for a player (WebVTT)",
    "fiftyone": "temporal detections for FiftyOne (labels.json)",
    "label-studio": "predictions for Label Studio (JSON)",
}
_TEXTS: dict[str, Callable[[Analysis], str]] = {
    "json": Analysis.to_json,
    "csv": Analysis.to_csv,
    "vtt": as_webvtt,
    "chapters": as_chapters,
    "fiftyone": as_fiftyone,
    "label-studio": as_label_studio,
}


def export_steps(
    form: str,
    path: str | Path,
    analysis: Analysis,
    out: str | Path,
    *,
    thumbnails: Sequence[bytes | None] | None = None,
    rgb: Analysis | None = None,
    profile: str = "local",
    start: float | None = None,
    end: float | None = None,
) -> Generator[Progress, None, None]:
    """Write a result in one form, step by step; `close()` cancels and leaves no file behind.

    Args:
        form: one of `FORMS`.
        path: the clip that was analyzed, which is never written over; only "mp4" reads it.
        analysis: what was found.
        out: where to write; replaced when it exists.
        thumbnails: one JPEG per segment (or None) for "png", as in `Storyboard.thumbnails`.
        rgb: what looking only gave on the same clip, for "png".
        profile: limits on the clip, "local" or "public".
        start, end: the part that was analyzed, as it was given to `Recognizer.analyze`; "mp4" shows that part.

    Raises:
        ValueError: for an unknown form.
        ClipError: when the clip cannot be decoded.
        ExportError: when the analysis is of another clip, or the file cannot be written.
    """
    out = Path(out)
    if form not in FORMS:
        raise ValueError(f"a form is one of {', '.join(FORMS)}, got {form!r}")
    if form == "mp4":
        # moviepy and matplotlib take seconds to import, and text needs neither.
        video = import_module("adamml.render.annotated_video")
        yield from video.video_steps(path, analysis, out, profile=profile, start=start, end=end)
        return
    yield Progress(share=0.0, message=f"Writing {out.name}")
    if form == "png":
        report = import_module("adamml.render.report")
        report.render_report(analysis, out, thumbnails=thumbnails, rgb=rgb, inputs=[Path(path)])
    else:
        with export_file(out, inputs=[Path(path)]) as made:
            made.write_text(_TEXTS[form](analysis), encoding="utf-8")
    yield Progress(share=1.0, message=f"Wrote {out.name}")
