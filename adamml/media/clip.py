"""A clip as the rest of the house sees it: segments in, pixels and samples out."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from adamml.media.audio import decode_sound, is_silent
from adamml.media.container import ClipInfo, probe
from adamml.media.part import part_of
from adamml.media.sampling import Segment, plan_segments
from adamml.media.settings import MediaSettings
from adamml.media.spectrogram import SAMPLE_RATE, WINDOW_SECONDS, sound_window
from adamml.media.video import SHORT_SIDE, centre_crop, frames_at, scaled


class Clip:
    """An opened file. Decodes nothing until asked.

    Args:
        path: a local file.
        settings: limits.
        segments: how many segments to spread over it.
        start, end: seconds of the file to use; None stands for its start or end. The clip is then that part alone,
            sampled as if it had been cut out: `info` describes the part, and every time, those of the segments
            included, counts from the part's start. The limits hold for the whole file, since that is what is read.

    Attributes:
        info: what is in the file, or in the part of it.
        part: (start, end) of the part in seconds of the file; None for a whole file.

    Raises:
        ClipError: when the file cannot be used or has no such part; the message says why.
    """

    def __init__(
        self,
        path: Path,
        settings: MediaSettings,
        segments: int,
        start: float | None = None,
        end: float | None = None,
    ) -> None:
        self._file: ClipInfo = probe(path, settings)
        self._start, self._end = start, end
        self.info: ClipInfo = part_of(self._file, start, end)
        first = start or 0.0
        self.part = None if start is None and end is None else (first, first + self.info.duration)
        self.segments: tuple[Segment, ...] = plan_segments(self.info.duration, segments)

    def has_picture(self, segment: Segment) -> bool:
        """Whether any frame is shown during the segment."""
        video = self.info.video
        return video is not None and video.start < segment.end and segment.start < video.end

    @cached_property
    def _sound(self) -> np.ndarray:
        return decode_sound(self._file, self._start, self._end)

    @cached_property
    def silent(self) -> bool:
        """Whether there is a sound track that holds nothing to hear. Decodes the sound."""
        return self.info.audio is not None and is_silent(self._sound)

    def has_sound(self, segment: Segment) -> bool:
        """Whether the segment's sound window meets the sound track. Decodes the sound."""
        audio = self.info.audio
        if audio is None or self.silent:
            return False
        end = audio.start + self._sound.size / SAMPLE_RATE
        reach = WINDOW_SECONDS / 2
        return audio.start - reach < segment.sound_centre < end + reach

    def may_have_sound(self, segment: Segment) -> bool:
        """What the file's streams promise about `has_sound`, without decoding anything."""
        audio = self.info.audio
        reach = WINDOW_SECONDS / 2
        return audio is not None and audio.start - reach < segment.sound_centre < audio.end + reach

    def samples(self) -> np.ndarray:
        """The sound on the clip's own time axis, (duration * 24000,): silence where the track does not reach."""
        whole = np.zeros(round(self.info.duration * SAMPLE_RATE), np.float32)
        if self.info.audio is not None:
            begin = round(self.info.audio.start * SAMPLE_RATE)
            heard = self._sound[: max(0, whole.size - begin)]
            whole[begin : begin + heard.size] = heard
        return whole

    def window(self, segment: Segment) -> np.ndarray:
        """(30720,) samples at 24 kHz around the segment's centre."""
        assert self.info.audio is not None
        return sound_window(self._sound, segment.sound_centre - self.info.audio.start)

    def frames(self, segments: Sequence[Segment]) -> dict[int, np.ndarray]:
        """Frames of the given segments in one pass: index -> (8, 224, 224, 3) uint8 RGB."""
        wanted = sorted({time for segment in segments for time in segment.frame_times})
        if not wanted:
            return {}
        crops: dict[float, np.ndarray] = {}
        last_frame, last_crop = None, None
        for time, frame in frames_at(self.info, wanted):
            if frame is not last_frame or last_crop is None:  # several moments can show one frame
                last_frame, last_crop = frame, centre_crop(scaled(frame, SHORT_SIDE, self.info.pixel_aspect))
            crops[time] = last_crop
        return {segment.index: np.stack([crops[time] for time in segment.frame_times]) for segment in segments}
