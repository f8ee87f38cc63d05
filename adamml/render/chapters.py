"""Chapters for a player: which part of a clip shows what (WebVTT, a track of the kind "chapters").

Segments that follow each other with the same answer are one chapter; it lasts until the next begins, the first from the
clip's start and the last to its end. Segments of which nothing was run belong to the chapter that they lie in.
"""

from itertools import pairwise

from adamml.render.captions import plain_line, stamp
from adamml.results import wording
from adamml.results.analysis import Analysis


def as_chapters(analysis: Analysis) -> str:
    """The analysis as the text of a .vtt file."""
    starts: list[tuple[float, str]] = []
    for segment in analysis.segments if analysis.known else ():
        if segment.label is not None and (not starts or starts[-1][1] != segment.label):
            starts.append((segment.start if starts else 0.0, segment.label))
    starts = starts or [(0.0, analysis.answer)]
    blocks = ["WEBVTT", f"NOTE\n{plain_line(analysis.clip.name)}"]
    for (start, label), (end, _) in pairwise([*starts, (analysis.clip.duration, "")]):
        if end - start >= 0.001:
            blocks.append(f"{stamp(start)} --> {stamp(end)}\n{plain_line(wording.label(label))}")
    return "\n\n".join(blocks) + "\n"
