"""Unusual but right: rates, sizes, depths, channels, streams and time stamps that a good reader takes, or names."""

import io
import struct
import wave
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np

from tests.clips import moving_picture, ordinary_priority, tone, write_clip
from tests.hostile.bases import SIZE, base, write_video
from tests.hostile.boxes import box_at, put
from tests.hostile.sample import Ending, Sample

TURNS = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0), 45: (0.7071, 0.7071, -0.7071, 0.7071)}


def restamped(path: Path, shift: Callable[[int], int], ending: str = "mkv") -> None:
    """The plain clip, its packets given other time stamps (in ms)."""
    source = path.with_name("source.mkv")
    write_clip(source, seconds=0.6, size=SIZE, sound=tone(0.6, 48_000), rate=48_000, audio_codec="libopus")
    with (
        av.open(str(source)) as clip,
        av.open(str(path), "w", format={"mkv": "matroska", "ts": "mpegts"}[ending]) as out,
    ):
        copies = {stream.index: out.add_stream_from_template(stream) for stream in clip.streams}
        for number, packet in enumerate(clip.demux()):
            if packet.dts is None:
                continue
            packet.pts, packet.dts = shift(packet.pts), shift(packet.dts)
            packet.stream = copies[packet.stream_index]
            try:
                out.mux(packet)
            except (av.error.FFmpegError, ValueError):
                assert number, "the first packet at least is taken"
    source.unlink()


def _repeated(path: Path, count: int = 40_000) -> None:
    """One key frame, one millisecond apart, over and over."""
    with av.open(io.BytesIO(base("h264.mkv"))) as clip, av.open(str(path), "w", format="matroska") as out:
        stream = clip.streams.video[0]
        copy, packet = out.add_stream_from_template(stream), next(clip.demux(stream))
        packet.stream = copy
        for number in range(count):
            packet.pts = packet.dts = number
            out.mux(packet)


