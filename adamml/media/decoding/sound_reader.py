"""Samples of the sound track in step with their time stamps. Mixing down is done here, resampling is not."""

import math
from collections.abc import Callable, Iterator, Sequence

import av
import numpy as np

from adamml.media.allowlist import MAX_RATIO, OVERRUN_S
from adamml.media.decoding.container import AV_ERRORS, check_sound, decoded, open_container, packets_of
from adamml.media.decoding.downmix import mono, shares_of, together
from adamml.media.decoding.sound_sync import InStep
from adamml.media.errors import ClipLimitError
from adamml.media.info import ClipInfo

LONG_S = 10.0  # no packet of sound lasts longer
BLOCK = 65_536  # samples that are sent on at a time, and that silence comes in


class Lost:
    """Counts what a track holds and the decoder cannot read, between two moments of the clip.

    Attributes:
        first: seconds of the clip at which the first of it should have been heard.
        seconds: how much it is. Packets of another coding may claim to last longer than until the next one.
    """

    def __init__(self, origin: float, start: float | None, end: float | None) -> None:
        self._origin, self._start, self._end = origin, start or 0.0, math.inf if end is None else end
        self.first, self.seconds = math.inf, 0.0

    def add(self, packet: av.Packet) -> None:
        base = float(packet.time_base or 0)
        if packet.pts is None or packet.is_discard:
            return
        time = packet.pts * base - self._origin
        if self._start <= time < self._end:
            length = min((packet.duration or 0) * base, LONG_S)
            self.first = min(self.first, time)
            self.seconds = min(self.seconds + length, time + length - self.first)


def mono_blocks(
    info: ClipInfo, wanted: int, start: float | None, end: float | None, lost: Lost
) -> Iterator[tuple[np.ndarray, int, bool]]:
    """The track mixed down: (N,) float32 blocks with their common rate, ready to be resampled by torchaudio.

    The third of each says whether channels cancelled each other out in its plain mean, which was then not taken.

    Args:
        info: of the whole file.
        wanted: samples per second that it will be resampled to.
        start, end: seconds of the clip to keep; None stands for all there is. Cut before resampling, as a file that
            held only this part would be.
        lost: is told what cannot be decoded.
    """
    assert info.audio is not None
    waiting: list[np.ndarray] = []
    rate, position = wanted, 0
    for piece, rate in sound_pieces(info, wanted=wanted, lost=lost.add):
        begin = max(0, round(((start or 0.0) - info.audio.start) * rate) - position)
        stop = piece.shape[1] if end is None else round((end - info.audio.start) * rate) - position
        if stop <= 0:
            break
        waiting.append(np.nan_to_num(piece[:, begin:stop], nan=0.0, posinf=0.0, neginf=0.0))
        position += piece.shape[1]
        if sum(part.shape[1] for part in waiting) >= BLOCK:
            yield from _mixed(waiting, rate)
            waiting = []
    if waiting:
        yield from _mixed(waiting, rate)


def _mixed(pieces: Sequence[np.ndarray], rate: int) -> Iterator[tuple[np.ndarray, int, bool]]:
    for samples in together(pieces):
        mixed, cancelled = mono(samples)
        yield mixed, rate, cancelled


def sound_pieces(
    info: ClipInfo,
    *,
    rate: int | None = None,
    wanted: int = 0,
    layout: str | None = None,
    in_step: bool = False,
    lost: Callable[[av.Packet], None] = lambda packet: None,
) -> Iterator[tuple[np.ndarray, int]]:
    """(channels, N) float32 pieces of the sound track with their rate, kept in step with their time stamps.

    Args:
        rate: samples per second; the track's own when not given, unless that is an odd one beside `wanted`.
        wanted: samples per second that the pieces will be resampled to, where `rate` is not given.
        layout: "stereo", say; every frame's own when not given, with silence in one channel, and channels of surround
            sound by their shares in a mix.
        in_step: begin with silence until the first sample's own time, however short, so that lips and sound agree.
        lost: see `decoded`.

    Raises:
        ClipLimitError: for a track that goes on long after its time stamps have ended.
    """
    assert info.audio is not None
    with open_container(info.path) as container:
        stream = container.streams[info.audio.stream]
        assert isinstance(stream, av.AudioStream)
        if rate is None:
            native = stream.rate or wanted
            common = math.gcd(native, wanted)
            rate = native if max(native, wanted) // common <= MAX_RATIO else wanted
        channels = av.AudioLayout(layout).nb_channels if layout else 1
        resampler: av.AudioResampler | None = None
        shape: tuple[str, str, int] | None = None
        shares: np.ndarray | None = None
        written = 0
        step = InStep(rate, from_start=in_step)
        packets = packets_of(container, stream, info.audio.joins)
        for frame in decoded(packets, stream, info.path.name, info.settings, lost):
            if frame.sample_rate <= 0 or frame.samples <= 0:
                continue
            arrives = frame.format.name, frame.layout.name, frame.sample_rate
            if shape != arrives:  # first frame, or the format changes midway
                check_sound(info.path.name, frame.sample_rate, frame.layout.nb_channels)
                shape = arrives
                # Packed: with eight channels and more PyAV looks for planes where there are none, and dies.
                resampler = av.AudioResampler(format="flt", layout=layout or frame.layout.name, rate=rate)
                shares = None if layout else shares_of(frame.layout)
            time = None if frame.time is None else frame.time - info.origin - info.audio.start
            missing = step.silence_before(time, written)
            if missing and (written + missing) / rate <= info.audio.end:
                for silence in silent_blocks(channels, missing):
                    written += silence.shape[1]
                    yield silence, rate
            assert resampler is not None
            try:
                converted = resampler.resample(frame)
            except MemoryError:
                raise
            except AV_ERRORS:
                continue
            for part in converted:
                samples = part.to_ndarray().reshape(-1, part.layout.nb_channels).T
                samples = step.fitted(samples if shares is None else samples * shares)
                written += samples.shape[1]
                if written > (info.settings.max_seconds + OVERRUN_S) * rate:
                    raise ClipLimitError(
                        f"The sound of {info.path.name!r} goes on for more than the {info.settings.max_seconds:.0f} s "
                        "that are allowed; cut it shorter and try again."
                    )
                if samples.shape[1]:
                    yield samples, rate


def silent_blocks(channels: int, count: int) -> Iterator[np.ndarray]:
    """(channels, N) float32 zeros, `count` samples in all."""
    for begin in range(0, count, BLOCK):
        yield np.zeros((channels, min(BLOCK, count - begin)), np.float32)
