"""Lying in headers: MP4 boxes, Matroska elements, RIFF chunks, patched in place or written by hand."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

# What lies between a box's header and its children.
_PREFIX = {b"meta": 4, b"stsd": 8, b"dref": 8}


@dataclass(frozen=True)
class Box:
    """Where an MP4 box lies in its file: [start, end), with its payload from `body` on."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes of one level."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        size = size or end - start
        yield Box(kind, start, start + 8, min(start + size, end))
        start += max(size, 8)


def box_at(data: bytes, path: str, index: int = 0) -> Box:
    """The box at a path such as "moov/trak/mdia/mdhd", in the index-th of the tracks."""
    place = Box(b"", 0, 0, len(data))
    for kind in path.encode().split(b"/"):
        start = place.body + _PREFIX.get(place.kind, 0)
        found = [box for box in boxes(data, start, place.end) if box.kind == kind]
        place = found[index if kind == b"trak" else 0]
    return place


def put(data: bytes, at: int, form: str, *values: int | float) -> bytes:
    """The data with some numbers overwritten; `form` as in `struct`, big-endian unless it says otherwise."""
    patch = struct.pack(form if form[0] in "<>" else ">" + form, *values)
    assert 0 <= at <= len(data) - len(patch)
    return data[:at] + patch + data[at + len(patch) :]


def box(kind: bytes, body: bytes) -> bytes:
    """A box, written out."""
    return struct.pack(">I4s", 8 + len(body), kind) + body


def without(data: bytes, path: str) -> bytes:
    """The file with a box of another, unknown kind in this one's place, so that all offsets still hold."""
    place = box_at(data, path)
    return data[: place.start + 4] + b"gone" + data[place.start + 8 :]


def element(data: bytes, name: bytes, value: bytes) -> bytes:
    """The Matroska file with the first element of this id overwritten by as many bytes of `value` as it has room for.

    Sizes of up to 126 bytes only, which is what numbers have.
    """
    place = 0
    while (place := data.find(name, place)) >= 0:
        size = data[place + len(name)] & 0x7F
        if data[place + len(name)] & 0x80 and 0 < size <= 8:
            begin = place + len(name) + 1
            return data[:begin] + value.rjust(size, value[:1])[-size:] + data[begin + size :]
        place += 1
    raise ValueError(f"no element {name.hex()}")


def chunk(data: bytes, name: bytes, index: int = 0) -> int:
    """Where the payload of the index-th RIFF chunk of a name begins."""
    place = -1
    for _ in range(index + 1):
        place = data.index(name, place + 1)
    return place + 8
