"""Leaving out frames that nobody will see and that no other frame is made from.

In a common H.264 file about every other frame serves for nothing but being shown: it is no reference for others. Where
it will not be shown either, its packet need not be decoded, and all others come out the same to the bit; except where
a file is damaged, since what a decoder puts in place of what is lost depends on what it has at hand.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import av

# Decoders that leave such a frame out whole, from one packet to the next. Others take no notice, or are told too late.
SPARING = frozenset({"h264", "hevc"})
AHEAD = 8  # packets read before one is judged: frames between two references are stored after both
BEHIND = 24  # more than frames are ever stored out of order


def spared(
    packets: Iterator[av.Packet],
    stream: av.VideoStream,
    begins: Callable[[av.Packet], float | None],
    moments: Callable[[], Sequence[float]],
) -> Iterator[av.Packet]:
    """The same packets; before each of them the decoder is told whether it may leave its frame out.

    Args:
        packets: see `packets_of`.
        begins: when a packet's frame is first shown, None where it does not say.
        moments: asks for those that will be looked at, ascending. After the last of them nothing is left out.
    """
    context = stream.codec_context
    if context.name not in SPARING:
        yield from packets
        return
    known: deque[float] = deque(maxlen=BEHIND + AHEAD)
    for packet, begin in _foreseen(packets, begins, known):
        context.skip_frame = "NONREF" if begin is not None and _outlived(begin, known, moments()) else "DEFAULT"
        yield packet


def _foreseen(
    packets: Iterator[av.Packet], begins: Callable[[av.Packet], float | None], known: deque[float]
) -> Iterator[tuple[av.Packet, float | None]]:
    """Packets, each with its begin as far as that can be relied on; `known` holds those of packets around it.

    It cannot before one packet has a smaller one than the packet before, since some containers number packets as they
    are stored and not as they are shown; nor after one has none, since such a frame is placed by the one before it.
    """
    waiting: deque[tuple[av.Packet, float | None]] = deque()
    proven, timeless = False, False

    def first() -> tuple[av.Packet, float | None]:
        packet, begin = waiting.popleft()
        return packet, begin if proven and not timeless else None

    for packet in packets:
        begin = begins(packet)
        if begin is not None:
            proven |= bool(known) and begin < known[-1]
            known.append(begin)
        else:
            timeless |= packet.size > 0  # the last packet of all is empty
        waiting.append((packet, begin))
        if len(waiting) > AHEAD:
            yield first()
    while waiting:
        yield first()


def _outlived(begin: float, known: Sequence[float], moments: Sequence[float]) -> bool:
    """Whether another frame has begun by the next moment that is looked at."""
    place = bisect_left(moments, begin)
    return place < len(moments) and any(begin < other <= moments[place] for other in known)
