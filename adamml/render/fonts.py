"""The one font of all exports, DejaVu Sans, which comes with matplotlib; so nothing is expected of the system.

File names and class names are not ours: they may hold control characters, text that runs backwards, or letters that the
font lacks. `plain` makes any text fit to be drawn: one line, letters that exist, of bounded length.
"""

import unicodedata
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font
from PIL import ImageFont

LACKING = "\N{WHITE VERTICAL RECTANGLE}"
_FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans at `size` pixels. The simple layout engine draws one glyph per letter, whatever the script."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(_FOLDER / name, size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _letters() -> frozenset[int]:
    return frozenset(FT2Font(str(_FOLDER / "DejaVuSans.ttf")).get_charmap())


def plain(text: str, most: int = 120) -> str:
    """One drawable line of at most `most` letters; what the font lacks becomes a hollow box."""
    letters = []
    for letter in unicodedata.normalize("NFC", text[: 4 * most]):
        kind = unicodedata.category(letter)
        if kind in ("Cf", "Mn", "Me"):  # turns the writing direction, or joins and stacks: nothing to draw by itself
            continue
        if kind.startswith(("C", "Z")):
            letters.append(" " if kind[0] == "Z" or letter.isspace() else LACKING)
        else:
            letters.append(letter if ord(letter) in _letters() else LACKING)
    line = " ".join("".join(letters).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def elided(text: str, lettering: ImageFont.FreeTypeFont, width: float) -> str:
    """The text, or as much of it as fits `width` pixels, ending in an ellipsis; empty when not one letter fits."""
    if lettering.getlength(text) <= width:
        return text
    while text and lettering.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…" if text.strip() else ""
