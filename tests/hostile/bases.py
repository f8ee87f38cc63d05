"""Small valid clips in every container that is let in, as bytes; made once."""

import tempfile
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av

from tests.clips import moving_picture, tone, write_clip

SIZE = (64, 48)
# name -> how it is made: about half a second each
_RECIPES: dict[str, dict] = {
    "h264.mp4": {"sound": tone(0.6)},
    "fragments.mp4": {"sound": tone(0.6), "options": {"movflags": "frag_keyframe+empty_moov"}},
    "hevc.mp4": {"codec": "libx265"},
    "sound.mov": {"picture": None, "sound": tone(0.6), "audio_codec": "pcm_s16le"},
    "h264.mkv": {"sound": tone(0.6, 48_000), "rate": 48_000, "audio_codec": "libopus"},
    "vp8.webm": {"codec": "libvpx", "sound": tone(0.6, 48_000), "rate": 48_000, "audio_codec": "libopus"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "mpeg4.avi": {"codec": "mpeg4", "sound": tone(0.6), "audio_codec": "libmp3lame"},
    "h264.ts": {"sound": tone(0.6)},
    "sound.ogg": {"picture": None, "sound": tone(0.6, 48_000), "rate": 48_000, "audio_codec": "libopus"},
    "sound.wav": {"picture": None, "sound": tone(0.6), "audio_codec": "pcm_s16le"},
    "sound.mp3": {"picture": None, "sound": tone(0.6), "audio_codec": "libmp3lame"},
    "sound.flac": {"picture": None, "sound": tone(0.6), "audio_codec": "flac"},
    "sound.m4a": {"picture": None, "sound": tone(0.6)},
}
NAMES = (*_RECIPES, "mjpeg.avi")


@cache
def base(name: str) -> bytes:
    """The clip of a name in `NAMES`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        if name == "mjpeg.avi":
            write_video(path, codec="mjpeg", pixels="yuvj420p")
        else:
            write_clip(path, **{"seconds": 0.6, "size": SIZE, "gop": 5} | _RECIPES[name])
        return path.read_bytes()


def write_video(
    path: Path,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size: tuple[int, int] = SIZE,
    count: int = 12,
    rate: Fraction | int = 25,
    streams: int = 1,
    at: Callable[[int], int] | None = None,
    options: dict[str, str] | None = None,
    container: str | None = None,
) -> None:
    """Video streams in any pixel format; `at` gives the number of the tick at which a frame is shown."""
    with av.open(str(path), "w", format=container) as out:
        made = []
        for _ in range(streams):
            stream = out.add_stream(codec, rate=rate)
            stream.width, stream.height, stream.pix_fmt = *size, pixels
            stream.options = options or {}
            made.append(stream)
        for index in range(count):
            for stream in made:
                frame = av.VideoFrame.from_ndarray(moving_picture(index, *size), format="rgb24").reformat(format=pixels)
                frame.pts, frame.time_base = (at(index) if at else index), 1 / Fraction(rate)
                out.mux(stream.encode(frame))
        for stream in made:
            out.mux(stream.encode())
