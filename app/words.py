"""The wording that pages and exports share (`adamml.results.wording`), and what only HTML needs.

Everything that ends up inside HTML goes through `esc` first: file names, labels and messages are not ours.
"""

from html import escape

from adamml.results import wording
from adamml.results.wording import (
    NOUN,
    against,
    billions,
    chance,
    compared,
    count,
    headline,
    heard,
    is_guess,
    label,
    listing,
    noun,
    part_note,
    percent,
    policy,
    rivals,
    seconds,
    size,
    than,
)

__all__ = [
    "NOUN",
    "against",
    "billions",
    "chance",
    "clock",
    "compared",
    "count",
    "esc",
    "headline",
    "heard",
    "is_guess",
    "label",
    "listing",
    "noun",
    "part_note",
    "percent",
    "policy",
    "rivals",
    "seconds",
    "size",
    "span",
    "than",
]


def esc(text: object) -> str:
    """Text that is safe inside HTML and inside attribute values."""
    return escape(str(text), quote=True)


def clock(value: float, duration: float) -> str:
    """A moment on the axis: seconds in a short clip, minutes and seconds in a long one."""
    if duration < 100:
        return f"{seconds(value)}&thinsp;s"
    return wording.clock(value)


def span(start: float, end: float) -> str:
    """A part of a long file: "1:03 to 3:03"."""
    return f"{wording.clock(start)} to {wording.clock(end)}"
