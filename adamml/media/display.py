"""A clip as people watch it: frames at an even rate that fit a box, and the sound in stereo. For exports and previews.

Frames come upright, with square pixels, all of one size with even sides (what H.264 asks for), and each belongs to an
exact moment. Sound comes in pieces on the clip's own time axis: it begins at 0 s and ends with the clip. Nothing is
kept, so that an hour needs no more memory than a second.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from adamml.media.audio import sound_pieces
from adamml.media.container import ClipInfo
from adamml.media.errors import UnreadableClipError
from adamml.media.video import MAX_LONG_SIDE, frames_at, resized

PLAY_RATE = 48_000
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
    """
    count = max(1, round(info.duration * fps))
    size: tuple[int, int] | None = None
    last_frame, pixels = None, None
    for time, frame in frames_at(info, [k / fps for k in range(count)]):
        if frame is not last_frame or pixels is None:  # several moments can show one frame
            upright = (round((frame.rotation or 0) / 90) % 2) == 0
            if size is None:
                width, height = frame.width * info.pixel_aspect, float(frame.height)
                size = fitted((width, height) if upright else (height, width), box)
            last_frame, pixels = frame, resized(frame, size if upright else (size[1], size[0]))
        yield DisplayFrame(time=time, pixels=pixels)


def fitted(size: tuple[float, float], box: tuple[int, int]) -> tuple[int, int]:
    """The largest even (width, height) of the same shape inside a box.

    Raises:
        UnreadableClipError: for a shape so narrow that nothing of it would be left.
    """
    scale = min(box[0] / size[0], box[1] / size[1])
    width, height = (2 * int(side * scale / 2 + 1e-9) for side in size)
    if min(width, height) < 2 or max(width, height) > MAX_LONG_SIDE:
        raise UnreadableClipError(f"Frames of {size[0]:.0f} x {size[1]:.0f} pixels are too narrow to be shown.")
    return width, height


def display_sound(info: ClipInfo) -> Iterator[np.ndarray]:
    """The sound track in pieces of (N, 2) int16 at 48 kHz, from the clip's beginning to its end at most.

    Silence stands where the track begins late or breaks off for a while. Nothing comes where there is no sound track.
    """
    if info.audio is None:
        return
    left = round(info.duration * PLAY_RATE)
    late = min(left, round(info.audio.start * PLAY_RATE))
    if late > 0:
        yield np.zeros((late, 2), np.int16)
        left -= late
    for samples, _ in sound_pieces(info, rate=PLAY_RATE, layout="stereo", in_step=True):
        if left <= 0:
            return
        whole = np.nan_to_num(samples[:, :left].T, nan=0.0, posinf=0.0, neginf=0.0)
        left -= whole.shape[0]
        yield np.round(np.clip(whole, -1, 1) * 32767).astype(np.int16)
