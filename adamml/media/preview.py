"""A version of a clip that browsers play: H.264 in yuv420p with AAC, made from our own decoding.

Phones film in HEVC, cameras write AVI and MKV; browsers play few of these. The preview is for watching only, small and
quick to make: short side at most 480 pixels, at most 30 frames per second, sound in mono. What is analysed is always
the file itself.
"""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from adamml.media.clip import Clip
from adamml.media.container import AV_ERRORS, ClipInfo, decoded, open_container, probe
from adamml.media.errors import UnreadableClipError
from adamml.media.settings import MediaSettings
from adamml.media.spectrogram import SAMPLE_RATE
from adamml.media.video import scaled

SHORT_SIDE, MAX_SIDE, MAX_FPS = 480, 1280, 30
TICKS = 90_000  # time base of the preview's picture
# What every current browser plays, by the container's own name.
_PICTURE = {"mp4": {"h264", "av1", "vp9"}, "webm": {"vp8", "vp9", "av1"}, "ogg": set()}
_SOUND = {
    "mp4": {"aac", "mp3", "opus", "flac"},
    "webm": {"opus", "vorbis"},
    "ogg": {"opus", "vorbis", "flac"},
    "mp3": {"mp3"},
    "wav": {"pcm_s16le", "pcm_u8", "pcm_f32le", "pcm_s24le"},
    "flac": {"flac"},
    "aac": {"aac"},
}


def plays_in_browsers(path: Path, settings: MediaSettings) -> bool:
    """Whether a browser can be expected to play the file as it is.

    Raises:
        ClipError: when it cannot be used at all.
    """
    info = probe(path, settings)
    with open_container(path) as container:
        names = container.format.name.split(",")
        kind = "webm" if path.suffix.lower() == ".webm" and "webm" in names else "" if "webm" in names else names[0]
        kind = "mp4" if "mp4" in names else kind
        # A recording straight from a browser has no length in its header, and then cannot be seeked in.
        if container.duration is None:
            return False
        if info.video is not None:
            stream = container.streams[info.video.stream]
            if stream.codec_context.name.removeprefix("lib") not in _PICTURE.get(kind, set()):
                return False
            if stream.codec_context.pix_fmt not in ("yuv420p", "yuvj420p"):
                return False
        if info.audio is not None:
            stream = container.streams[info.audio.stream]
            return stream.codec_context.name.removesuffix("float") in _SOUND.get(kind, set())
    return True


def make_preview(path: Path, target: Path, settings: MediaSettings) -> Path:
    """Write `target` (an .mp4) whole or not at all, and return it.

    Raises:
        ClipError: when the clip cannot be decoded.
    """
    clip = Clip(path, settings, segments=1)
    partial = target.with_name(f".{target.stem}-{os.getpid()}.part.mp4")
    try:
        with av.open(os.fspath(partial), "w", options={"movflags": "faststart"}) as out:
            _write(out, clip)
        partial.replace(target)
    except AV_ERRORS as error:
        if isinstance(error, UnreadableClipError):
            raise
        raise UnreadableClipError(f"No preview of {path.name!r} can be made: the file is damaged.") from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def _write(out: av.container.OutputContainer, clip: Clip) -> None:
    info = clip.info
    sound = None if info.audio is None else clip.samples()
    pictures = _pictures(info) if info.video is not None else iter(())
    first = next(pictures, None)
    video = None
    if first is not None:
        video = out.add_stream("libx264", rate=MAX_FPS)
        video.height, video.width = first[1].shape[:2]
        video.pix_fmt, video.options = "yuv420p", {"preset": "ultrafast", "crf": "27"}
        video.time_base = video.codec_context.time_base = Fraction(1, TICKS)
    track = None if sound is None else out.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
    if video is None and track is None:
        raise UnreadableClipError(f"{info.path.name!r} has nothing in it that can be decoded.")
    written = 0  # samples; they follow the picture so that a player need not jump about in the file

    def add_sound(until: float) -> None:
        nonlocal written
        while track is not None and sound is not None and written < min(until * SAMPLE_RATE, sound.size):
            piece = np.ascontiguousarray(sound[None, written : written + 1024])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, written, Fraction(1, SAMPLE_RATE)
            out.mux(track.encode(frame))
            written += piece.shape[1]

    item = first
    while item is not None and video is not None:
        time, pixels = item
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts, frame.time_base = round(time * TICKS), Fraction(1, TICKS)
        out.mux(video.encode(frame))
        add_sound(time)
        item = next(pictures, None)
    add_sound(float("inf"))
    for stream in (video, track):
        if stream is not None:
            out.mux(stream.encode())


def _pictures(info: ClipInfo):
    """(seconds, (H, W, 3) uint8 with even sides), ascending, at most MAX_FPS of them per second."""
    assert info.video is not None
    with open_container(info.path) as container:
        stream = container.streams[info.video.stream]
        assert isinstance(stream, av.VideoStream)
        stream.thread_type = "AUTO"
        base, last, shape = float(stream.time_base or 1), float("-inf"), None
        pace = 1 / info.fps if info.fps else 1 / 25
        for frame in decoded(container, stream):
            time = max(0.0, frame.pts * base - info.origin) if frame.pts is not None else max(0.0, last + pace)
            if time < last + 1 / MAX_FPS - 0.002:
                continue
            last = time
            pixels = scaled(frame, _short_side(frame, info.pixel_aspect), info.pixel_aspect)
            pixels = pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]
            if shape is None:
                shape = pixels.shape
            if pixels.shape == shape:  # a stream that changes its size midway keeps its first one
                yield time, np.ascontiguousarray(pixels)


def _short_side(frame: av.VideoFrame, pixel_aspect: float) -> int:
    width, height = frame.width * pixel_aspect, frame.height
    short = min(SHORT_SIDE, width, height, MAX_SIDE * min(width, height) / max(width, height))
    return max(2, int(short))
