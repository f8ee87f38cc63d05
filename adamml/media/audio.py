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
    """Mono pieces with their common rate; gaps in the time stamps become silence."""
    assert info.audio is not None
    with open_container(info.path) as container:
        stream = container.streams[info.audio.stream]
        assert isinstance(stream, av.AudioStream)
        native = stream.rate or SAMPLE_RATE
        common = math.gcd(native, SAMPLE_RATE)
        rate = native if max(native, SAMPLE_RATE) // common <= MAX_RATIO else SAMPLE_RATE
        resampler: av.AudioResampler | None = None
        shape: tuple[str, str, int] | None = None
        written = 0
        for frame in decoded(container, stream):
            if frame.sample_rate <= 0 or frame.samples <= 0:
                continue
            layout = frame.layout.name
            if shape != (frame.format.name, layout, frame.sample_rate):  # first frame, or the format changes midway
                shape = frame.format.name, layout, frame.sample_rate
                resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
            if frame.time is not None:
                missing = (frame.time - info.origin - info.audio.start) - written / rate
                if missing > GAP_S and written / rate + missing <= info.audio.end:
                    silence = np.zeros(int(missing * rate), np.float32)
                    written += silence.size
                    yield silence, rate
            assert resampler is not None
            try:
                converted = resampler.resample(frame)
            except AV_ERRORS:
                continue
            for part in converted:
                mono = part.to_ndarray().mean(axis=0, dtype=np.float32)
                written += mono.size
                yield mono, rate
