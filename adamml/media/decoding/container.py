"""Opening an untrusted file and finding out what is really in it.

The header is read for streams and sizes, never for length: one pass over the packets gives the true times of picture
and sound, which a header may lack or lie about, and the key frames that seeking needs. Nothing is decoded but the
first frame that can be: a picture of which there is none is no picture.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from adamml.media.errors import ClipError, ClipLimitError, UnreadableClipError, UnsupportedCodecError
from adamml.media.info import ClipInfo, TrackInfo, duration_of
from adamml.media.kinds import AUDIO_CODECS, DEMUXERS, FILES, MAX_CHANNELS, SAMPLE_RATES, VIDEO_CODECS, permitted
from adamml.media.settings import MediaSettings

AV_ERRORS = (av.error.FFmpegError, ValueError, OSError)
# Decoders by FFmpeg's own names, for the few frames that it decodes itself to learn about a stream.
_PLAIN = tuple(name for name in sorted(av.codecs_available) if name.startswith("pcm_"))
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(DEMUXERS),
    "codec_whitelist": ",".join((*VIDEO_CODECS, "libdav1d", *AUDIO_CODECS, "mp3float", *_PLAIN)),
}
MAX_THREADS = 4  # each holds a few frames: more would not fit the memory of a decoder at 3840 x 2160


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a local file with the permitted demuxers and no protocol but `file`.

    Raises:
        UnreadableClipError: when it is no such file.
    """
    try:
        # With the protocol in front and an absolute path behind it, no name can be taken for an address.
        container = av.open(f"file:{os.fspath(path.resolve())}", metadata_errors="ignore", options=dict(_OPTIONS))
    except MemoryError:
        raise
    except AV_ERRORS as error:
        raise UnreadableClipError(
            f"{path.name!r} is not a video or sound file that can be read here ({FILES})."
        ) from error
    try:
        yield container
    finally:
        container.close()


def ready_to_decode(stream: av.VideoStream, settings: MediaSettings, threads: str = "AUTO") -> None:
    """Threads from the cores really available, and no frame larger than is allowed."""
    stream.thread_type = threads
    context = stream.codec_context
    context.thread_count = min(MAX_THREADS, len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else 2)
    # FFmpeg counts what it sets aside, up to 128 pixels more each way; `decoded` looks at the frames themselves.
    context.options = {"max_pixels": str((settings.max_width + 128) * (settings.max_height + 128))}


def packets_of(container: InputContainer, stream: av.VideoStream | av.AudioStream) -> Iterator[av.Packet]:
    """The packets of one stream from where the file stands, an empty one last; a torn end is the end."""
    try:
        yield from container.demux(stream)
    except MemoryError:
        raise
    except AV_ERRORS:
        return


def decoded(
    packets: Iterator[av.Packet], stream: av.VideoStream | av.AudioStream, name: str, settings: MediaSettings
) -> Iterator[Any]:
    """Frames of one stream's packets; damaged packets are passed over.

    Args:
        packets: see `packets_of`.
        name: of the file, for messages.

    Raises:
        ClipLimitError: for more or larger frames than are allowed, whatever the header has promised.
    """
    count, picture = 0, stream.type == "video"
    for packet in packets:
        try:
            frames = packet.decode()
        except MemoryError:
            raise
        except AV_ERRORS:
            continue
        for frame in frames:
            count += 1
            if picture and count > settings.max_frames:
                raise _too_many_frames(name, settings)
            if picture:
                _check_size(name, frame.width, frame.height, settings)
            yield frame


def _too_many_frames(name: str, settings: MediaSettings) -> ClipLimitError:
    return ClipLimitError(f"{name!r} has more than {settings.max_frames} frames; cut it shorter and try again.")


def _check_size(name: str, width: int, height: int, settings: MediaSettings) -> None:
    """Refuse frames beyond the limits, whichever way round they are."""
    sides, limits = sorted((width, height)), sorted((settings.max_width, settings.max_height))
    if sides[0] > limits[0] or sides[1] > limits[1]:
        raise ClipLimitError(
            f"{name!r} has frames of {sides[1]} x {sides[0]} pixels; up to {limits[1]} x {limits[0]} are allowed. "
            "Save it at a lower resolution."
        )


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


def look_over(path: Path, settings: MediaSettings) -> ClipInfo:
    """What is in a file, within limits.

    Raises:
        UnreadableClipError: nothing in it can be seen or heard.
        ClipLimitError: it exceeds a limit; the message names it.
    """
    with open_container(path) as container:
        return _scan(container, path, settings)


