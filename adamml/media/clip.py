"""A clip as the rest of the house sees it: segments in, pixels and samples out."""

import math
import os
import re
import weakref
from collections.abc import Generator, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path

import numpy as np

from adamml.inputs import PUBLISHED_INPUT, ClipInput
from adamml.media.decoder import Answers, Decoders, gone_wrong, matched
from adamml.media.errors import ClipLimitError, UnreadableClipError
from adamml.media.info import ClipInfo
from adamml.media.limits import MediaSettings, checked_segments
from adamml.media.sampling import Segment, plan_segments
from adamml.media.sound_track import Track, decode_track
from adamml.media.subclip import subclip_of

LOST = "The picture at {:.1f} to {:.1f} s cannot be decoded here; the one before stands in its place."
_ADDRESS = re.compile(r"(https?|ftp|s3|gs|rtsp|rtmp):/", re.IGNORECASE)  # a path has lost one slash
_FEWER = "This clip is too short for {} segments that differ, so it was cut into {}."
PART_SLACK_S = 0.1  # a part ends with the frame in which its end lies


def probe(path: Path, settings: MediaSettings, decoders: Decoders | None = None) -> ClipInfo:
    """Look a file over, within limits, decoding no more than one frame.

    Args:
        decoders: of the clip, where it has some already.

    Raises:
        UnreadableClipError: nothing in it can be seen or heard.
        ClipLimitError: it exceeds a limit; the message names it.
        DecoderError: looking it over crashed the decoder, or took too long.
    """
    size = _size(path, settings)
    if decoders is None:
        with closing(Decoders(path.name, settings)) as decoders:
            return probe(path, settings, decoders)
    patience = settings.patience(seconds=size / 4e6)  # packets are read at 20 MB a second at least
    said = decoders.ask_once("probe", patience, path=path, settings=settings)
    try:
        return ClipInfo.from_wire(said["info"], path, settings)
    except (ValueError, TypeError, KeyError) as error:
        raise gone_wrong(path.name) from error


def probe_part(
    path: Path, settings: MediaSettings, start: float | None, end: float | None, decoders: Decoders | None = None
) -> tuple[ClipInfo, ClipInfo]:
    """What `probe` says of the file, and of the seconds from `start` to `end`: the same where both are None.

    Raises:
        ClipPartError: the file has no such part.
        ClipError: see `probe`; the part may last as long as a clip, the file up to `max_file_seconds`.
    """
    if start is None and end is None:
        whole = probe(path, settings, decoders)
        return whole, whole
    whole = probe(path, settings.of_parts, decoders)
    part = subclip_of(whole, start, end)
    if part.duration > settings.max_seconds + PART_SLACK_S:
        raise ClipLimitError(
            f"A part of {path.name!r} may last up to {settings.max_seconds:.0f} s, not {part.duration:.0f} s."
        )
    return whole, part


def _size(path: Path, settings: MediaSettings) -> int:
    """Bytes of the file, if it is one that may be opened."""
    try:
        size = path.stat().st_size if path.is_file() and os.access(path, os.R_OK) else -1
    except (OSError, ValueError):
        size = -1
    if size < 0 and path.is_dir():
        raise UnreadableClipError(
            f"{str(path)!r} is a folder. One clip is analyzed at a time; `adamml batch` takes all."
        )
    if size < 0 and _ADDRESS.match(str(path)):
        raise UnreadableClipError(
            f"There is no file {path.name!r}: that is an address, and nothing is fetched. Download it first."
        )
    if size < 0:
        raise UnreadableClipError(f"There is no file {str(path)!r} that can be read.")
    if size == 0:
        raise UnreadableClipError(f"{path.name!r} is empty.")
    if size > settings.max_bytes:
        raise ClipLimitError(
            f"{path.name!r} has {size / 1e6:.0f} MB; up to {settings.max_bytes / 1e6:.0f} MB are allowed. "
            "Cut it shorter or save it at a lower resolution."
        )
    return size


