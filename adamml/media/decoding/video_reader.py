"""Frames at given moments, in one forward pass: what is shown at time t is the last frame that began by then.

Nothing but the wanted frames is converted. The pass reads on sequentially and seeks only when the next key frame
before a wanted moment lies beyond where it stands, because decoding on is cheaper than decoding a group twice. A jump
that does not land where it should is taken back, and the file read from its beginning: what is shown never depends on
how it was fetched. Frames that nobody sees need not even be decoded (`frame_skipping`).
"""

import gc
from bisect import bisect_right, insort
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, suppress

import av
import numpy as np
from av.video.reformatter import Interpolation

from adamml.media.decoding.colors import common, wide_kind
from adamml.media.decoding.container import AV_ERRORS, decoded, open_container, packets_of, ready_to_decode
from adamml.media.decoding.frame_skipping import spared
from adamml.media.decoding.orientation import orientation_of
from adamml.media.decoding.pixel_aspect import aspect_of
from adamml.media.errors import UnreadableClipError
from adamml.media.info import ClipInfo

MAX_LONG_SIDE = 4096
# Containers round time stamps (Matroska to 1 ms): a frame that begins this little after t still counts as begun.
TOLERANCE_S = 0.002
FORGIVEN = 4.0  # pixels by which a frame may be stretched to fit, rather than have a thin black edge
JUMP_S = 1.0  # reading on this far costs less than a seek
# A frame that has been shown for longer than this, though others should have followed it, stands in for what is lost.
STALE_S = 0.5
PAIR_S = 0.05  # two packets less far apart may be halves of one frame
Moments = Generator[tuple[float, av.VideoFrame, bool], None, None]


def scaled(frame: av.VideoFrame, short_side: int, pixel_aspect: float) -> np.ndarray:
    """(H, W, 3) uint8 upright RGB with the given shorter side.

    Args:
        pixel_aspect: width of the file's pixels over their height, unless the frame has others; ours are square.

    Raises:
        UnreadableClipError: for a shape so narrow that scaling it up would take a fortune.
    """
    width, height = frame.width * aspect_of(frame, pixel_aspect), frame.height
    scale = short_side / min(width, height)
    size = max(short_side, int(width * scale)), max(short_side, int(height * scale))
    if max(size) > MAX_LONG_SIDE:
        raise UnreadableClipError(f"Frames of {frame.width} x {frame.height} pixels are too narrow to be used.")
    return resized(frame, size)


