"""Frames at an even rate and sound in stereo, as people watch and hear them; promised in `media.playback`."""

from collections.abc import Iterator

import numpy as np

from adamml.media.decoding.sound_reader import silent_blocks, sound_pieces
from adamml.media.decoding.video_reader import MAX_LONG_SIDE, fitted, frames_at, shown_size
from adamml.media.errors import UnreadableClipError
from adamml.media.info import ClipInfo
from adamml.media.sampling import PLAY_RATE


def even_frames(info: ClipInfo, fps: float, box: tuple[int, int]) -> Iterator[tuple[float, np.ndarray]]:
    """(time, (H, W, 3) uint8 RGB) at 0, 1 / fps, 2 / fps, ... until the clip ends."""
    count = max(1, round(info.duration * fps))
    size: tuple[int, int] | None = None
    last_frame, pixels = None, None
    for time, frame, _ in frames_at(info, [k / fps for k in range(count)]):
        if frame is not last_frame or pixels is None:  # several moments can show one frame
            if size is None:
                size = _fitted(shown_size(frame, info.pixel_aspect), box)
            last_frame, pixels = frame, fitted(frame, info.pixel_aspect, size)
        yield time, pixels


def _fitted(size: tuple[float, float], box: tuple[int, int]) -> tuple[int, int]:
    """The largest even (width, height) of the same shape inside a box.

    Raises:
        UnreadableClipError: for a shape so narrow that nothing of it would be left.
    """
    scale = min(box[0] / size[0], box[1] / size[1])
    width, height = (2 * int(side * scale / 2 + 1e-9) for side in size)
    if min(width, height) < 2 or max(width, height) > MAX_LONG_SIDE:
        raise UnreadableClipError(f"Frames of {size[0]:.0f} x {size[1]:.0f} pixels are too narrow to be shown.")
    return width, height


def stereo_blocks(info: ClipInfo) -> Iterator[np.ndarray]:
    """(N, 2) int16 pieces at 48 kHz, from the clip's beginning to its end at most."""
    assert info.audio is not None
    left = round(info.duration * PLAY_RATE)
    late = min(left, round(info.audio.start * PLAY_RATE))
    for silence in silent_blocks(2, late):
        yield silence.T.astype(np.int16)
    left -= max(late, 0)
    for samples, _ in sound_pieces(info, rate=PLAY_RATE, layout="stereo", in_step=True):
        if left <= 0:
            return
        whole = np.nan_to_num(samples[:, :left].T, nan=0.0, posinf=0.0, neginf=0.0)
        left -= whole.shape[0]
        yield np.round(np.clip(whole, -1, 1) * 32767).astype(np.int16)
