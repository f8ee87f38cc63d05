"""A clip as people watch it: frames at an even rate that fit a box, and the sound in stereo. For exports and previews.

Frames come upright, with square pixels, all of one size with even sides (what H.264 asks for), and each belongs to an
exact moment. Sound comes in pieces on the clip's own time axis: it begins at 0 s and ends with the clip. Nothing is
kept, so that an hour needs no more memory than a second.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from adamml.media.decoder import Decoders, gone_wrong, matched
from adamml.media.info import ClipInfo
from adamml.media.sampling import PLAY_RATE

MIN_FPS = 10.0  # a slide show still gets a playhead that moves


@dataclass(frozen=True, kw_only=True)
class DisplayFrame:
    """What is shown at `time` seconds: (H, W, 3) uint8 RGB."""

    time: float
    pixels: np.ndarray


def display_rate(info: ClipInfo, most: float) -> float:
    """Frames per second to show a clip at: its own, between 10 and `most`, to a hundredth."""
    return round(min(max(info.fps or most, MIN_FPS), most), 2)


def display_frames(info: ClipInfo, *, fps: float, box: tuple[int, int]) -> Iterator[DisplayFrame]:
    """What is shown at 0, 1 / fps, 2 / fps, ... until the clip ends, as large as the box (width, height) allows.

    Where the picture has ended, or has not begun, its nearest frame stands still.

    Raises:
        UnreadableClipError: when not one frame can be decoded, or the frames are too narrow to be shown.
        DecoderError: when the decoder crashes or hangs.
    """
    seen: set[tuple[int, ...]] = set()

    def fits(shape: tuple[int, ...]) -> bool:
        seen.add(shape)
        return len(seen) == 1 and len(shape) == 3 and shape[2] == 3 and shape[0] <= box[1] and shape[1] <= box[0]

    times = (k / fps for k in range(max(1, round(info.duration * fps))))
    with (
        closing(Decoders(info.path.name, info.settings)) as decoders,
        closing(decoders.ask("even_frames", info.patience, info=info, fps=fps, box=box)) as answers,
    ):
        for time, pixels in matched(times, answers, info.path.name, fits):
            yield DisplayFrame(time=time, pixels=pixels)


def display_sound(info: ClipInfo) -> Iterator[np.ndarray]:
    """The sound track in pieces of (N, 2) int16 at 48 kHz, from the clip's beginning to its end at most.

    Silence stands where the track begins late or breaks off for a while. Nothing comes where there is no sound track.
    """
    if info.audio is None:
        return
    left = round(info.duration * PLAY_RATE)
    with (
        closing(Decoders(info.path.name, info.settings)) as decoders,
        closing(decoders.ask("stereo", info.patience, info=info)) as answers,
    ):
        for _, piece in answers:
            if piece is None or piece.dtype != np.int16 or piece.shape[1:] != (2,) or len(piece) > left:
                raise gone_wrong(info.path.name)
            left -= len(piece)
            yield piece