def _scan(container: InputContainer, path: Path, settings: MediaSettings) -> ClipInfo:
    if len(container.streams) > settings.max_streams:
        raise ClipLimitError(f"{path.name!r} has {len(container.streams)} streams; {settings.max_streams} are allowed.")
    pictures = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    video = _usable_video(path.name, pictures[0], settings) if pictures else None
    audio = _usable_audio(path.name, container.streams.audio[0]) if container.streams.audio else None
    if video is not None and not _shows_anything(path, video.index, settings):
        video = None
    if video is None and audio is None:
        raise UnreadableClipError(
            f"No frame of {path.name!r} can be decoded, and it has no sound; the file is damaged."
            if pictures
            else f"{path.name!r} has neither picture nor sound."
        )
    fps = float(video.average_rate) if video is not None and video.average_rate else None
    usual = 1 / fps if fps and 1 <= fps <= 1000 else 1 / 25
    times = {stream.index: _Times(stream) for stream in (video, audio) if stream is not None}
    try:
        for packet in container.demux([stream for stream in (video, audio) if stream is not None]):
            if packet.size:
                track = times[packet.stream_index]
                track.add(packet, usual if video is not None and packet.stream_index == video.index else 0.0)
                if video is not None and times[video.index].packets > settings.max_frames:
                    raise _too_many_frames(path.name, settings)
    except (ClipError, MemoryError):
        raise
    except AV_ERRORS:
        pass  # a file that breaks off is used as far as it goes
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
    if video_info is not None:
        _check_rate(path.name, video_info, settings)
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
        settings=settings,
    )


def _pixel_aspect(video: av.VideoStream) -> float:
    """As the file says, unless that is nonsense."""
    aspect = video.sample_aspect_ratio
    return float(aspect) if aspect and 0.1 <= float(aspect) <= 10 else 1.0


def _usable_video(name: str, stream: av.VideoStream, settings: MediaSettings) -> av.VideoStream | None:
    """The stream, unless its header gives no picture size; a codec or a size beyond the limits is refused."""
    _check_codec(name, stream, "picture", "H.264")
    if stream.codec_context.width <= 0 or stream.codec_context.height <= 0:
        return None
    _check_size(name, stream.codec_context.width, stream.codec_context.height, settings)
    return stream


def _usable_audio(name: str, stream: av.AudioStream) -> av.AudioStream:
    """The stream, unless it cannot be meant for ears."""
    _check_codec(name, stream, "sound", "AAC")
    check_sound(name, stream.codec_context.sample_rate or SAMPLE_RATES[0], stream.codec_context.layout.nb_channels)
    return stream


def check_sound(name: str, rate: int, channels: int) -> None:
    """Refuse sample rates and channel counts beyond sense."""
    if not SAMPLE_RATES[0] <= rate <= SAMPLE_RATES[1] or channels > MAX_CHANNELS:
        raise ClipLimitError(
            f"The sound of {name!r} has {channels} channels at {rate} Hz; up to {MAX_CHANNELS} channels at "
            f"{SAMPLE_RATES[0]} to {SAMPLE_RATES[1]} Hz are decoded here. Save it as stereo at 48000 Hz."
        )


def _check_codec(name: str, stream: av.VideoStream | av.AudioStream, what: str, instead: str) -> None:
    context = stream.codec_context
    codec = context.codec.canonical_name if context is not None else "something unknown"
    if not permitted(stream.type, codec):
        raise UnsupportedCodecError(
            f"The {what} of {name!r} is coded as {codec}, which is not decoded here. "
            f"Save it as MP4 with {instead} and try again."
        )


def _check_rate(name: str, track: TrackInfo, settings: MediaSettings) -> None:
    """By the time stamps, since that is what a header's rate has to be measured against."""
    rate = track.packets / (track.end - track.start)
    if rate > settings.max_fps * 1.02 and track.packets > 10:
        raise ClipLimitError(
            f"{name!r} has {rate:.0f} frames per second; up to {settings.max_fps:.0f} are allowed. "
            "Save it at a lower frame rate."
        )


def _shows_anything(path: Path, stream: int, settings: MediaSettings) -> bool:
    """Whether any frame at all can be decoded; as a rule the first packets tell."""
    with open_container(path) as container:
        video = container.streams[stream]
        assert isinstance(video, av.VideoStream)
        ready_to_decode(video, settings, threads="SLICE")  # frame threads would begin several frames for the one
        return next(decoded(packets_of(container, video), video, path.name, settings), None) is not None


def _track(times: dict[int, _Times], stream: av.stream.Stream | None, origin: float) -> TrackInfo | None:
    if stream is None or not times[stream.index].packets:
        return None
    track = times[stream.index]
    return TrackInfo(
        stream=stream.index,
        start=track.first - origin,
        end=max(track.last_end, track.first + 1e-3) - origin,
        key_frames=tuple(sorted(time - origin for time in track.key_frames)),
        packets=track.packets,
    )
