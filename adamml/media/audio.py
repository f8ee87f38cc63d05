"""The sound track as mono samples at 24 kHz."""

import math
from collections.abc import Iterator

import av
import numpy as np
import torch
import torchaudio

from adamml.media.container import AV_ERRORS, ClipInfo, decoded, open_container
from adamml.media.spectrogram import SAMPLE_RATE

SILENT_PEAK = 1e-4  # -80 dB: a track that never gets louder was never recorded
GAP_S = 0.05  # a jump in time stamps longer than this is kept as silence
# torchaudio's polyphase kernel grows with the reduced ratio; odd rates such as 44,099 Hz would need gigabytes.
MAX_RATIO = 2000


def decode_sound(info: ClipInfo, start: float | None = None, end: float | None = None) -> np.ndarray:
    """The track, (N,) float32 mono at 24 kHz; empty when nothing decodes.

    Args:
        info: of the whole file.
        start, end: seconds of the clip to keep; None stands for all there is. Cut before resampling, as a file that
            held only this part would be.

    Returns:
        Samples that begin at `info.audio.start`, or at `start` where that is later.
    """
    if info.audio is None:
        return np.zeros(0, np.float32)
    pieces: list[np.ndarray] = []
    rate, position = SAMPLE_RATE, 0
    for samples, rate in _decoded(info):
        begin = max(0, round(((start or 0.0) - info.audio.start) * rate) - position)
        stop = samples.size if end is None else round((end - info.audio.start) * rate) - position
        if stop <= 0:
            break
        pieces.append(samples[begin:stop])
        position += samples.size
    if not pieces:
        return np.zeros(0, np.float32)
    mono = np.nan_to_num(np.concatenate(pieces), nan=0.0, posinf=0.0, neginf=0.0)
    if rate != SAMPLE_RATE:
        mono = torchaudio.functional.resample(torch.from_numpy(mono), rate, SAMPLE_RATE).numpy()
    return mono


def is_silent(samples: np.ndarray) -> bool:
    """Whether a track holds nothing that could be heard."""
    return samples.size == 0 or float(np.abs(samples).max()) < SILENT_PEAK


def _decoded(info: ClipInfo) -> Iterator[tuple[np.ndarray, int]]:
    """Mono pieces with their common rate, ready to be resampled by torchaudio."""
    for samples, rate in sound_pieces(info):
        yield samples.mean(axis=0, dtype=np.float32), rate


def sound_pieces(
    info: ClipInfo, *, rate: int | None = None, layout: str | None = None, in_step: bool = False
) -> Iterator[tuple[np.ndarray, int]]:
    """(channels, N) float32 pieces of the sound track with their rate; gaps in the time stamps become silence.

    Args:
        rate: samples per second; the track's own when not given, unless that is an odd one.
        layout: "stereo", say; every frame's own when not given, with silence in one channel.
        in_step: begin with silence until the first sample's own time, however short, so that lips and sound agree.
    """
    assert info.audio is not None
    with open_container(info.path) as container:
        stream = container.streams[info.audio.stream]
        assert isinstance(stream, av.AudioStream)
        if rate is None:
            native = stream.rate or SAMPLE_RATE
            common = math.gcd(native, SAMPLE_RATE)
            rate = native if max(native, SAMPLE_RATE) // common <= MAX_RATIO else SAMPLE_RATE
        channels = av.AudioLayout(layout).nb_channels if layout else 1
        resampler: av.AudioResampler | None = None
        shape: tuple[str, str, int] | None = None
        written = 0
        for frame in decoded(container, stream):
            if frame.sample_rate <= 0 or frame.samples <= 0:
                continue
            arrives = frame.format.name, frame.layout.name, frame.sample_rate
            if shape != arrives:  # first frame, or the format changes midway
                shape = arrives
                resampler = av.AudioResampler(format="fltp", layout=layout or frame.layout.name, rate=rate)
            if frame.time is not None:
                missing = (frame.time - info.origin - info.audio.start) - written / rate
                least = 0.0 if in_step and written == 0 else GAP_S
                if missing > least and written / rate + missing <= info.audio.end:
                    silence = np.zeros((channels, int(missing * rate)), np.float32)
                    written += silence.shape[1]
                    yield silence, rate
            assert resampler is not None
            try:
                converted = resampler.resample(frame)
            except AV_ERRORS:
                continue
            for part in converted:
                samples = part.to_ndarray()
                written += samples.shape[1]
                yield samples, rate