def float_wav(samples: np.ndarray, rate: int = 24_000, channels: int = 1) -> bytes:
    """A WAV file of 32-bit floats, which may be anything."""
    body = samples.astype("<f4").tobytes()
    head = struct.pack("<HHIIHH", 3, channels, rate, rate * 4 * channels, 4 * channels, 32)
    chunks = b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _pcm(path: Path, rate: int, seconds: float, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((tone(seconds, rate, channels).T * 30_000).astype("<i2").tobytes())


def _turned(degrees: int) -> bytes:
    data = base("h264.mp4")
    a, b, c, d = (round(value * 65536) for value in TURNS[degrees])
    return put(data, box_at(data, "moov/trak/tkhd").body + 40, "9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


def _covered(path: Path) -> None:
    """A song with a picture on it, which is no video."""
    with av.open(str(path), "w") as out:
        sound = out.add_stream("libmp3lame", rate=24_000, layout="mono")
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(moving_picture(0, 64, 64), format="rgb24").reformat(format="yuvj420p")
        out.mux(cover.encode(picture))
        out.mux(cover.encode())
        frame = av.AudioFrame.from_ndarray(tone(1.0), format="fltp", layout="mono")
        frame.sample_rate = 24_000
        for piece in (frame, None):
            out.mux(sound.encode(piece))


def shaped() -> Iterator[Sample]:
    """All of them."""

    def made(name: str, ending: Ending, write: Callable[[Path], object] | bytes) -> Sample:
        return Sample(family="unusual", name=name, content=write, ending=ending)

    video = partial(partial, write_video)
    for rate in (1, 5, 12, 15, 24, Fraction(30000, 1001), 50, 60, 120):
        yield made(f"{float(rate):.0f}-frames-a-second.mp4", "valid", video(rate=rate))
    for rate in (240, 1000):
        yield made(f"{rate}-frames-a-second.mp4", "either", video(rate=rate, count=40))
    yield made("variable-rate.mp4", "valid", partial(write_clip, times=[0, 0.01, 0.5, 0.51, 1.2, 1.21, 2.0], size=SIZE))
    for turn in TURNS:
        yield made(f"turned-{turn}.mp4", "valid", _turned(turn))
    for size in ((2, 2), (16, 16), (18, 34), (62, 46), (130, 98), (322, 242)):
        yield made(f"{size[0]}x{size[1]}.mp4", "valid", video(size=size))
    for size in ((1, 1), (3, 3), (63, 47), (161, 121)):
        yield made(f"{size[0]}x{size[1]}.mp4", "valid", video(size=size, pixels="yuv444p"))
    for size in ((2000, 16), (16, 2000), (4096, 2), (2, 2160)):
        yield made(f"{size[0]}x{size[1]}.mp4", "either", video(size=size, count=3))
    for size in ((3840, 2160), (2160, 3840)):
        yield made(f"{size[0]}x{size[1]}.mp4", "valid", video(size=size, count=2, options={"preset": "ultrafast"}))
    for size in ((3842, 2160), (4096, 4096)):
        yield made(f"{size[0]}x{size[1]}.mp4", "refused", video(size=size, count=1, options={"preset": "ultrafast"}))
    for codec, pixels in (
        ("libx264", "yuv420p10le"),
        ("libx265", "yuv420p10le"),
        ("libx265", "yuv422p10le"),
        ("libx264", "yuv422p"),
        ("libx264", "yuv444p"),
        ("libx264", "gray"),
        ("libvpx-vp9", "yuv444p"),
    ):
        yield made(f"{codec}-{pixels}.mkv", "valid", video(codec=codec, pixels=pixels, count=5))
    for pixels in ("yuv420p10le", "yuv420p"):
        yield made(f"av1-{pixels}.mkv", "valid", partial(_av1, pixels=pixels))
    yield made("moving.gif", "valid", video(codec="gif", pixels="rgb8"))
    yield made("one-frame.mp4", "valid", video(count=1))
    yield made("two-videos.mkv", "valid", video(streams=2))
    yield made("eight-streams.mkv", "valid", video(streams=8, count=3))
    yield made("nine-streams.mkv", "refused", video(streams=9, count=3))
    yield made("forty-streams.mkv", "refused", video(streams=40, count=2))
    yield made("200-seconds.mp4", "refused", video(rate=1, count=200))
    yield made("a-frame-each-day.mkv", "refused", video(at=lambda index: index * 86_400 * 25))
    yield made("40000-frames.mkv", "refused", _repeated)
    for channels, rate, codec in ((6, 96_000, "flac"), (2, 44_100, "aac"), (6, 48_000, "libopus"), (1, 8000, "aac")):
        sound = tone(0.6, rate, channels)
        write = partial(write_clip, picture=None, sound=sound, rate=rate, audio_codec=codec)
        yield made(f"{channels}-channels-{rate}-{codec}.mkv", "valid", write)
    for rate in (8000, 11_025, 22_050, 44_100, 192_000):
        yield made(f"{rate}-samples-a-second.wav", "valid", partial(_pcm, rate=rate, seconds=0.5))
    yield made("8-channels.wav", "valid", partial(_pcm_many, channels=8))
    yield made("one-sample.wav", "either", partial(_pcm, rate=24_000, seconds=1 / 24_000))
    yield made("no-sample.wav", "refused", partial(_pcm, rate=24_000, seconds=0))
    loud = tone(0.6)[0]
    for name, value in (("nan", np.nan), ("infinite", np.inf), ("minus-infinite", -np.inf), ("1e38", 1e38)):
        some = loud.copy()
        some[::3] = value
        yield made(f"{name}.wav", "valid", float_wav(some))
        yield made(f"all-{name}.wav", "either", float_wav(np.full_like(loud, value)))
    yield made("silence.wav", "either", float_wav(np.zeros(24_000)))
    yield made("cover.mp3", "valid", _covered)
    # FFmpeg's Matroska muxer takes no negative times beyond its own shift, MPEG-TS wraps them at 2^33 ticks.
    for ending in ("mkv", "ts"):
        stamps = partial(partial, restamped, ending=ending)
        yield made(f"late-start.{ending}", "valid", stamps(shift=lambda t: t + 50_000))
        yield made(f"negative-times.{ending}", "either", stamps(shift=lambda t: t - 400))
        yield made(f"jump-ahead.{ending}", "either", stamps(shift=lambda t: t + 30_000 * (t > 300)))
        yield made(f"jump-a-day.{ending}", "either", stamps(shift=lambda t: t + 86_400_000 * (t > 300)))
        yield made(f"jump-back.{ending}", "either", stamps(shift=lambda t: t + 20_000 * (t < 300)))
        yield made(f"all-at-once.{ending}", "either", stamps(shift=lambda t: t // 1000))


def _av1(path: Path, pixels: str) -> None:
    with ordinary_priority():
        write_video(path, codec="libsvtav1", pixels=pixels, count=5)


def _pcm_many(path: Path, channels: int) -> None:
    samples = np.repeat(tone(0.5)[0][:, None], channels, 1)
    path.write_bytes(float_wav(samples.reshape(-1), channels=channels))
