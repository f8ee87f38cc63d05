"""What stands in for the picture of a clip that has only sound: its waveform, lit as far as it has been played."""

import numpy as np
from PIL import ImageDraw

from adamml.render.drawing import FAINT, LIGHT, MUTED, TEXT, Sheet
from adamml.render.fonts import elided, font, plain

_MARGIN = 40


class WaveformCard:
    """Draws (height, width, 3) uint8 for any moment.

    Args:
        name: the clip's name, as it came.
        peaks: (N,) from 0 to 1 over the whole clip.
    """

    def __init__(self, name: str, peaks: np.ndarray, duration: float, size: tuple[int, int]) -> None:
        self._width, self._height = size
        self._duration = duration
        self._ahead = self._draw(name, peaks, FAINT)
        self._played = self._draw(name, peaks, LIGHT["audio"])

    def at(self, time: float) -> np.ndarray:
        """The card at `time` seconds."""
        pixels = self._ahead.copy()
        share = min(max(time / self._duration, 0.0), 1.0)
        x = round(_MARGIN + (self._width - 2 * _MARGIN) * share)
        pixels[:, :x] = self._played[:, :x]
        pixels[70:-30, x - 1 : x + 1] = TEXT
        return pixels

    def _draw(self, name: str, peaks: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
        sheet = Sheet(self._width, self._height)
        sheet.wave((_MARGIN, 80, self._width - _MARGIN, self._height - 40), peaks, color)
        image = sheet.finished()
        draw = ImageDraw.Draw(image)
        title = elided(plain(name), font(20), self._width - 2 * _MARGIN)
        draw.text((_MARGIN, 20), title, TEXT, font(20))
        draw.text((_MARGIN, 48), "sound without a picture", MUTED, font(14))
        return np.asarray(image)
