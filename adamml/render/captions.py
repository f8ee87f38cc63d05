"""Captions for a player: what each segment said, as WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format").

One cue per segment. Where segments overlap, a cue ends when the next begins, so that one is shown at a time. Of
a clip that is none of the model's classes, every cue says so: a segment's answer is then only the nearest class.
"""

from itertools import pairwise

from adamml.results import wording
from adamml.results.analysis import Analysis


def as_webvtt(analysis: Analysis) -> str:
    """The analysis as the text of a .vtt file."""
    segments = analysis.segments
    ends = [min(a.end, b.start) for a, b in pairwise(segments)] + [segments[-1].end]
    blocks = ["WEBVTT", f"NOTE\n{plain_line(analysis.clip.name)}, policy {plain_line(wording.policy(analysis.policy))}"]
    none = "" if analysis.known else f"{analysis.answer}; "
    for segment, end in zip(segments, ends, strict=True):
        if end - segment.start < 0.001:  # lies under its neighbor
            continue
        line = f"{none}{wording.answer(segment, known=analysis.known)} ({wording.how(segment)})"
        if segment.heard:
            line += f"; heard: {wording.heard(segment.heard, 2)}"
        blocks.append(f"{segment.index + 1}\n{stamp(segment.start)} --> {stamp(end)}\n{plain_line(line)}")
    return "\n\n".join(blocks) + "\n"


def stamp(seconds: float) -> str:
    """hours:minutes:seconds.thousandths"""
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"


def plain_line(text: str) -> str:
    """One line without anything that a player takes for markup or for a time line."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
