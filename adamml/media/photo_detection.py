"""Telling a photo from a clip by its first bytes, so that whoever drops one is told what it is.

Photos of newer phones come in the container of MP4: FFmpeg would take each of their tiles for a video of one frame.
"""

from pathlib import Path

HEAD = 256  # bytes that are looked at
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\x00", b"MM\x00*", b"8BPS")
_STILL = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif", b"jpeg", b"crx "}  # ISO 23008-12 and the like
_MOVING = {b"msf1", b"hevc", b"hevx", b"avis"}  # of sequences, which are clips


def is_photo(path: Path) -> bool:
    """Whether a file begins like JPEG, PNG, WebP, BMP, TIFF, HEIC or AVIF. One that cannot be read does not."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except (OSError, ValueError):
        return False
    return begins_like_photo(head)


def begins_like_photo(head: bytes) -> bool:
    """The same for its first bytes."""
    if head[4:8] == b"ftyp":
        length = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12], *(head[place : place + 4] for place in range(16, length - 3, 4))}
        return head[8:12] in _STILL and not brands & _MOVING
    return head.startswith(_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
