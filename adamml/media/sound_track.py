"""The sound track as mono samples at a model's rate: resampled stretch by stretch, and on disk where it is long.

An hour takes as much memory as two minutes. A stretch is resampled with enough of its neighbors that every sample is
the same sum as if the whole track had been resampled at once: the results agree to the last bit.
"""

import math
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import torch
import torchaudio

from adamml.inputs import SoundInput
from adamml.media.allowlist import MAX_RATIO, OVERRUN_S, SAMPLE_RATES
from adamml.media.decoder import Decoders, gone_wrong
from adamml.media.front_ends import sound_window, window_span
from adamml.media.info import ClipInfo

SILENT_PEAK = 1e-4  # -80 dB: a track that never gets louder was never recorded
STRETCH_S = 30
IN_MEMORY_S = 120  # 15 MB at 32 kHz. Longer tracks go to a file without a name, which dies with us
FORGIVEN_S = 0.5  # of sound that cannot be decoded; a damaged packet or two are not heard
_BYTES = 4
LOST = "{:.1f} s of the sound, from {:.1f} s on, cannot be decoded here and were left out."
CANCELLED = "Channels of the sound cancel each other out; they were brought into step before they were mixed to one."


class Track:
    """Mono samples, in memory or on disk.

    Args:
        sound: their rate, and the window that is wanted of them.
        pieces: (N,) float32 arrays, one after the other.
    """

    def __init__(self, pieces: Iterable[np.ndarray], sound: SoundInput) -> None:
        self._sound = sound
        self.size, self._peak = 0, 0.0
        self.notes: tuple[str, ...] = ()  # sentences about it, for the result's notes
        self._file = tempfile.TemporaryFile(prefix="adamml-", buffering=0)  # noqa: SIM115 - lives as long as this
        kept: list[np.ndarray] | None = []
        for piece in pieces:
            if not piece.size:
                continue
            self.size += piece.size
            self._peak = max(self._peak, float(np.abs(piece).max()))
            if kept is not None:
                kept.append(piece)
            if kept is None:
                self._file.write(piece.data)
            elif self.size > IN_MEMORY_S * sound.sample_rate:
                for earlier in kept:
                    self._file.write(earlier.data)
                kept = None
        self._samples = np.concatenate([np.zeros(0, np.float32), *kept]) if kept is not None else None
        if self._samples is not None:
            self._file.close()

    @property
    def silent(self) -> bool:
        """Whether it holds nothing that could be heard."""
        return self._peak < SILENT_PEAK

    def read(self, begin: int, end: int) -> np.ndarray:
        """Samples from `begin` to `end`, or to the track's end: (N,) float32."""
        begin, end = max(0, begin), min(end, self.size)
        if self._samples is not None or begin >= end:
            return self._samples[begin:end] if self._samples is not None else np.zeros(0, np.float32)
        self._file.seek(begin * _BYTES)
        data = bytearray((end - begin) * _BYTES)
        self._file.readinto(data)
        return np.frombuffer(data, np.float32)

    def window(self, center_s: float) -> np.ndarray:
        """What `sound_window` finds around a moment: (samples,) float32."""
        if self._samples is not None:
            return sound_window(self._samples, center_s, self._sound)
        return self.read(*window_span(self.size, center_s, self._sound))


def decode_track(
    decoders: Decoders, info: ClipInfo, sound: SoundInput, start: float | None = None, end: float | None = None
) -> Track:
    """The whole sound track; empty when nothing decodes.

    Args:
        info: of the whole file.
        sound: what the model is given.
        start, end: seconds of the clip to keep; None stands for all there is. Cut before resampling, as a file that
            held only this part would be.

    Returns:
        Samples that begin at `info.audio.start`, or at `start` where that is later.
    """
    if info.audio is None:
        return Track([], sound)
    rate, notes = sound.sample_rate, set[str]()
    track = Track(_resampled(_blocks(decoders, info, rate, start, end, notes), rate), sound)
    track.notes = tuple(sorted(notes))
    return track


def _blocks(
    decoders: Decoders, info: ClipInfo, wanted: int, start: float | None, end: float | None, notes: set[str]
) -> Iterator[tuple[np.ndarray, int]]:
    """What the decoder says, checked: mono samples with their common rate. What is worth a note goes to `notes`."""
    total, first = 0, 0
    with closing(decoders.ask("sound", info.patience, info=info, wanted=wanted, start=start, end=end)) as answers:
        for said, block in answers:
            rate: Any = said.get("rate")
            first = first or rate
            whole = block is not None and block.dtype == np.float32 and block.ndim == 1
            if block is None or not whole or not _sensible(rate, wanted) or rate != first:
                raise gone_wrong(info.path.name)
            total += block.size
            if total > 2 * (info.settings.max_seconds + OVERRUN_S) * rate:
                raise gone_wrong(info.path.name)
            if said.get("cancelled") is True:
                notes.add(CANCELLED)
            first_lost, lost = said.get("first_lost", 0.0), said.get("lost", 0.0)
            if not all(type(value) is float and math.isfinite(value) for value in (first_lost, lost)):
                raise gone_wrong(info.path.name)
            if lost > FORGIVEN_S:
                notes.add(LOST.format(lost, max(0.0, first_lost - (start or 0.0))))
            yield block, rate


def _sensible(rate: object, wanted: int) -> bool:
    if type(rate) is not int or not SAMPLE_RATES[0] <= rate <= SAMPLE_RATES[1]:
        return False
    return max(rate, wanted) // math.gcd(rate, wanted) <= MAX_RATIO


def _resampled(blocks: Iterator[tuple[np.ndarray, int]], wanted: int) -> Iterator[np.ndarray]:
    """The same at the wanted rate."""
    held, lead = np.zeros(0, np.float32), 0  # `lead` samples of `held` are only there for what follows them
    rate, waiting, count = wanted, [held], 0
    for block, rate in blocks:
        if rate == wanted:
            yield block
            continue
        waiting.append(block)
        count += block.size
        common = math.gcd(rate, wanted)
        old, new = rate // common, wanted // common
        # The filter's reach on either side (torchaudio: 6 zero crossings, roll-off 0.99), in whole steps.
        reach = old * (math.ceil(6 * old / (0.99 * min(old, new)) / old) + 1)
        stretch = old * (STRETCH_S * common)
        if count < lead + stretch + reach:
            continue
        held = np.concatenate(waiting)
        while held.size >= lead + stretch + reach:
            made = _resample(held[: lead + stretch + reach], rate, wanted)
            yield made[lead // old * new : (lead + stretch) // old * new]
            held, lead = held[lead + stretch - reach :], reach
        waiting, count = [held], held.size
    held = np.concatenate(waiting)
    if held.size:
        common = math.gcd(rate, wanted)
        yield _resample(held, rate, wanted)[lead // (rate // common) * (wanted // common) :]


def _resample(mono: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    return torchaudio.functional.resample(torch.from_numpy(mono), rate, wanted).numpy()
