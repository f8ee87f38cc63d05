"""Finding out what is really in an untrusted file.

The header is read for streams and sizes, never for length: one pass over the packets gives the true times of picture
and sound, which a header may lack or lie about, and the key frames that seeking needs. Nothing is decoded but the
first frame of each: a picture of which there is none is no picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer

from adamml.media.decoding.appended import second_file
from adamml.media.decoding.clock import LATE_S, is_zero_based, joins_of, time_zero
from adamml.media.decoding.colors import note_of as color_note
from adamml.media.decoding.colors import wide_kind
from adamml.media.decoding.container import AV_ERRORS, open_container, too_many_frames
from adamml.media.decoding.orientation import orientation_of
from adamml.media.decoding.pixel_aspect import LEAST, MOST
from adamml.media.decoding.tracks import Candidate, Chosen, candidates, choose
from adamml.media.decoding.tracks import note_of as track_note
from adamml.media.errors import ClipError, ClipLimitError, UnreadableClipError
from adamml.media.info import ClipInfo, TrackInfo, duration_of
from adamml.media.limits import MediaSettings
from adamml.media.photo_detection import photo_refusal

REST = 0.05  # of a file's bytes that are worth a note where they cannot be read
EMPTY_S = 0.5  # of a beginning without picture and sound that is worth a note
# After a cut in the middle of a group of pictures, say.
_REST = "This file goes on after {:.1f} s with something that cannot be read here, as joined files do; it was left out."
_UNDECODED = "The first {:.1f} s of the picture depend on one that this file lacks, and are not shown."


def probe_file(path: Path, settings: MediaSettings) -> ClipInfo:
    """What is in a file, within limits.

    Raises:
        UnreadableClipError: nothing in it can be seen or heard.
        ClipLimitError: it exceeds a limit; the message names it.
    """
    with open_container(path) as container:
        if len(container.streams) > settings.max_streams:
            raise ClipLimitError(
                f"{path.name!r} has {len(container.streams)} streams; {settings.max_streams} are allowed."
            )
        pictures, sounds = candidates(container, path.name, settings)
        measured = _Measured(pictures=pictures, sounds=sounds, format=container.format.name)
        _measure(container, measured, path.name, settings)
        return _found(path, measured, _header_end(container), settings)


@dataclass(kw_only=True)
class _Measured:
    pictures: Sequence[Candidate]
    sounds: Sequence[Candidate]
    format: str
    read: int = 0  # bytes up to the last packet
    stopped: bool = False  # by an error, and not by the end


def _measure(container: InputContainer, found: _Measured, name: str, settings: MediaSettings) -> None:
    """Read all packets of all tracks that could be used, once."""
    both = [(c.stream, c.times) for c in (*found.pictures, *found.sounds) if c.times is not None]
    times = {stream.index: track for stream, track in both}
    place = 0
    try:
        for packet in container.demux([stream for stream, _ in both]) if both else ():
            if packet.size:
                track = times[packet.stream_index]
                track.add(packet, place)
                place += 1
                found.read = max(found.read, (packet.pos or 0) + packet.size)
                if track.picture and track.packets > settings.max_frames:
                    raise too_many_frames(name, settings)
    except (ClipError, MemoryError):
        raise
    except AV_ERRORS:
        found.stopped = True  # a file that breaks off is used as far as it goes
    for track in times.values():
        track.without_stamps()


def _header_end(container: InputContainer) -> float | None:
    """Seconds at which the file ends by its header; believed of pictures that stand long, and of nothing else."""
    if container.duration is None:
        return None
    return ((container.start_time or 0) + container.duration) / av.time_base


def _found(path: Path, measured: _Measured, header_end: float | None, settings: MediaSettings) -> ClipInfo:
    name = path.name
    video, audio = (choose(path, of_kind, settings) for of_kind in (measured.pictures, measured.sounds))
    if video is None and audio is None:
        raise UnreadableClipError(_nothing(name, measured))
    chosen = [track for track in (video, audio) if track is not None]
    if measured.format == "gif" and video is not None and video.times.shown == 1:
        raise UnreadableClipError(photo_refusal(name))
    joins = joins_of({track.times.index: track.times.pieces for track in chosen})
    for track in chosen:
        track.times.joins = joins.get(track.times.index, ())
    if audio is not None and audio.frame is not None and audio.frame.time is not None:
        audio.times.begin_at(audio.frame.time)
    undecoded = 0.0
    if video is not None:
        if video.frame is not None and video.frame.time is not None:
            undecoded = video.times.begin_at(video.frame.time)
        video.times.last_until(audio.times.end if audio is not None else None if joins else header_end)
    start = min(track.times.start for track in chosen)
    origin = time_zero(measured.format, start)
    video_info = video.times.info(origin) if video is not None else None
    audio_info = audio.times.info(origin) if audio is not None else None
    duration = duration_of(video_info, audio_info)
    if duration > settings.max_seconds:
        raise ClipLimitError(
            f"{name!r} lasts {duration:.0f} s; up to {settings.max_seconds:.0f} s are allowed. "
            f"Cut out the {settings.max_seconds:.0f} s that matter and try again."
        )
    if video_info is not None:
        _check_rate(name, video_info, settings)
    fps = float(rate) if video is not None and (rate := video.candidate.stream.average_rate) else None
    aspect, shown, mirrored, color = _shown(video) if video is not None else (1.0, (None, None), False, None)
    notes = [
        track_note("picture", measured.pictures, video.candidate) if video is not None else None,
        track_note("sound", measured.sounds, audio.candidate) if audio is not None else None,
        _clock_note(
            start, origin, is_zero_based(measured.format), max((len(found) for found in joins.values()), default=0)
        ),
        color_note(color) if color is not None else None,
        _UNDECODED.format(undecoded) if undecoded else None,
        _REST.format(duration) if _goes_on(path, measured) else None,
    ]
    return ClipInfo(
        path=path,
        origin=origin,
        duration=duration,
        video=video_info,
        audio=audio_info,
        width=shown[0],
        height=shown[1],
        fps=fps,
        pixel_aspect=aspect,
        mirrored=mirrored,
        notes=tuple(note for note in notes if note is not None),
        settings=settings,
    )


def _shown(video: Chosen) -> tuple[float, tuple[int, int], bool, str | None]:
    """Pixel aspect, (width, height) as shown, whether it is mirrored, and its kind of color if that is not common."""
    frame, stream = video.frame, video.candidate.stream
    assert isinstance(frame, av.VideoFrame)
    assert isinstance(stream, av.VideoStream)
    aspect = float(stream.sample_aspect_ratio or 1)
    if not LEAST <= aspect <= MOST:
        aspect = 1.0  # as the file says, unless that is nonsense
    way = orientation_of(frame)
    width, height = max(1, round(frame.width * aspect)), frame.height
    return aspect, (height, width) if way.sideways else (width, height), way.mirrored, wide_kind(frame)


def _clock_note(start: float, origin: float, zero_based: bool, joins: int) -> str | None:
    if joins:
        often = "once" if joins == 1 else f"{joins} times"
        return (
            f"The time stamps of this file begin anew {often}, as in joined files; its pieces follow one another here."
        )
    if start - origin > EMPTY_S:
        return f"Picture and sound of this file begin {start - origin:.2f} s after its start, as players show it."
    if zero_based and origin > LATE_S:
        return f"The time stamps of this file begin at {start:.2f} s; times count from there."
    return None


def _goes_on(path: Path, measured: _Measured) -> bool:
    """Whether there is more in a file than its container gives out: a good part of it, or another file behind it."""
    if measured.stopped:
        return measured.read < (1 - REST) * path.stat().st_size
    begins = second_file(path, measured.format)
    return begins is not None and measured.read <= begins


def _nothing(name: str, measured: _Measured) -> str:
    if measured.pictures and not measured.sounds:
        return f"No frame of {name!r} can be decoded, and it has no sound; the file is damaged."
    if not measured.pictures and not measured.sounds:
        return f"{name!r} has neither picture nor sound."
    return f"{name!r} holds no picture and no sound, only a header."


def _check_rate(name: str, track: TrackInfo, settings: MediaSettings) -> None:
    """By the time stamps, since that is what a header's rate has to be measured against."""
    rate = track.packets / (track.end - track.start)
    if rate > settings.max_fps * 1.02 and track.packets > 10:
        raise ClipLimitError(
            f"{name!r} has {rate:.0f} frames per second; up to {settings.max_fps:.0f} are allowed. "
            "Save it at a lower frame rate."
        )
