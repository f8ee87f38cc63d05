"""What the panels of the printed report share: ink for white paper, titles, bare axes."""

from matplotlib.axes import Axes

INK = {"rgb": "#2f6fb0", "audio": "#c9651c"}
TEXT, MUTED, FAINT = "#1b1c1e", "#5d6168", "#c9ccd1"


def title(axes: Axes, text: str) -> None:
    figure, place = axes.figure, axes.get_position()
    left = 0.07 if place.x0 < 0.5 else 0.65  # titles line up with the page, not with the axes
    figure.text(left, place.y1 + 0.012, text, fontsize=10, fontweight="bold", color=TEXT)


def plain_axes(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.tick_params(length=0, labelsize=8, colors=TEXT)