class Clip:
    """An opened file. Decodes nothing but a first frame until asked.

    Decoding happens in a process of the clip's own. It ends when the clip is closed, or is left alone for a minute;
    asking for more opens it again.

    Args:
        path: a local file.
        settings: limits.
        segments: how many segments to spread over it.
        start, end: seconds of the file to use; None stands for its start or end. The clip is then that part alone,
            sampled as if it had been cut out: `info` describes the part, and every time, those of the segments
            included, counts from the part's start. The limits hold for the whole file, since that is what is read,
            but for its duration: that of the part is limited as a clip's, that of the file by `max_file_seconds`.
        given: what the model is given of a segment, which says where the segments lie and what is decoded of them.
        distinct: whether a clip too short for so many segments has fewer, see `plan_segments`; a note says so.

    Attributes:
        info: what is in the file, or in the part of it.
        part: (start, end) of the part in seconds of the file; None for a whole file.

    Raises:
        ClipError: when the file cannot be used or has no such part; the message says why. So do all methods that
            decode.
    """

    def __init__(
        self,
        path: Path,
        settings: MediaSettings,
        segments: int,
        start: float | None = None,
        end: float | None = None,
        given: ClipInput = PUBLISHED_INPUT,
        *,
        distinct: bool = False,
    ) -> None:
        segments = checked_segments(segments, settings)
        self.given = given
        self.decoders = Decoders(path.name, settings)
        self._finalizer = weakref.finalize(self, self.decoders.close)
        try:
            self._start, self._end = start, end
            self._file, self.info = probe_part(path, settings, start, end, self.decoders)
        except BaseException:
            self.close()
            raise
        first = start or 0.0
        self.part = None if start is None and end is None else (first, first + self.info.duration)
        self._lost = set[float]()  # moments of the clip
        self.segments: tuple[Segment, ...] = plan_segments(self.info.duration, segments, given, distinct=distinct)
        self._fewer = [_FEWER.format(segments, len(self.segments))] if len(self.segments) < segments else []

    def close(self) -> None:
        """End the decoding process. What is known of the clip stays; asking for more starts another one."""
        self.decoders.close()

    def has_picture(self, segment: Segment) -> bool:
        """Whether any frame is shown during the segment."""
        video = self.info.video
        return video is not None and video.start < segment.end and segment.start < video.end

    @cached_property
    def _sound(self) -> Track:
        return decode_track(self.decoders, self._file, self.given.sound, self._start, self._end)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what had to be chosen or changed to read the file, as far as it has been read."""
        lost = [LOST.format(min(self._lost), max(self._lost))] if self._lost else []
        return (*self.info.notes, *self._fewer, *lost, *(self._sound.notes if "_sound" in vars(self) else ()))

    @cached_property
    def silent(self) -> bool:
        """Whether there is a sound track that holds nothing to hear. Decodes the sound."""
        return self.info.audio is not None and self._sound.silent

    def has_sound(self, segment: Segment) -> bool:
        """Whether the segment's sound window meets the sound track. Decodes the sound."""
        audio = self.info.audio
        if audio is None or self.silent:
            return False
        end = audio.start + self._sound.size / self.given.sound.sample_rate
        reach = self.given.sound.seconds / 2
        return audio.start - reach < segment.sound_center < end + reach

    def may_have_sound(self, segment: Segment) -> bool:
        """What the file's streams promise about `has_sound`, without decoding anything."""
        audio = self.info.audio
        reach = self.given.sound.seconds / 2
        return audio is not None and audio.start - reach < segment.sound_center < audio.end + reach

    def samples(self, begin: int = 0, end: int | None = None) -> np.ndarray:
        """The sound on the clip's own time axis, (N,) float32 at the model's rate; silence beyond the track.

        Args:
            begin, end: samples from the clip's start, the whole clip when not given; an hour of it takes 350 MB.
        """
        rate = self.given.sound.sample_rate
        count = round(self.info.duration * rate)
        end = count if end is None else min(end, count)
        wanted = np.zeros(max(0, end - begin), np.float32)
        if self.info.audio is not None:
            late = round(self.info.audio.start * rate) - begin
            heard = self._sound.read(max(0, -late), max(0, end - begin - late))
            wanted[max(0, late) : max(0, late) + heard.size] = heard
        return wanted

    def window(self, segment: Segment) -> np.ndarray:
        """(samples,) around the segment's centre."""
        assert self.info.audio is not None
        return self._sound.window(segment.sound_center - self.info.audio.start)

    def frames(self, segments: Sequence[Segment]) -> dict[int, np.ndarray]:
        """Frames of the given segments in one pass: index -> (T, H, W, 3) uint8 RGB."""
        return dict(self.stream(segments))

    def stream(self, segments: Sequence[Segment]) -> Generator[tuple[int, np.ndarray], None, None]:
        """The same, segment after segment as they are decoded: (index, (T, H, W, 3) uint8 RGB), ascending.

        The decoder works ahead by a few segments while the caller computes. Leaving early (`close()`) stops it.
        """
        moments = sorted({segment.index: segment.frame_times for segment in segments}.items())
        if not moments:
            return
        assert self.info.video is not None, "only ask for frames where there is a picture"
        picture = self.given.picture
        asked = self.decoders.ask(
            "frames",
            self.info.patience,
            info=self.info,
            segments=moments,
            short_side=picture.short_side,
            crop=picture.crop,
        )
        with closing(asked) as answers:
            told = self._noting_lost(answers)
            for (index, _), pixels in matched(moments, told, self.info.path.name, picture.shape.__eq__):
                yield index, pixels

    def _noting_lost(self, answers: Answers) -> Answers:
        """The same; moments whose picture could not be decoded are remembered for the notes."""
        for said, pixels in answers:
            lost = said.get("lost")
            if not isinstance(lost, list) or not all(type(time) is float and math.isfinite(time) for time in lost):
                raise gone_wrong(self.info.path.name)
            self._lost.update(lost)
            yield said, pixels
