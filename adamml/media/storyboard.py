"""Small pictures and a waveform of a clip, for people to look at."""

import io
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image

from adamml.media.clip import Clip
from adamml.media.video import frames_at, scaled

THUMBNAIL_SIDE = 90
WAVEFORM_BINS = 400


@dataclass(frozen=True, kw_only=True)
class Storyboard:
    """What a person sees of a clip at a glance.

    Attributes:
        thumbnails: one JPEG per segment, taken at its middle; None where there is no picture.
        waveform: peaks from 0 to 1 over the whole clip, loudest 1; empty where there is no sound.
    """

    thumbnails: tuple[bytes | None, ...]
    waveform: tuple[float, ...]


def draw_storyboard(clip: Clip) -> Storyboard:
    """Decode one frame per segment and the sound's outline."""
    middles = {segment.index: (segment.start + segment.end) / 2 for segment in clip.segments}
    shown = [segment.index for segment in clip.segments if clip.has_picture(segment)]
    jpegs: dict[float, bytes] = {}
    if shown:
        for time, frame in frames_at(clip.info, [middles[index] for index in shown]):
            jpegs[time] = _jpeg(scaled(frame, THUMBNAIL_SIDE, clip.info.pixel_aspect))
    thumbnails = tuple(jpegs.get(middles[s.index]) if s.index in shown else None for s in clip.segments)
    return Storyboard(thumbnails=thumbnails, waveform=_waveform(clip))


def _jpeg(pixels: np.ndarray) -> bytes:
    side = min(pixels.shape[1], 2 * THUMBNAIL_SIDE)
    left = (pixels.shape[1] - side) // 2
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[: THUMBNAIL_SIDE * 2, left : left + side])).save(
        buffer, "JPEG", quality=70
    )
    return buffer.getvalue()


def _waveform(clip: Clip) -> tuple[float, ...]:
    if clip.info.audio is None or clip.silent:
        return ()
    samples = clip.samples()
    edges = np.linspace(0, samples.size, WAVEFORM_BINS + 1).astype(int)
    peaks = np.array([float(np.abs(samples[a:b]).max()) if b > a else 0.0 for a, b in pairwise(edges)])
    return tuple(round(float(peak), 3) for peak in peaks / max(float(peaks.max()), 1e-6))
