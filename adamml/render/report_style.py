"""What the panels of the printed report share: ink for white paper, titles, bare axes, and text that keeps its place.

Names are not ours and may be long, so whatever is written is measured first. Widths are in shares of the page's width.
"""

from matplotlib.axes import Axes
from PIL import ImageFont

from adamml.render.fonts import elided, font, plain

DPI = 150
INCHES = (8.27, 11.69)  # A4 upright
INK = {"rgb": "#2f6fb0", "audio": "#c9651c"}
TEXT, MUTED, FAINT = "#1b1c1e", "#5d6168", "#c9ccd1"


def title(axes: Axes, text: str) -> None:
    figure, place = axes.figure, axes.get_position()
    left = 0.07 if place.x0 < 0.5 else 0.65  # titles line up with the page, not with the axes
    figure.text(left, place.y1 + 0.012, text, fontsize=10, fontweight="bold", color=TEXT)


def width_of(text: str, points: float, *, bold: bool = False) -> float:
    """How wide a text is. Matplotlib sets the same font a little wider than Pillow, which measures it."""
    return 1.03 * _font(points, bold=bold).getlength(text) / (DPI * INCHES[0])


def fitted(text: str, points: float, width: float, *, bold: bool = False) -> str:
    """One drawable line, or as much of it as there is room for, ending in an ellipsis."""
    return elided(plain(text, 600), _font(points, bold=bold), width * DPI * INCHES[0] / 1.03)


def wrapped(text: str, points: float, width: float, most: int) -> list[str]:
    """At most so many lines; a word that is wider than a line ends in an ellipsis, and so does what is cut off."""
    lines, words = [""], [plain(word) for word in text.split(" ")]  # "43 %", with its no-break space, stays whole
    for place, word in enumerate(words):
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or width_of(longer, points) <= width:
            lines[-1] = longer
        elif len(lines) < most:
            lines.append(word)
        else:
            lines[-1] = " ".join([lines[-1], *words[place:]])
            break
    return [fitted(line, points, width) for line in lines]


def _font(points: float, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    return font(round(points * DPI / 72), bold=bold)


def plain_axes(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.tick_params(length=0, labelsize=8, colors=TEXT)
