"""Opening an untrusted file and finding out what is really in it.

The header is read for streams and sizes, never for length: one pass over the packets (nothing is decoded) gives the
true times of picture and sound, which a header may lack or lie about, and the key frames that seeking needs.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from adamml.media.errors import ClipLimitError, UnreadableClipError
from adamml.media.settings import DEMUXERS, MediaSettings

AV_ERRORS = (av.error.FFmpegError, ValueError, OSError)
AUDIO_OVERHANG_S = 1.0  # sound may outlast the picture by this much before it lengthens the clip


@dataclass(frozen=True, kw_only=True)
class TrackInfo:
    """When a stream plays, in seconds from the clip's start, and which of the file's streams it is."""

    stream: int
    start: float
    end: float
    key_frames: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClipInfo:
    """What is in a file. `origin` is the container time that counts as 0 s."""

    path: Path
    origin: float
    duration: float
    video: TrackInfo | None
    audio: TrackInfo | None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    pixel_aspect: float = 1.0


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a local file with the permitted demuxers and no protocol but `file`.

    Raises:
        UnreadableClipError: when it is no such file.
    """
    try:
        container = av.open(
            os.fspath(path.resolve()),
            metadata_errors="ignore",
            options={"protocol_whitelist": "file", "format_whitelist": DEMUXERS},
        )
    except AV_ERRORS as error:
        raise UnreadableClipError(
            f"{path.name!r} is not a video or sound file that can be read here (MP4, MOV, MKV, WebM, AVI, OGG, "
            "MPEG-TS, MP3, WAV, FLAC and AAC can)."
        ) from error
    try:
        yield container
    finally:
        container.close()


