"""Files put behind one another of which only the first is read, since its container says where it ends."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAX_BOXES = 10_000  # of one file that are looked at
_LEAST = 8  # bytes of a box's header


def second_file(path: Path, container: str) -> int | None:
    """The byte at which another MP4, MOV or WAV file begins in this one; None where none does.

    Args:
        container: FFmpeg's name of the format.
    """
    names = container.split(",")
    try:
        with path.open("rb") as file:
            if "mov" in names:
                starts = [offset for kind, offset in _boxes(file) if kind == b"ftyp"]
                return starts[1] if len(starts) > 1 else None
            return _after_wave(file) if "wav" in names else None
    except OSError:
        return None


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """(kind, offset) of the boxes of an MP4 or MOV (ISO 14496-12, 4.2), those within others left out."""
    size, offset = os.fstat(file.fileno()).st_size, 0
    for _ in range(MAX_BOXES):
        if offset + _LEAST > size:
            return
        file.seek(offset)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        yield head[4:8], offset
        if length < _LEAST:  # 0 reaches to the end
            return
        offset += length


def _after_wave(file: BinaryIO) -> int | None:
    head = file.read(8)
    end = 8 + int.from_bytes(head[4:8], "little")
    end += end % 2
    file.seek(end)
    return end if head[:4] == b"RIFF" and file.read(4) == b"RIFF" else None
