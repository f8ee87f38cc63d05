"""Small pictures and a waveform of a clip, for people to look at."""

import io
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image

from adamml.media.clip import Clip
from adamml.media.decoder import matched

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
    """Decode one frame per segment and the sound's outline.

    Raises:
        ClipError: when the clip cannot be decoded.
    """
    middles = {s.index: (s.start + s.end) / 2 for s in clip.segments if clip.has_picture(s)}
    jpegs = _jpegs(clip, sorted(set(middles.values())))
    thumbnails = tuple(jpegs[middles[s.index]] if s.index in middles else None for s in clip.segments)
    return Storyboard(thumbnails=thumbnails, waveform=_waveform(clip))


def _jpegs(clip: Clip, times: list[float]) -> dict[float, bytes]:
    if not times:
        return {}
    info = clip.info
    asked = clip.decoders.ask("thumbnails", info.patience, info=info, times=times, side=THUMBNAIL_SIDE)
    with closing(asked) as answers:
        return {time: _jpeg(pixels) for time, pixels in matched(times, answers, info.path.name, _is_small)}


def _is_small(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[2] == 3 and 0 < max(shape) <= 2 * THUMBNAIL_SIDE


def _jpeg(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def _waveform(clip: Clip) -> tuple[float, ...]:
    if clip.info.audio is None or clip.silent:
        return ()
    samples = round(clip.info.duration * clip.given.sound.sample_rate)
    edges = np.linspace(0, samples, WAVEFORM_BINS + 1).astype(int)
    peaks = np.array([float(np.abs(clip.samples(a, b)).max()) if b > a else 0.0 for a, b in pairwise(edges.tolist())])
    return tuple(round(float(peak), 3) for peak in peaks / max(float(peaks.max()), 1e-6))