def decoded(container: InputContainer, stream: av.VideoStream | av.AudioStream) -> Iterator[Any]:
    """Frames of one stream from where the file stands; damaged packets are passed over, a torn end is the end."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, *AV_ERRORS):
            return
        try:
            yield from packet.decode()
        except AV_ERRORS:
            continue


class _Times:
    """Collects when the packets of one stream play."""

    def __init__(self, stream: av.stream.Stream) -> None:
        self.base = float(stream.time_base or 0)
        self.first, self.last_end, self.packets = float("inf"), float("-inf"), 0
        self.key_frames: list[float] = []

    def add(self, packet: av.Packet, usual: float) -> None:
        self.packets += 1
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            return
        time = stamp * self.base
        length = (packet.duration or 0) * self.base
        self.first = min(self.first, time)
        self.last_end = max(self.last_end, time + (length if 0 < length < 10 else usual))
        if packet.is_keyframe:
            self.key_frames.append(time)


def probe(path: Path, settings: MediaSettings) -> ClipInfo:
    """Look a file over, within limits, without decoding it.

    Raises:
        UnreadableClipError: nothing in it can be seen or heard.
        ClipLimitError: it exceeds a limit; the message names it.
    """
    try:
        size = path.stat().st_size if path.is_file() else -1
    except (OSError, ValueError):
        size = -1
    if size < 0:
        raise UnreadableClipError(f"There is no file {str(path)!r}.")
    if size == 0:
        raise UnreadableClipError(f"{path.name!r} is empty.")
    if size > settings.max_bytes:
        raise ClipLimitError(
            f"{path.name!r} has {size / 1e6:.0f} MB; up to {settings.max_bytes / 1e6:.0f} MB are allowed. "
            "Cut it shorter or save it at a lower resolution."
        )
    with open_container(path) as container:
        return _scan(container, path, settings)


def _scan(container: InputContainer, path: Path, settings: MediaSettings) -> ClipInfo:
    if len(container.streams) > settings.max_streams:
        raise ClipLimitError(f"{path.name!r} has {len(container.streams)} streams; {settings.max_streams} are allowed.")
    pictures = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    video = pictures[0] if pictures else None
    audio = container.streams.audio[0] if container.streams.audio else None
    if video is not None:
        video = _usable_video(video, path, settings)
    if video is None and audio is None:
        raise UnreadableClipError(f"{path.name!r} has neither picture nor sound.")
    fps = float(video.average_rate) if video is not None and video.average_rate else None
    usual = 1 / fps if fps and 1 <= fps <= 1000 else 1 / 25
    times = {stream.index: _Times(stream) for stream in (video, audio) if stream is not None}
    try:
        for packet in container.demux([stream for stream in (video, audio) if stream is not None]):
            if packet.size:
                track = times[packet.stream_index]
                track.add(packet, usual if video is not None and packet.stream_index == video.index else 0.0)
                if video is not None and times[video.index].packets > settings.max_frames:
                    raise ClipLimitError(
                        f"{path.name!r} has more than {settings.max_frames} frames; cut it shorter and try again."
                    )
    except AV_ERRORS as error:
        if isinstance(error, ClipLimitError):
            raise
        # A file that breaks off is used as far as it goes.
    for track in times.values():
        if track.packets and track.last_end == float("-inf"):  # no time stamps at all, as in raw streams
            track.first, track.last_end = 0.0, track.packets * usual
    known = [track.first for track in times.values() if track.packets]
    if not known:
        raise UnreadableClipError(f"{path.name!r} holds no picture and no sound, only a header.")
    origin = min(known)
    video_info = _track(times, video, origin)
    audio_info = _track(times, audio, origin)
    duration = duration_of(video_info, audio_info)
    if duration > settings.max_seconds:
        raise ClipLimitError(
            f"{path.name!r} lasts {duration:.0f} s; up to {settings.max_seconds:.0f} s are allowed. "
            f"Cut out the {settings.max_seconds:.0f} s that matter and try again."
        )
    return ClipInfo(
        path=path,
        origin=origin,
        duration=duration,
        video=video_info,
        audio=audio_info,
        width=video.codec_context.width if video is not None and video_info else None,
        height=video.codec_context.height if video is not None and video_info else None,
        fps=fps if video_info else None,
        pixel_aspect=_pixel_aspect(video) if video is not None else 1.0,
    )


def _pixel_aspect(video: av.VideoStream) -> float:
    """As the file says, unless that is nonsense."""
    aspect = video.sample_aspect_ratio
    return float(aspect) if aspect and 0.1 <= float(aspect) <= 10 else 1.0


def _usable_video(stream: av.VideoStream, path: Path, settings: MediaSettings) -> av.VideoStream | None:
    """The stream, unless its header gives no picture size; a size beyond the limits is refused."""
    if stream.codec_context is None or stream.codec_context.width <= 0 or stream.codec_context.height <= 0:
        return None
    sides = sorted((stream.codec_context.width, stream.codec_context.height))
    limits = sorted((settings.max_width, settings.max_height))
    if sides[0] > limits[0] or sides[1] > limits[1]:
        raise ClipLimitError(
            f"{path.name!r} has frames of {sides[1]} x {sides[0]} pixels; up to {limits[1]} x {limits[0]} are allowed. "
            "Save it at a lower resolution."
        )
    return stream


def _track(times: dict[int, _Times], stream: av.stream.Stream | None, origin: float) -> TrackInfo | None:
    if stream is None or not times[stream.index].packets:
        return None
    track = times[stream.index]
    return TrackInfo(
        stream=stream.index,
        start=track.first - origin,
        end=max(track.last_end, track.first + 1e-3) - origin,
        key_frames=tuple(sorted(time - origin for time in track.key_frames)),
    )


def duration_of(video: TrackInfo | None, audio: TrackInfo | None) -> float:
    """The picture's end, unless the sound goes on well after it (or there is only sound)."""
    if video is None:
        assert audio is not None
        return audio.end
    if audio is not None and audio.end - video.end > AUDIO_OVERHANG_S:
        return audio.end
    return video.end
