"""Clips made for the tests: every frame's brightness tells its number, so that sampling can be read off the pixels."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 160, 120


@contextmanager
def ordinary_priority() -> Iterator[None]:
    """Undo what SVT-AV1 does when root runs it: the calling thread becomes a real-time one, which starves all others.

    Threads and processes that are started later would inherit it, a test run's browser among them.
    """
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def moving_picture(index: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A bright block that wanders over a dark gradient."""
    frame = np.zeros((height, width, 3), np.uint8)
    frame[..., 0] = np.linspace(20, 120, width, dtype=np.uint8)
    frame[..., 1] = np.linspace(20, 90, height, dtype=np.uint8)[:, None]
    left = (index * 3) % max(1, width - 40)
    frame[height // 4 : height // 2, left : left + 40] = 220
    return frame


def number_picture(index: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Eight columns in the middle of the frame, black or white: the bits of the frame's number."""
    frame = np.full((height, width, 3), 128, np.uint8)
    side = height * 7 // 8
    left = (width - side) // 2
    for bit in range(8):
        frame[:, left + bit * side // 8 : left + (bit + 1) * side // 8] = 255 if index >> bit & 1 else 0
    return frame


def read_number(crop: np.ndarray) -> int:
    """The number in a centre-cropped frame made by `number_picture`."""
    step = crop.shape[1] / 8
    return sum(int(crop[:, int((bit + 0.5) * step)].mean() > 128) << bit for bit in range(8))


def tone(seconds: float, rate: int = 24_000, channels: int = 1, hertz: float = 440.0) -> np.ndarray:
    """(channels, N) float32: a tone that comes and goes."""
    t = np.arange(int(seconds * rate)) / rate
    x = 0.4 * np.sin(2 * np.pi * hertz * t) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.7 * t))
    return np.repeat(x[None].astype(np.float32), channels, 0)


def write_clip(
    path: Path,
    *,
    seconds: float = 3.0,
    fps: Fraction | int = 25,
    picture=moving_picture,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    sound: np.ndarray | None = None,
    rate: int = 24_000,
    codec: str = "libx264",
    audio_codec: str = "aac",
    times: list[float] | None = None,
    gop: int = 12,
    options: dict[str, str] | None = None,
    coding: dict[str, str] | None = None,
) -> Path:
    """Write a clip. `picture=None` leaves the picture out, `sound=None` the sound; `times` gives a variable rate.

    `options` are the container's, `coding` the encoder's.
    """
    with av.open(str(path), "w", options=options or {}) as out:
        video = None
        if picture is not None:
            video = out.add_stream(codec, rate=Fraction(fps))
            video.width, video.height, video.pix_fmt = *size, "yuv420p"
            video.gop_size = gop
            if coding is not None:
                video.options = coding
            elif codec == "libx264":
                video.options = {"crf": "12", "preset": "ultrafast"}
            if times is not None:
                video.time_base = video.codec_context.time_base = Fraction(1, 90_000)
        audio = None
        if sound is not None:
            layout = {1: "mono", 2: "stereo", 6: "5.1"}[sound.shape[0]]
            audio = out.add_stream(audio_codec, rate=rate, layout=layout)
        if video is not None:
            count = len(times) if times is not None else round(seconds * fps)
            for index in range(count):
                frame = av.VideoFrame.from_ndarray(picture(index, *size), format="rgb24")
                if times is not None:
                    frame.pts, frame.time_base = round(times[index] * 90_000), Fraction(1, 90_000)
                else:
                    frame.pts, frame.time_base = index, 1 / Fraction(fps)
                out.mux(video.encode(frame))
            out.mux(video.encode())
        if audio is not None:
            for begin in range(0, sound.shape[1], 1024):
                piece = np.ascontiguousarray(sound[:, begin : begin + 1024])
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
                frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
                out.mux(audio.encode(frame))
            out.mux(audio.encode())
    return path
