"""Files that broke on the way: cut off, flipped, blanked, in the wrong order, under another name."""

import random
from collections.abc import Iterator

from tests.hostile.bases import NAMES, base
from tests.hostile.boxes import Box, box, box_at, boxes, put, without
from tests.hostile.sample import Sample

CUTS = {"half": 0.5, "third": 1 / 3, "quarter": 0.25, "almost-all": 0.99}


def damaged() -> Iterator[Sample]:
    """Every base, broken in each of these ways."""
    for name in NAMES:
        data, rng = base(name), random.Random(name)
        stem, _, ending = name.partition(".")
        for cut, share in CUTS.items():
            yield Sample(family="truncated", name=f"{stem}-{cut}.{ending}", content=data[: int(len(data) * share)])
        for count in (1, 20, 400):
            yield Sample(family="flipped", name=f"{stem}-flipped-{count}.{ending}", content=flipped(data, rng, count))
        head = bytearray(data)
        head[: min(64, len(head))] = bytes(min(64, len(head)))
        yield Sample(family="blanked", name=f"{stem}-no-head.{ending}", content=bytes(head))
        middle, quarter = len(data) // 2, len(data) // 4
        blank = data[: middle - quarter // 2] + bytes(quarter) + data[middle - quarter // 2 + quarter :]
        yield Sample(family="blanked", name=f"{stem}-hole.{ending}", content=blank)
        yield Sample(family="joined", name=f"{stem}-twice.{ending}", content=data + data)


def flipped(data: bytes, rng: random.Random, count: int) -> bytes:
    """The data with bits flipped in `count` places."""
    changed = bytearray(data)
    for _ in range(count):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def renamed() -> Iterator[Sample]:
    """Media under another medium's name: the content decides."""
    for number, name in enumerate(NAMES):
        other = NAMES[(number + 4) % len(NAMES)].partition(".")[2]
        yield Sample(family="renamed", name=f"really-{name}.{other}", content=base(name))
    for name in ("empty.mp4", "empty.wav", "empty", "empty.m3u8"):
        yield Sample(family="empty", name=name, content=b"", ending="refused")
    for size in (1, 4, 8, 16):
        yield Sample(family="empty", name=f"{size}-bytes.mp4", content=base("h264.mp4")[:size], ending="refused")


def reordered() -> Iterator[Sample]:
    """MP4 and its index: missing, alone, twice, nested without end."""
    data = base("h264.mp4")
    moov = data[slice(*_span(box_at(data, "moov")))]
    nested = b""
    for _ in range(5000):
        nested = box(b"moov", nested)
    sizes = {"whole-file": 0, "beyond": 2**31, "tiny": 8, "four": 4}
    yield Sample(family="index", name="no-index.mp4", content=without(data, "moov"), ending="refused")
    yield Sample(family="index", name="only-index.mp4", content=data[:32] + moov)
    yield Sample(family="index", name="two-indexes.mp4", content=data + moov)
    yield Sample(family="index", name="nested.mp4", content=data[:32] + nested)
    for what in ("stts", "stsc", "stsz", "stco", "stsd"):
        yield Sample(family="index", name=f"no-{what}.mp4", content=without(data, f"moov/trak/mdia/minf/stbl/{what}"))
    for word, size in sizes.items():
        place = box_at(data, "moov")
        yield Sample(family="index", name=f"index-{word}.mp4", content=put(data, place.start, "I", size))
    long = put(data, box_at(data, "moov").start, "I", 1)
    yield Sample(family="index", name="index-64-bit.mp4", content=long)
    assert [b.kind for b in boxes(data)][:1] == [b"ftyp"]


def _span(place: Box) -> tuple[int, int]:
    return place.start, place.end
