"""Frames at given moments, in one forward pass: what is shown at time t is the last frame that began by then.

Nothing but the wanted frames is converted. The pass reads on sequentially and seeks only when the next key frame
before a wanted moment lies beyond where it stands, because decoding on is cheaper than decoding a group twice.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import av
import numpy as np
from av.video.reformatter import Interpolation

from adamml.media.decoding.container import AV_ERRORS, decoded, open_container, ready_to_decode
from adamml.media.errors import UnreadableClipError
from adamml.media.info import ClipInfo
from adamml.media.sampling import CROP

MAX_LONG_SIDE = 4096
# Containers round time stamps (Matroska to 1 ms): a frame that begins this little after t still counts as begun.
TOLERANCE_S = 0.002
JUMP_S = 1.0  # reading on this far costs less than a seek


def scaled(frame: av.VideoFrame, short_side: int, pixel_aspect: float) -> np.ndarray:
    """(H, W, 3) uint8 upright RGB with the given shorter side.

    Args:
        pixel_aspect: width of the file's pixels over their height; ours are square.

    Raises:
        UnreadableClipError: for a shape so narrow that scaling it up would take a fortune.
    """
    width, height = frame.width * pixel_aspect, frame.height
    scale = short_side / min(width, height)
    size = max(short_side, int(width * scale)), max(short_side, int(height * scale))
    if max(size) > MAX_LONG_SIDE:
        raise UnreadableClipError(f"Frames of {frame.width} x {frame.height} pixels are too narrow to be used.")
    return resized(frame, size)


def resized(frame: av.VideoFrame, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 upright RGB of a frame brought to (width, height) and then turned as the file asks."""
    picture = frame.reformat(width=size[0], height=size[1], format="rgb24", interpolation=Interpolation.BILINEAR)
    pixels = picture.to_ndarray()
    quarter_turns = round((frame.rotation or 0) / 90) % 4
    return np.rot90(pixels, quarter_turns) if quarter_turns else pixels


def centre_crop(pixels: np.ndarray, size: int = CROP) -> np.ndarray:
    """The middle (size, size, 3) of an image whose sides are at least that long."""
    top, left = round((pixels.shape[0] - size) / 2), round((pixels.shape[1] - size) / 2)
    return np.ascontiguousarray(pixels[top : top + size, left : left + size])


def frames_at(info: ClipInfo, times: Sequence[float]) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield (time, frame) for each wanted moment, in ascending order, in one pass over the file.

    Moments after the last frame get the last frame, moments before the first get the first.

    Raises:
        UnreadableClipError: when not one frame can be decoded.
    """
    track = info.video
    assert track is not None, "only ask for frames where there is a picture"
    wanted = sorted(set(times))
    if not wanted:
        return
    with open_container(info.path) as container:
        stream = container.streams[track.stream]
        assert isinstance(stream, av.VideoStream)
        ready_to_decode(stream, info.settings)
        base = float(stream.time_base or 1)
        shown: av.VideoFrame | None = None
        pace = 1 / info.fps if info.fps else 1 / 25
        position = float("-inf")  # time of the frame last decoded
        fetch, may_seek = 0, True
        while fetch < len(wanted):
            left = position
            if may_seek:
                _seek_if_worth_it(container, stream, track.key_frames, wanted[fetch], position, info.origin, base)
            jump = False
            for frame in decoded(container, stream, info.path.name, info.settings):
                # Frames without a time stamp follow each other at the stream's usual pace.
                follows = 0.0 if shown is None else position + pace
                begins = follows if frame.pts is None else frame.pts * base - info.origin
                while fetch < len(wanted) and begins > wanted[fetch] + TOLERANCE_S:
                    yield wanted[fetch], shown if shown is not None else frame
                    fetch += 1
                shown, position = frame, begins
                if fetch == len(wanted):
                    return
                may_seek = may_seek and begins > left  # a file whose jumps lead backwards is read on instead
                key = _key_before(track.key_frames, wanted[fetch])
                if may_seek and key is not None and key > position + JUMP_S:
                    jump = True
                    break
            if not jump:
                break
        if shown is None:
            raise UnreadableClipError(f"No frame of {info.path.name!r} can be decoded; the file is damaged.")
        for time in wanted[fetch:]:
            yield time, shown


def _key_before(key_frames: tuple[float, ...], time: float) -> float | None:
    place = bisect_right(key_frames, time + TOLERANCE_S)
    return key_frames[place - 1] if place else None


def _seek_if_worth_it(
    container, stream, key_frames, wanted: float, position: float, origin: float, base: float
) -> None:
    key = _key_before(key_frames, wanted)
    # At the very start there is nothing to jump over; otherwise jump only past what would be decoded for nothing.
    if key is None or key <= max(position, key_frames[0]) + JUMP_S:
        return
    try:
        container.seek(int((key + origin) / base), stream=stream)
    except AV_ERRORS:
        return  # a file that cannot seek is read on
