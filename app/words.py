"""Plain English for numbers and names, so that every part of the page says the same thing in the same way.

Everything that ends up inside HTML goes through `esc` first: file names, labels and messages are not ours.
"""

from collections.abc import Sequence
from html import escape

# The two modalities in page order, with the noun and the verb forms that a reader without a machine-learning
# background understands.
NOUN = {"rgb": "picture", "audio": "sound"}

POLICY = {
    "adamml": "AdaMML",
    "cascade": "Sound first",
    "audio": "Sound only",
    "rgb": "Picture only (RGB)",
    "all": "Everything",
    "random": "Random",
    "by-hand": "By hand",
    "liteeval": "LiteEval",
    "adamml-nocost": "AdaMML without costs",
}

# The same ways inside a sentence: "than ..."
PHRASE = {
    "adamml": "letting AdaMML choose",
    "audio": "only listening",
    "rgb": "only looking (RGB)",
    "all": "running everything",
}


def esc(text: object) -> str:
    """Text that is safe inside HTML and inside attribute values."""
    return escape(str(text), quote=True)


def label(name: str) -> str:
    """A class as a person reads it: "sea waves"."""
    return name.replace("_", " ")


def policy(name: str) -> str:
    """A policy's name as a heading."""
    return POLICY.get(name, name.replace("_", " ").replace("-", " ").capitalize())


def percent(share: float) -> str:
    """A probability as a person says it, on one line; never "100 %" or "0 %" unless it is exactly that."""
    if 0 < share < 0.005:
        return "under 1\u00a0%"
    if 0.995 <= share < 1:
        return "over 99\u00a0%"
    return f"{share * 100:.0f}\u00a0%"


def seconds(value: float) -> str:
    """Clip time with one decimal, or none where it says nothing: 7.6, 12."""
    return f"{value:.1f}".removesuffix(".0")


def clock(value: float, duration: float) -> str:
    """A moment on the axis: seconds in a short clip, minutes and seconds in a long one."""
    if duration < 100:
        return f"{seconds(value)}&thinsp;s"
    return f"{int(value) // 60}:{int(value) % 60:02d}"


def billions(macs: int) -> str:
    """MACs in billions with three significant digits at most."""
    value = macs / 1e9
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def listing(items: Sequence[str], last: str = "and") -> str:
    """a, b and c"""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def count(number: int, noun: str, several: str = "") -> str:
    """1 segment, 2 segments; `several` for plurals of another form."""
    return f"{number} {noun}" if number == 1 else f"{number} {several or noun + 's'}"


def compared(saving: float) -> str:
    """A share of compute saved (negative: lost) as "53 % less", "8 % more", "the same" or "18 times"."""
    if abs(saving) < 0.005:
        return "the same"
    if saving > 0:
        return f"{percent(saving)} less"
    if saving > -1:
        return f"{percent(-saving)} more"
    return f"{1 - saving:.1f} times as much" if saving > -9 else f"{1 - saving:.0f} times as much"