def resized(frame: av.VideoFrame, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 upright RGB of a frame brought to (width, height) and then turned as the file asks."""
    # On one core: setting up others for a single frame costs more than they save.
    kind, way = wide_kind(frame), Interpolation.BILINEAR
    form = "rgb24" if kind is None else "rgb48le"
    picture = frame.reformat(width=size[0], height=size[1], format=form, interpolation=way, threads=1)
    pixels = picture.to_ndarray()
    return orientation_of(frame).applied(pixels if kind is None else common(pixels, kind))


def shown_size(frame: av.VideoFrame, pixel_aspect: float) -> tuple[float, float]:
    """(width, height) of a frame as it is shown, in square pixels."""
    width, height = frame.width * aspect_of(frame, pixel_aspect), float(frame.height)
    return (height, width) if orientation_of(frame).sideways else (width, height)


def fitted(frame: av.VideoFrame, pixel_aspect: float, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 upright RGB of exactly (width, height): a whole frame, with black beside it where shapes differ.

    Frames of one clip differ where a phone was turned or a connection got worse.
    """
    shown = shown_size(frame, pixel_aspect)
    scale = min(size[0] / shown[0], size[1] / shown[1])
    inner = tuple(
        side if abs(side - wanted * scale) < FORGIVEN else max(2, round(wanted * scale))
        for side, wanted in zip(size, shown, strict=True)
    )
    sideways = orientation_of(frame).sideways
    pixels = resized(frame, (inner[1], inner[0]) if sideways else (inner[0], inner[1]))
    if inner == size:
        return pixels
    whole = np.zeros((size[1], size[0], 3), np.uint8)
    top, left = (size[1] - inner[1]) // 2, (size[0] - inner[0]) // 2
    whole[top : top + inner[1], left : left + inner[0]] = pixels
    return whole


def center_crop(pixels: np.ndarray, size: int) -> np.ndarray:
    """The middle (size, size, 3) of an image whose sides are at least that long."""
    top, left = round((pixels.shape[0] - size) / 2), round((pixels.shape[1] - size) / 2)
    return np.ascontiguousarray(pixels[top : top + size, left : left + size])


def frames_at(info: ClipInfo, times: Sequence[float]) -> Moments:
    """Yield (time, frame, instead) for each wanted moment, in ascending order, in one pass over the file.

    The third says whether the frame stands instead of later ones that cannot be decoded.

    Moments after the last frame get the last frame, moments before the first get the first.

    Raises:
        UnreadableClipError: when not one frame can be decoded.
    """
    if not times:
        return
    with closing(VideoReader(info)) as reader:
        yield from reader.at(times)


class VideoReader:
    """A file that is read forward, and stands where the last moment asked for has left it.

    Raises:
        UnreadableClipError: when it cannot be opened.
    """

    def __init__(self, info: ClipInfo) -> None:
        track = info.video
        assert track is not None, "only ask for frames where there is a picture"
        self.info, self._track = info, track
        self._pace = 1 / info.fps if info.fps else 1 / 25
        self._moments: list[float] = []  # that are asked for now, with the tolerance
        self._may_jump = not track.joins  # joined files hold many times twice: a seek would find any of them
        self._stored: list[float] = []  # when pictures should be shown that were handed to the decoder, ascending
        self._whole = True  # whether nothing ahead of where it stands has been left out
        self._stack = ExitStack()
        self._open()

    def _open(self) -> None:
        """Stand before the first frame."""
        self._stack.close()
        with ExitStack() as stack:
            self._container = stack.enter_context(open_container(self.info.path))
            stream = self._container.streams[self._track.stream]
            assert isinstance(stream, av.VideoStream)
            ready_to_decode(stream, self.info.settings)
            self._stream, self._base = stream, float(stream.time_base or 1)
            self._stack = stack.pop_all()
        self._frames: Iterator[av.VideoFrame] | None = None
        # The frame that is shown, and the one after it, which says until when.
        self._shown, self._since = None, float("-inf")  # type: av.VideoFrame | None, float
        self._next, self._position = None, float("-inf")  # type: av.VideoFrame | None, float
        self._came = float("-inf")  # the latest that has been shown: stamps may go back a little
        self._ended = False

    def close(self) -> None:
        """Close the file, and give up what its decoder holds: with large frames, a good part of its memory limit."""
        self._stack.close()
        self._frames = self._shown = self._next = None
        gc.collect()  # containers and their streams refer to each other

    def reaches(self, time: float) -> bool:
        """Whether a moment lies ahead, so that going on shows what a pass from the beginning would."""
        return self._whole and self._shown is not None and self._since <= time + TOLERANCE_S

    def at(self, times: Sequence[float]) -> Moments:
        """As `frames_at`; the first moment must lie ahead, see `reaches`."""
        moments = sorted(set(times))
        self._moments = [time + TOLERANCE_S for time in moments]
        self._whole = False
        for wanted, moment in zip(moments, self._moments, strict=True):
            while not self._ended and (self._next is None or self._position <= moment):
                if self._next is not None:
                    self._shown, self._since = self._next, self._position
                    self._came = max(self._came, self._since)
                self._decode_one(moment)
            shown = self._next if self._shown is None else self._shown
            if shown is None:
                raise UnreadableClipError(f"No frame of {self.info.path.name!r} can be decoded; the file is damaged.")
            yield wanted, shown, self._stands_instead(moment)
        self._whole = True

    def _stands_instead(self, moment: float) -> bool:
        """Whether the file holds pictures that should have followed the one that is shown, and did not come."""
        if self._shown is None:
            return False
        del self._stored[: bisect_right(self._stored, self._came + PAIR_S)]
        return moment > max(self._since, self._came) + STALE_S and bisect_right(self._stored, moment) > 0

    def _noted(self, packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
        """The same; when their pictures should be shown is remembered."""
        for packet in packets:
            begin = self._begins(packet)
            if begin is not None and packet.size and not packet.is_discard:
                insort(self._stored, begin)
            yield packet

    def _decode_one(self, moment: float) -> None:
        """The next frame; of all before `moment`, whatever a jump to a later key frame saves is left out."""
        key, left = self._jump_to(moment), self._position
        if key is not None:
            with suppress(*AV_ERRORS):  # a file that cannot seek is read on
                self._container.seek(int((key + self.info.origin) / self._base), stream=self._stream)
        if key is not None or self._frames is None:
            whole = packets_of(self._container, self._stream, self._track.joins)
            self._stored.clear()
            packets = spared(self._noted(whole), self._stream, self._begins, self._looked_at)
            self._frames = decoded(packets, self._stream, self.info.path.name, self.info.settings)
        self._next = next(self._frames, None)
        if self._next is not None:
            # Frames without a time stamp follow each other at the stream's usual pace.
            follows = 0.0 if self._position == float("-inf") else self._position + self._pace
            begins = self._begins(self._next)
            self._position = follows if begins is None else begins
        if key is not None and not self._has_landed(left, moment):
            self._may_jump = False
            self._open()
            self._decode_one(moment)
        self._ended = self._next is None

    def _has_landed(self, left: float, moment: float) -> bool:
        """Whether a jump led to where it should, on a frame that needs none of those before it.

        Some containers miss the key frame, and some key frames need what only the beginning of the file says.
        """
        return self._next is not None and left < self._position <= moment and not self._next.is_corrupt

    def _looked_at(self) -> Sequence[float]:
        """The moments for whose sake frames are left out; none while frames may come in halves, a packet each."""
        return self._moments if self._next is not None and not self._next.interlaced_frame else ()

    def _begins(self, what: av.VideoFrame | av.Packet) -> float | None:
        """When it is first shown, in seconds of the clip, if it says so."""
        return None if what.pts is None else what.pts * self._base - self.info.origin

    def _jump_to(self, moment: float) -> float | None:
        """The key frame to go on from, if a seek is worth it: at the very start there is nothing to jump over."""
        keys = self._track.key_frames
        place = bisect_right(keys, moment)
        if not self._may_jump or not place:
            return None
        key = keys[place - 1]
        return key if key > max(self._position, keys[0]) + JUMP_S else None


class CachedVideoReader:
    """The reel of the last request, for the next one: sparse looks then decode no stretch of the file twice."""

    def __init__(self) -> None:
        self._reader: VideoReader | None = None

    def at(self, info: ClipInfo, times: Sequence[float]) -> Moments:
        """As `frames_at`."""
        if times:
            if self._reader is None or self._reader.info != info or not self._reader.reaches(min(times)):
                self.close()
                self._reader = VideoReader(info)
            yield from self._reader.at(times)

    def close(self) -> None:
        """Let go of it; two open decoders of large frames could exceed the memory that is allowed."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
