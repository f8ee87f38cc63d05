"""When a track plays, measured from its packets: the header is not asked, since it may lie.

What an edit list hides is passed over. A picture lasts until the next one begins. How long the last one lasts is what
its packet says, or the usual pace; where pictures stand long it is to the end of the file, as players show it.
"""

import heapq
import struct

import av

from adamml.media.decoding.clock import MAX_PIECES, Piece, breaks_here
from adamml.media.decoding.container import AV_ERRORS
from adamml.media.info import Join, TrackInfo

LONG_S = 10.0  # a packet that claims to last longer is believed only if the file lasts as long
REORDERED = 16  # more pictures than are ever stored before one that is shown before them
STANDS_S = 0.5  # pictures further apart than this, and than usual, stand until the next


class TrackTimes:
    """Collects when the packets of one stream play.

    Args:
        container: FFmpeg's name of the format.
        usual: seconds that a packet lasts if it does not say, 0 where that is not known.
    """

    def __init__(self, stream: av.VideoStream | av.AudioStream, container: str, usual: float) -> None:
        self.base = float(stream.time_base or 0)
        self.index, self.picture = stream.index, stream.type == "video"
        self.packets, self.shown, self.hidden = 0, 0, 0
        self.pieces: list[Piece] = []
        self.joins: tuple[Join, ...] = ()
        self._container, self._usual = container, usual
        self._rate, self._frame = 0, 0.0
        if isinstance(stream, av.AudioStream) and stream.codec_context.sample_rate:
            self._rate = stream.codec_context.sample_rate
            self._frame = (stream.codec_context.frame_size or 0) / self._rate  # seconds, if all packets hold as much
        self._skip = 0.0  # seconds of sound at the beginning that are never heard
        self._unsaid = 0  # packets that say neither when they play nor for how long
        self._last_stamp: float | None = None
        self._newest, self._length = float("-inf"), 0.0  # the picture that is shown last so far
        self._waiting: list[float] = []
        self._before: float | None = None
        self._longest = 0.0  # from one picture to the next

    def add(self, packet: av.Packet, place: int) -> None:
        """Note a packet that is not empty; `place` counts the packets of all tracks."""
        number, self.packets = self.packets, self.packets + 1
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            self.shown += 1
            if self.pieces and self._length_unsaid(packet):
                self.pieces[-1].end += heard_in(packet)
            return
        if packet.dts is not None:
            self._begin_if_broken(packet.dts * self.base, number, place)
        elif not self.pieces:
            self.pieces.append(Piece(packet=number, place=place))
        piece, time = self.pieces[-1], stamp * self.base
        piece.last_place = place
        if packet.is_keyframe and self.picture:
            piece.key_frames.append(time)
        length = (packet.duration or 0) * self.base or self._frame
        first, last = self._trimmed(packet, length)
        begin = time + min(length, first)
        if packet.is_discard or (first and length and begin >= time + length - 1e-6):
            self.hidden += 1
            return
        self.shown += 1
        piece.packets += 1
        piece.start = min(piece.start, begin)
        if self.picture:
            self._picture(piece, time, length)
        else:
            length = length if length < LONG_S else 0.0
            piece.end = max(piece.end, time + length - min(last, length))

    def _length_unsaid(self, packet: av.Packet) -> bool:
        """Whether only decoding tells how long a packet is: the last one before a break in joined FLAC files."""
        self._unsaid += 1
        return not self.picture and not packet.duration and self._unsaid <= MAX_PIECES

    def _begin_if_broken(self, stamp: float, number: int, place: int) -> None:
        last = self._last_stamp
        if not self.pieces or (last is not None and breaks_here(self._container, last, stamp)):
            self.pieces.append(Piece(packet=number, place=place, ahead=last is not None and stamp > last))
            self._newest, self._waiting, self._before = float("-inf"), [], None
        self._last_stamp = stamp

    def _picture(self, piece: Piece, time: float, length: float) -> None:
        heapq.heappush(self._waiting, time)
        if len(self._waiting) > REORDERED:
            self._shown_next()
        if time > self._newest:  # others are shown before one that the file holds before them
            self._newest, self._length = time, length if length > 0 else self._usual
            piece.end = time + (self._length if self._length < LONG_S else self._usual)

    def _shown_next(self) -> None:
        """Measure from one picture to the next, in the order in which they are shown."""
        time = heapq.heappop(self._waiting)
        if self._before is not None:
            self._longest = max(self._longest, time - self._before)
        self._before = time

    def _trimmed(self, packet: av.Packet, length: float) -> tuple[float, float]:
        """Seconds of its sound, at either end, that are decoded and never heard."""
        if not self._rate:
            return 0.0, 0.0
        last = 0.0
        if packet.has_sidedata("skip_samples"):
            data = bytes(packet.get_sidedata("skip_samples"))
            if len(data) >= 8:
                first, after = struct.unpack("<II", data[:8])
                self._skip, last = self._skip + first / self._rate, after / self._rate
        skipped = self._skip
        self._skip = max(0.0, skipped - length) if length else 0.0
        return skipped, last

    def without_stamps(self) -> None:
        """Lay packets one after the other if none of them says when it plays, as in raw streams."""
        if self.packets and not self.pieces:
            piece = Piece(
                packet=0, place=0, packets=self.packets, start=0.0, end=self.packets * (self._usual or 1 / 25)
            )
            self.pieces.append(piece)

    @property
    def begun(self) -> bool:
        """Whether there is anything of it to be shown or heard."""
        return any(piece.end > float("-inf") for piece in self.pieces)

    @property
    def start(self) -> float:
        """Seconds as the file has them; what comes first in it, where it was joined."""
        return min(start for start, _ in self._spans())

    @property
    def end(self) -> float:
        """Seconds on the clock of the first piece."""
        return max(end for _, end in self._spans())

    def _spans(self) -> list[tuple[float, float]]:
        """(start, end) of every piece, moved as its join says."""
        moved, ahead = [], [0.0]
        joins = list(self.joins)
        for piece in self.pieces:
            while joins and joins[0].packet <= piece.packet:
                ahead.append(joins.pop(0).shift)
            if piece.end > float("-inf"):
                moved.append((piece.start + ahead[-1], piece.end + ahead[-1]))
        return moved

    def begin_at(self, time: float) -> float:
        """What the first decoded frame says; packets may tell of what is not heard yet, or cannot be shown.

        Of sound a little less is heard than there are packets for. Pictures that depend on one that the file lacks
        are never shown, as after a cut in the middle of a group.

        Returns:
            Seconds of pictures that are passed over.
        """
        first = next(piece for piece in self.pieces if piece.end > float("-inf"))
        late, lasts = time - first.start, first.end - first.start
        if self.picture and STANDS_S <= late < lasts:
            first.start = time
            return late
        if not self.picture and 0 < late < min(STANDS_S, lasts):
            first.start = time
        return 0.0

    def last_until(self, end: float | None) -> None:
        """Let the last picture stand to the end of the file where pictures stand long.

        Args:
            end: of everything else in the file in the same seconds, if known.
        """
        if not self.picture or end is None or not self.begun:
            return
        while self._waiting:
            self._shown_next()
        last = self.pieces[-1]
        claims = self._newest + self._length
        if self._length >= LONG_S and claims <= end + 1:
            last.end = max(last.end, claims)
        elif self.shown == 1 or self._longest > max(STANDS_S, 3 * self._length):
            shift = self.end - last.end if self.joins else 0.0
            last.end = max(last.end, end - shift)

    def info(self, origin: float) -> TrackInfo:
        """The same in seconds from the clip's start."""
        keys: list[float] = []
        joins = [Join(packet=0, shift=0.0), *self.joins]
        for piece in self.pieces:
            shift = next(join.shift for join in reversed(joins) if join.packet <= piece.packet)
            keys += [time + shift - origin for time in piece.key_frames]
        return TrackInfo(
            stream=self.index,
            start=self.start - origin,
            end=max(self.end, self.start + 1e-3) - origin,
            key_frames=tuple(sorted(keys)),
            packets=self.shown,
            joins=self.joins,
        )


def heard_in(packet: av.Packet) -> float:
    """Seconds of sound that decode from a packet."""
    try:
        return sum(frame.samples / frame.sample_rate for frame in packet.decode() if frame.sample_rate)
    except MemoryError:
        raise
    except AV_ERRORS:
        return 0.0
