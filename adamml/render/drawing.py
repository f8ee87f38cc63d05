"""Colors and small drawing tools that tell used, skipped and missing cells apart without color.

A used cell is solid, a skipped one is a dashed outline with a slash, a missing one is hatched. Everything is drawn at
twice the size and scaled down, because Pillow's lines have no smooth edges.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

Color = tuple[int, int, int]
Box = tuple[float, float, float, float]  # left, top, right, bottom in final pixels

GROUND: Color = (17, 19, 23)
LANE: Color = (29, 32, 38)
TEXT: Color = (240, 240, 240)
MUTED: Color = (165, 170, 178)
FAINT: Color = (88, 93, 102)
INK = {"rgb": (52, 116, 184), "audio": (196, 100, 28)}  # picture is blue, sound is orange, everywhere
LIGHT = {"rgb": (150, 196, 240), "audio": (255, 190, 130)}
SCALE = 2


class Sheet:
    """A drawing in final pixels, kept at twice the size."""

    def __init__(self, width: int, height: int, ground: Color = GROUND) -> None:
        self._image = Image.new("RGB", (width * SCALE, height * SCALE), ground)
        self._draw = ImageDraw.Draw(self._image)

    def finished(self) -> Image.Image:
        width, height = self._image.size
        return self._image.resize((width // SCALE, height // SCALE), Image.Resampling.BOX)

    def box(self, box: Box, *, fill: Color | None = None, line: Color | None = None, thick: float = 1) -> None:
        left, top, right, bottom = (round(v * SCALE) for v in box)
        if right - left < 1 or bottom - top < 1:
            return
        self._draw.rectangle(
            (left, top, right - 1, bottom - 1), fill=fill, outline=line, width=max(1, round(thick * SCALE))
        )

    def line(self, points: Sequence[tuple[float, float]], color: Color, thick: float = 1) -> None:
        flat = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(flat, fill=color, width=max(1, round(thick * SCALE)))

    def dashed(self, box: Box, color: Color, thick: float = 1.5, dash: float = 5) -> None:
        """A dashed outline."""
        left, top, right, bottom = box
        for x in np.arange(left, right, 2 * dash):
            end = min(x + dash, right)
            for y in (top + thick / 2, bottom - thick / 2):
                self.line([(x, y), (end, y)], color, thick)
        for y in np.arange(top, bottom, 2 * dash):
            end = min(y + dash, bottom)
            for x in (left + thick / 2, right - thick / 2):
                self.line([(x, y), (x, end)], color, thick)

    def hatched(self, box: Box, color: Color, step: float = 7, thick: float = 1.2) -> None:
        """Slanting lines that fill a box."""
        left, top, right, bottom = box
        height = bottom - top
        for x in np.arange(left - height, right, step):
            a, b = max(x, left), min(x + height, right)
            if a < b:
                self.line([(a, bottom - (a - x)), (b, bottom - (b - x))], color, thick)

    def wave(self, box: Box, peaks: np.ndarray, color: Color) -> None:
        """A mirrored outline of peaks (0 to 1) that fills a box, one value per half pixel."""
        left, top, right, bottom = box
        xs = np.arange(round(left * SCALE), round(right * SCALE))
        if peaks.size == 0 or xs.size == 0:
            return
        middle, half = (top + bottom) / 2 * SCALE, (bottom - top) / 2 * SCALE
        picked = peaks[np.minimum((np.arange(xs.size) * peaks.size) // xs.size, peaks.size - 1)]
        for x, peak in zip(xs.tolist(), picked.tolist(), strict=True):
            reach = max(peak * half, 1)
            self._draw.line([(x, middle - reach), (x, middle + reach)], fill=color)
