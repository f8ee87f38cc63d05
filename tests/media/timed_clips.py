"""Clips that tell the time: each picture its number, the sound a rising pitch. And files changed packet by packet."""

import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe

from adamml.inputs import PUBLISHED_INPUT
from adamml.media import Clip
from tests.clips import number_picture, read_number, write_clip

FPS = 25
LOW, RISE = 400.0, 200.0  # hertz at 0 s, and hertz more each second
Move = Callable[[av.Packet], bool]


def rising(seconds: float, rate: int = 48_000, channels: int = 1) -> np.ndarray:
    """(channels, N) float32: a tone whose pitch tells the time."""
    t = np.arange(round(seconds * rate)) / rate
    tone = 0.5 * np.sin(2 * np.pi * (LOW * t + RISE / 2 * t * t))
    return np.repeat(tone[None].astype(np.float32), channels, 0)


def time_heard(samples: np.ndarray, at: float, rate: int = PUBLISHED_INPUT.sound.sample_rate) -> float | None:
    """What the tone around a moment says; None for silence."""
    middle = round(at * rate)
    piece = samples[max(0, middle - rate // 20) : middle + rate // 20]
    if piece.size < rate // 20 or np.abs(piece).max() < 0.02:
        return None
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(piece.size), 65_536))
    return float((np.argmax(spectrum) * rate / 65_536 - LOW) / RISE)


def telling(path: Path, *, seconds: float = 8.0, gop: int = 50, **options: object) -> Path:
    """A clip of pictures that tell their number, at 25 a second, and of the rising tone."""
    given = {"sound": rising(seconds), "rate": 48_000, "picture": number_picture, "fps": FPS} | options
    return write_clip(path, seconds=seconds, gop=gop, **given)  # type: ignore[arg-type]


def copied(
    sources: Sequence[Path],
    target: Path,
    change: Move = lambda packet: True,
    *,
    template: Callable[[av.stream.Stream], None] = lambda stream: None,
) -> Path:
    """The packets of files, as they are coded, in a new one: those that `change` returns True for, as it leaves them.

    Tracks lie in the order of the sources. `template` may set what the new file says of a track.
    """
    containers = [av.open(str(source)) for source in sources]
    with av.open(str(target), "w") as out:
        made = {}
        for container in containers:
            for stream in container.streams:
                made[stream] = out.add_stream_from_template(stream)
                template(made[stream])
        for container in containers:
            for packet in container.demux():
                if packet.size and change(packet):
                    assert packet.dts is not None, "the source must say when to decode: MP4 does, MKV need not"
                    packet.stream = made[packet.stream]
                    out.mux(packet)
    for container in containers:
        container.close()
    return target


def shifted(seconds: float, least: float = float("-inf")) -> Move:
    """Packets moved in time, without those that were stored before `least`."""

    def change(packet: av.Packet) -> bool:
        assert packet.dts is not None
        assert packet.pts is not None
        ticks = round(Fraction(seconds) / packet.time_base)
        keep = packet.pts * packet.time_base >= least
        packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
        return keep

    return change


def shown(clip: Clip) -> list[tuple[float, int]]:
    """(moment in seconds, number of the picture) of all that the segments see."""
    seen = [segment for segment in clip.segments if clip.has_picture(segment)]
    frames = clip.frames(seen)
    return [
        (time, read_number(picture))
        for segment in seen
        for time, picture in zip(segment.frame_times, frames[segment.index], strict=True)
    ]


def number_in(picture: np.ndarray) -> int:
    """The number in a whole picture made by `number_picture`, (H, W, 3), black beside it or not."""
    side = picture.shape[0] * 7 // 8
    left = (picture.shape[1] - side) // 2
    return read_number(picture[:, left : left + side])


def frames_played(path: Path, track: int = 0) -> list[tuple[float, av.VideoFrame]]:
    """(seconds, frame) of all that FFmpeg shows of a file, by its own clock."""
    with av.open(str(path)) as container:
        return [(float(frame.time), frame) for frame in container.decode(container.streams.video[track])]


def first_picture(path: Path, size: tuple[int, int], track: int | None = None) -> np.ndarray:
    """(H, W, 3) uint8 of the first picture as the ffmpeg program shows it, turned as the file asks.

    Args:
        size: width and height, to which pixels that are not square are brought.
        track: number of the stream in the file; the program's own choice when not given.
    """
    chosen = [] if track is None else ["-map", f"0:{track}"]
    command = [get_ffmpeg_exe(), "-v", "error", "-i", str(path), *chosen, "-frames:v", "1"]
    command += ["-vf", f"scale={size[0]}:{size[1]}", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(size[1], size[0], 3)
