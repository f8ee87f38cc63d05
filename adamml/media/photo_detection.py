"""Telling a photo from a clip by its first bytes, so that whoever drops one is told what it is.

Photos of newer phones come in the container of MP4: FFmpeg would take each of their tiles for a video of one frame.
"""

from pathlib import Path

from adamml.media.allowlist import FILES

HEAD = 256  # bytes that are looked at
_PNG = b"\x89PNG\r\n\x1a\n"
_JXL = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")
_JPEG_2000 = (b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
_RAW = (b"II*\x00", b"MM\x00*", b"IIU\x00", b"IIRO", b"FUJIFILMCCD-RAW")  # of cameras; TIFF begins like the first two
_STARTS = (b"\xff\xd8\xff", _PNG, b"BM", b"8BPS", *_RAW, *_JXL, *_JPEG_2000)
_ANIMATED = 0x02  # a flag of WebP
_STILL = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif", b"jpeg", b"crx "}  # ISO 23008-12 and the like
_MOVING = {b"msf1", b"hevc", b"hevx", b"avis"}  # of sequences, which are clips


def is_photo(path: Path) -> bool:
    """Whether a file begins like JPEG, PNG, WebP, BMP, TIFF, HEIC, AVIF and the like. Moving pictures do not."""
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
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return not (head[12:16] == b"VP8X" and head[20:21] and head[20] & _ANIMATED)
    return head.startswith(_STARTS) and not (head.startswith(_PNG) and b"acTL" in head)


def photo_refusal(name: str) -> str:
    """What whoever brings a photo is told."""
    return f"{name!r} is a photo. Bring a clip: a video or sound file ({FILES} be read)."
