"""Small pictures for people, as bytes that a page can show: frames, spectrograms, and a heatmap over either.

A heatmap is black with holes: it darkens what did not matter and leaves bright what did, which works on any picture
and for any eye.
"""

import io

import numpy as np
from PIL import Image

from adamml.inputs import PUBLISHED_INPUT, SoundInput

# Spectrogram colors from silence to loud: night, ember, orange, straw. Brightness grows all the way.
_STOPS = np.array([(18, 16, 24), (84, 34, 32), (196, 96, 24), (246, 176, 84), (255, 246, 222)], np.float64)
_PALETTE = np.stack(
    [np.interp(np.linspace(0, len(_STOPS) - 1, 256), range(len(_STOPS)), _STOPS[:, c]) for c in range(3)], 1
).astype(np.uint8)
_DARKEST = 0.82  # opacity of the heatmap where nothing mattered


def jpeg(pixels: np.ndarray, side: int | None = None) -> bytes:
    """(H, W, 3) uint8 as JPEG, scaled to `side` by `side` if given."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if side is not None:
        picture = picture.resize((side, side), Image.Resampling.BILINEAR)
    return _encoded(picture, "JPEG", quality=72)


def spectrogram_png(sound_FT: np.ndarray, sound: SoundInput = PUBLISHED_INPUT.sound) -> bytes:
    """(F, T) in the form that `sound` describes, low frequencies first -> PNG with low frequencies at the bottom."""
    loudest = max(float(sound_FT.max()), sound.silence + 6 * sound.unit)  # near-silence stays dark
    level = np.clip((sound_FT - sound.silence) / (loudest - sound.silence), 0, 1)
    picture = Image.fromarray(np.ascontiguousarray((level[::-1] * 255).astype(np.uint8))).convert("P")
    picture.putpalette(_PALETTE.tobytes())
    return _encoded(picture, "PNG")


def heatmap_png(heat_HW: np.ndarray, side: int = 112) -> bytes:
    """(H, W) from 0 to 1, first row on top -> PNG that darkens what did not matter."""
    dark = ((1 - np.clip(heat_HW, 0, 1)) * _DARKEST * 255).astype(np.uint8)
    alpha = Image.fromarray(dark).resize((side, side), Image.Resampling.BICUBIC)
    picture = Image.new("LA", (side, side), 0)
    picture.putalpha(alpha)
    return _encoded(picture, "PNG")


def _encoded(picture: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
