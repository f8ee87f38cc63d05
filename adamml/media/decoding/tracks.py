"""Which of several tracks is used: the one that the file marks as default, else the first that serves.

A track serves if it can be decoded and lasts: a still or a short preview beside the film does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from adamml.media.allowlist import SAMPLE_RATES
from adamml.media.decoding.container import (
    check_codec,
    check_size,
    check_sound,
    decoded,
    open_container,
    packets_of,
    ready_to_decode,
)
from adamml.media.decoding.track_times import TrackTimes
from adamml.media.errors import ClipError
from adamml.media.limits import MediaSettings

SHORT = 0.1  # of the longest track of its kind: one that is shorter does not last
LOOKED_AT = 200  # packets of sound in which the first one is looked for
_Disposition = av.stream.Disposition
_NO_FILM = _Disposition.attached_pic | _Disposition.timed_thumbnails | _Disposition.still_image


@dataclass(kw_only=True)
class Candidate:
    """A track that could be used.

    Attributes:
        number: among those of its kind, from 1.
        default: whether the file marks it so.
        times: when it plays; None where its header alone rules it out.
        fault: what is wrong with it, None where nothing is known to be.
    """

    stream: av.VideoStream | av.AudioStream
    number: int
    default: bool
    times: TrackTimes | None = None
    fault: ClipError | None = None


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A track that is used, and its first frame, where one was found."""

    candidate: Candidate
    times: TrackTimes
    frame: Any


def candidates(
    container: InputContainer, name: str, settings: MediaSettings
) -> tuple[list[Candidate], list[Candidate]]:
    """Tracks of picture and of sound as their headers have them, those marked as default first."""
    pictures = [stream for stream in container.streams.video if not stream.disposition & _NO_FILM]
    both: tuple[list[Candidate], list[Candidate]] = ([], [])
    for found, streams in zip(both, (pictures, container.streams.audio), strict=True):
        for number, stream in enumerate(streams, start=1):
            default = bool(stream.disposition & _Disposition.default)
            found.append(candidate := Candidate(stream=stream, number=number, default=default))
            try:
                _check_allowed(stream, name, settings)
            except ClipError as error:
                candidate.fault = error
            else:
                rate = float(stream.average_rate or 0) if isinstance(stream, av.VideoStream) else 0.0
                pace = (1 / rate if 1 <= rate <= 1000 else 1 / 25) if isinstance(stream, av.VideoStream) else 0.0
                candidate.times = TrackTimes(stream, container.format.name, pace)
        found.sort(key=lambda candidate: not candidate.default)
        if found and all(candidate.fault for candidate in found):
            fault = found[0].fault
            assert fault is not None
            raise fault
    return both


def _check_allowed(stream: av.VideoStream | av.AudioStream, name: str, settings: MediaSettings) -> None:
    """Refuse codecs, sizes and rates beyond the limits.

    A size of 0 is one that is not known yet, as in a broadcast of one picture: `decoded` looks at it.
    """
    if isinstance(stream, av.VideoStream):
        check_codec(name, stream, "picture", "H.264")
        check_size(name, stream.codec_context.width, stream.codec_context.height, settings)
        return
    check_codec(name, stream, "sound", "AAC")
    check_sound(name, stream.codec_context.sample_rate or SAMPLE_RATES[0], stream.codec_context.layout.nb_channels)


def choose(path: Path, found: Sequence[Candidate], settings: MediaSettings) -> Chosen | None:
    """The track that is used; None where no picture can be decoded, or there is nothing in any of them.

    Args:
        found: of one kind, in order of preference, their times measured.
    """
    there = [(candidate, times) for candidate in found if (times := candidate.times) is not None and times.begun]
    if not there:
        return None
    longest = max(times.end - times.start for _, times in there)
    most = max(times.shown for _, times in there)

    def lasts(times: TrackTimes) -> bool:
        still = times.picture and times.shown == 1 < most
        return not still and times.end - times.start >= SHORT * longest

    fault: ClipError | None = None
    for candidate, times in sorted(there, key=lambda item: not lasts(item[1])):
        try:
            frame = _first_frame(path, candidate.stream.index, settings)
        except ClipError as error:
            fault = fault or error
            continue
        # Sound of which nothing decodes is silence where there is no other; a picture of which nothing does is none.
        if frame is not None or (len(there) == 1 and not times.picture):
            return Chosen(candidate=candidate, times=times, frame=frame)
    if fault is not None:
        raise fault
    return None


def _first_frame(path: Path, index: int, settings: MediaSettings) -> Any:
    """The first frame that can be decoded, as a rule of the first packets; None where there is none."""
    with open_container(path) as container:
        stream = container.streams[index]
        if isinstance(stream, av.VideoStream):
            ready_to_decode(stream, settings, threads="SLICE")  # frame threads would begin several frames for the one
            return next(decoded(packets_of(container, stream), stream, path.name, settings), None)
        assert isinstance(stream, av.AudioStream)
        packets = (packet for _, packet in zip(range(LOOKED_AT), packets_of(container, stream), strict=False))
        return next(decoded(packets, stream, path.name, settings), None)


def note_of(kind: str, found: Sequence[Candidate], chosen: Candidate) -> str | None:
    """What the result says of a choice, None where there was none."""
    if len(found) < 2:
        return None
    ahead = [candidate for candidate in found if candidate.number < chosen.number]
    why = "the first of them" if not ahead else "which the file marks as the default" if chosen.default else ""
    why = why or "the first that can be decoded and lasts"
    return f"This file has {len(found)} {kind} tracks; number {chosen.number} was used, {why}."
