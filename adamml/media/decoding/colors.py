"""Pictures with more light or color than a common screen shows (PQ, HLG, BT.2020), brought to what it shows.

Networks have learned from common pictures. Reference white is 203 cd/m2 (ITU-R BT.2408) and becomes white; what is
darker keeps its brightness, what is brighter is pressed together below the brightest that there is. Curves are those
of ITU-R BT.2100, the matrix that of BT.2087, and a common screen is one of BT.1886: light is signal to the power 2.4.
"""

from functools import cache

import av
import numpy as np

PQ, HLG, BT2020 = "PQ", "HLG", "BT.2020"
WHITE = 203.0  # cd/m2
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2  # of the screen that HLG is made for
KNEE = 0.8  # share of white up to which light stays as it is
GAMMA = 2.4
_PRIMARIES_BT2020, _TRC_PQ, _TRC_HLG = 9, 16, 18  # FFmpeg's numbers
# Linear light, BT.2020 to BT.709; rows give red, green and blue.
_TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
_LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)


def wide_kind(frame: av.VideoFrame) -> str | None:
    """PQ, HLG or BT.2020; None for a common picture, which is left as it is."""
    if frame.color_trc == _TRC_PQ:
        return PQ
    if frame.color_trc == _TRC_HLG:
        return HLG
    return BT2020 if frame.color_primaries == _PRIMARIES_BT2020 else None


def note_of(kind: str) -> str:
    """What the result says of it."""
    if kind == BT2020:
        return "The picture has the wide colors of BT.2020; they were brought to those of common pictures (BT.709)."
    return f"The picture is HDR ({kind}); it was brought to the brightness and colors of common pictures (BT.709)."


def common(pixels: np.ndarray, kind: str) -> np.ndarray:
    """(H, W, 3) uint16 RGB signal of one of the kinds -> (H, W, 3) uint8 RGB for a common screen."""
    light = _curve(kind)[pixels >> 4]  # shares of white; 12 bits are more than any file has
    if kind == HLG:
        # The screen's own part: brighter scenes get more contrast (BT.2100, table 5).
        luminance = np.maximum(light @ _LUMA, 1e-9)[..., None]
        light = light * luminance ** np.float32(HLG_GAMMA - 1) * np.float32(HLG_PEAK / WHITE)
    light = np.maximum(light @ _TO_BT709.T, 0)
    if kind != BT2020:
        brightest = light.max(axis=-1, keepdims=True)
        light = light * (_pressed(brightest) / np.maximum(brightest, 1e-6))  # all three alike, so that hues stay
    signal = np.minimum(light, 1) ** np.float32(1 / GAMMA)
    return np.round(signal * 255).astype(np.uint8)


def _pressed(light: np.ndarray) -> np.ndarray:
    room = 1 - KNEE
    return np.where(light <= KNEE, light, 1 - room * np.exp(-(np.maximum(light, KNEE) - KNEE) / room))


@cache
def _curve(kind: str) -> np.ndarray:
    """(4096,) linear light of a signal: shares of white, and of the scene's brightest for HLG."""
    signal = np.arange(4096) / 4095
    if kind == PQ:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        root = signal ** (1 / m2)
        return (10_000 / WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)).astype(np.float32)
    if kind == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12).astype(np.float32)
    return (signal**GAMMA).astype(np.float32)
