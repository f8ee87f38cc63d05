"""Whether browsers play a file, and a version that they do: H.264 in yuv420p with AAC, made from our own decoding."""

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from adamml.media.decoding.container import AV_ERRORS, decoded, open_container, packets_of, ready_to_decode
from adamml.media.decoding.pixel_aspect import aspect_of
from adamml.media.decoding.playback import stereo_blocks
from adamml.media.decoding.video_reader import fitted, frames_at, scaled
from adamml.media.errors import ClipError, UnreadableClipError
from adamml.media.info import ClipInfo
from adamml.media.sampling import PLAY_RATE

SHORT_SIDE, MAX_SIDE, MAX_FPS = 480, 1280, 30
LATE_S = 0.5  # a beginning later than this is seen, and browsers do not agree about it
TICKS = 90_000  # time base of the preview's picture
ENCODER_THREADS = 2
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


def plays(info: ClipInfo) -> bool:
    """Whether a browser can be expected to play the file as it is: all of it, and by the clock of the results."""
    path = info.path
    tracks = [track for track in (info.video, info.audio) if track is not None]
    if info.mirrored or any(track.joins for track in tracks):
        return False
    if min(track.start for track in tracks) > LATE_S or (info.origin > LATE_S):
        return False  # some browsers begin at 0, others at the first picture
    with open_container(path) as container:
        names = container.format.name.split(",")
        kind = "webm" if path.suffix.lower() == ".webm" and "webm" in names else "" if "webm" in names else names[0]
        kind = "mp4" if "mp4" in names else kind
        # A recording straight from a browser has no length in its header, and then cannot be seeked in.
        if container.duration is None:
            return False
        if info.video is not None:
            stream = container.streams[info.video.stream]
            if stream.index != container.streams.video[0].index:
                return False  # browsers take the first one
            if stream.codec_context.name.removeprefix("lib") not in _PICTURE.get(kind, set()):
                return False
            if stream.codec_context.pix_fmt not in ("yuv420p", "yuvj420p"):
                return False
        if info.audio is not None:
            stream = container.streams[info.audio.stream]
            if stream.index != container.streams.audio[0].index:
                return False
            return stream.codec_context.name.removesuffix("float") in _SOUND.get(kind, set())
    return True


def write_preview(info: ClipInfo, target: Path, *, part: bool = False) -> None:
    """Write `target` (an .mp4) from beginning to end; what is there after an error is of no use.

    Args:
        part: whether `info` describes a part of the file.

    Raises:
        ClipError: when the clip cannot be decoded.
    """
    try:
        with av.open(f"file:{os.fspath(target)}", "w", format="mp4", options={"movflags": "faststart"}) as out:
            _write(out, info, _part_pictures if part else _pictures)
    except (ClipError, MemoryError):
        raise
    except AV_ERRORS as error:
        raise UnreadableClipError(f"No preview of {info.path.name!r} can be made: the file is damaged.") from error


def _write(
    out: av.container.OutputContainer, info: ClipInfo, shown: Callable[[ClipInfo], Iterator[tuple[float, np.ndarray]]]
) -> None:
    sound = _sound(info) if info.audio is not None else iter(())
    pictures = shown(info) if info.video is not None else iter(())
    item, piece = next(pictures, None), next(sound, None)
    if item is None and piece is None:
        raise UnreadableClipError(f"{info.path.name!r} has nothing in it that can be decoded.")
    video = track = None
    if item is not None:
        video = out.add_stream("libx264", rate=MAX_FPS)
        video.height, video.width = item[1].shape[:2]
        video.pix_fmt, video.options = "yuv420p", {"preset": "ultrafast", "crf": "27"}
        video.time_base = video.codec_context.time_base = Fraction(1, TICKS)
        video.codec_context.thread_count = ENCODER_THREADS
    if piece is not None:
        track = out.add_stream("aac", rate=PLAY_RATE, layout="stereo")
    # Whichever is behind is written next, so that a player need not jump about in the file.
    while item is not None or piece is not None:
        if item is not None and video is not None and (piece is None or item[0] <= piece.pts / PLAY_RATE):
            frame = av.VideoFrame.from_ndarray(item[1], format="rgb24")
            frame.pts, frame.time_base = round(item[0] * TICKS), Fraction(1, TICKS)
            out.mux(video.encode(frame))
            item = next(pictures, None)
        elif piece is not None and track is not None:
            out.mux(track.encode(piece))
            piece = next(sound, None)
    for stream in (video, track):
        if stream is not None:
            out.mux(stream.encode())


def _sound(info: ClipInfo) -> Iterator[av.AudioFrame]:
    """Frames in stereo, on the clip's own time axis."""
    written = 0
    for block in stereo_blocks(info):
        for begin in range(0, len(block), 1024):
            piece = np.ascontiguousarray(block[None, begin : begin + 1024].reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = PLAY_RATE, written, Fraction(1, PLAY_RATE)
            written += piece.size // 2
            yield frame


def _pictures(info: ClipInfo) -> Iterator[tuple[float, np.ndarray]]:
    """(seconds, (H, W, 3) uint8 with even sides, all alike), ascending, at most MAX_FPS of them per second."""
    assert info.video is not None
    with open_container(info.path) as container:
        stream = container.streams[info.video.stream]
        assert isinstance(stream, av.VideoStream)
        ready_to_decode(stream, info.settings)
        base, last, size = float(stream.time_base or 1), float("-inf"), None
        pace, pixels = 1 / info.fps if info.fps else 1 / 25, None
        packets = packets_of(container, stream, info.video.joins)
        for frame in decoded(packets, stream, info.path.name, info.settings):
            time = max(0.0, frame.pts * base - info.origin) if frame.pts is not None else max(0.0, last + pace)
            if time < last + 1 / MAX_FPS - 0.002:
                continue
            if size is None:
                size = _size(frame, info.pixel_aspect)
            pixels = np.ascontiguousarray(fitted(frame, info.pixel_aspect, size))
            if last == float("-inf") and time > 0:  # players begin at 0, and show nothing before the first picture
                yield 0.0, pixels
            last = time
            yield time, pixels
        if pixels is not None and info.video.end - 1 / MAX_FPS > last + pace:  # the last one stands long
            yield info.video.end - 1 / MAX_FPS, pixels


def _part_pictures(info: ClipInfo) -> Iterator[tuple[float, np.ndarray]]:
    """The same of a part, at an even rate: what comes before it is passed over, as far as that is possible."""
    rate, size, last, pixels = min(info.fps or MAX_FPS, MAX_FPS), None, None, None
    for time, frame, _ in frames_at(info, [k / rate for k in range(max(1, round(info.duration * rate)))]):
        if size is None:
            size = _size(frame, info.pixel_aspect)
        if frame is not last or pixels is None:
            last, pixels = frame, np.ascontiguousarray(fitted(frame, info.pixel_aspect, size))
        yield time, pixels


def _size(frame: av.VideoFrame, pixel_aspect: float) -> tuple[int, int]:
    """(width, height) of the whole preview, by its first frame."""
    pixels = scaled(frame, _short_side(frame, pixel_aspect), pixel_aspect)
    return pixels.shape[1] // 2 * 2, pixels.shape[0] // 2 * 2


def _short_side(frame: av.VideoFrame, pixel_aspect: float) -> int:
    width, height = frame.width * aspect_of(frame, pixel_aspect), frame.height
    short = min(SHORT_SIDE, width, height, MAX_SIDE * min(width, height) / max(width, height))
    return max(2, int(short))
