"""One clock for every reader of a file: from a packet's time stamps to when it is shown or heard.

Three things stand between the two. A file's clock need not begin at 0 (`time_zero`). The stamps of a file that was
put together from several begin anew at every break: the pieces are laid one after the other (`joins_of`), and packets
get their new stamps before they are decoded (`on_the_clock`), so that whoever reads frames knows of one clock only.
And what an edit list hides is decoded, since others depend on it, but neither shown nor counted (`track_times`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import av

from adamml.media.info import Join

BACK_S = 0.5  # stamps that go back by more have begun anew; less is the carelessness of an encoder
AHEAD_S = 10.0  # stamps of a broadcast that run ahead by more, and nothing in between, have begun anew as well
FILMED = 5  # packets that make a piece of film; fewer that lie far apart are pictures that stand long
MAX_PIECES = 1000  # of one track; with more, its stamps are no clock at all
# Containers whose own time 0 is where players begin, whatever comes first.
ZERO_BASED = frozenset({"mov", "matroska"})
# Streams that may be cut and put together anywhere, so that a leap in their stamps is no pause.
LEAPING = frozenset({"mpegts", "ogg"})
LATE_S = 10.0  # a beginning later than this is a clock that never stood at 0


@dataclass(kw_only=True)
class Piece:
    """A stretch of one track whose time stamps go on without a break. Times in seconds as the file has them.

    Attributes:
        packet: number of its first packet in the track.
        place: the same among the packets of all tracks, `last_place` that of its last.
        ahead: whether it begins with a leap ahead, and not back.
        start, end: of what is shown or heard.
        key_frames: where decoding can begin.
    """

    packet: int
    place: int
    ahead: bool = False
    last_place: int = 0
    packets: int = 0
    start: float = float("inf")
    end: float = float("-inf")
    key_frames: list[float] = field(default_factory=list)


def time_zero(container: str, start: float) -> float:
    """The container time that counts as 0 s.

    Args:
        container: FFmpeg's name of the format.
        start: seconds at which the first picture or sound begins.
    """
    return 0.0 if is_zero_based(container) and 0 < start <= LATE_S else start


def is_zero_based(container: str) -> bool:
    """Whether players begin at the container's own time 0."""
    return not ZERO_BASED.isdisjoint(container.split(","))


def breaks_here(container: str, last: float, stamp: float) -> bool:
    """Whether a decoding time `stamp` that follows `last` begins a new piece, in seconds."""
    leaps = not LEAPING.isdisjoint(container.split(","))
    return stamp < last - BACK_S or (leaps and stamp > last + AHEAD_S)


def on_the_clock(packets: Iterable[av.Packet], joins: Sequence[Join], base: float) -> Iterator[av.Packet]:
    """Packets of one track from its first one on, their stamps as if nothing had been joined.

    Args:
        base: seconds of a tick of their stamps.
    """
    if not joins:
        yield from packets
        return
    count, shift, ahead = 0, 0, list(reversed(joins))
    for packet in packets:
        if packet.size:
            while ahead and count >= ahead[-1].packet:
                shift = round(ahead.pop().shift / base)
            count += 1
            if packet.pts is not None:
                packet.pts += shift
            if packet.dts is not None:
                packet.dts += shift
        yield packet


def joins_of(tracks: dict[int, list[Piece]]) -> dict[int, tuple[Join, ...]]:
    """The joins of every track that has any. All tracks of a section are moved by as much, and stay in step.

    Args:
        tracks: pieces of each track in the order of the file.
    """
    merged = {
        stream: _merged(pieces, [other for key, others in tracks.items() if key != stream for other in others])
        for stream, pieces in tracks.items()
    }
    joins: dict[int, list[Join]] = {stream: [] for stream in tracks}
    laid: list[tuple[Piece, float]] = []  # pieces with their shifts
    for section in _sections(merged):
        if laid:
            begins = min(piece.place for _, piece in section)
            # A track that just goes on while another one begins anew has not ended here.
            ended = [piece.end + shift for piece, shift in laid if piece.last_place < begins]
            reached = max(ended, default=laid[-1][0].end)
            shift = reached - min(piece.start for _, piece in section)
            for stream, piece in section:
                joins[stream].append(Join(packet=piece.packet, shift=shift))
        else:
            shift = 0.0
        laid += [(piece, shift) for _, piece in section]
    return {stream: tuple(found) for stream, found in joins.items() if found}


def _merged(pieces: list[Piece], others: Sequence[Piece]) -> list[Piece]:
    """The pieces without leaps ahead that are pauses: another track goes on meanwhile, or a picture just stands."""
    if len(pieces) > MAX_PIECES:
        pieces = pieces[:1]
    kept: list[Piece] = []
    for piece in pieces:
        if not kept or piece.end == float("-inf"):
            kept.extend([piece] if not kept else [])
            continue
        before = kept[-1]
        fills = any(
            other.place < piece.place < other.last_place
            and other.start < piece.start - 1
            and other.end > before.end + 1
            for other in others
        )
        if piece.ahead and (fills or min(before.packets, piece.packets) < FILMED):
            before.packets += piece.packets
            before.end, before.last_place = max(before.end, piece.end), piece.last_place
        else:
            kept.append(piece)
    return kept


def _sections(tracks: dict[int, list[Piece]]) -> list[list[tuple[int, Piece]]]:
    """(track, piece) of all that plays together, section after section."""
    sections: list[list[tuple[int, Piece]]] = []
    current = dict.fromkeys(tracks, -1)
    found = [(piece.place, stream, piece) for stream, pieces in tracks.items() for piece in pieces]
    for _, stream, piece in sorted(found, key=lambda item: item[:2]):
        if piece.end == float("-inf"):
            continue
        last, begins = len(sections) - 1, current[stream] < 0
        if current[stream] < last and (begins or _together(piece, [other for _, other in sections[last]])):
            sections[last].append((stream, piece))
        else:
            sections.append([(stream, piece)])
        current[stream] = len(sections) - 1
    return sections


def _together(piece: Piece, others: Sequence[Piece]) -> bool:
    """Whether a piece belongs to the same stretch of time as others."""
    start, end = min(other.start for other in others), max(other.end for other in others)
    return piece.start < end + AHEAD_S and piece.end > start - AHEAD_S
