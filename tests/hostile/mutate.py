"""Random harm to a file's bytes: what a bad disk does, and what somebody does who wants to crash a parser."""

import random

_EXTREMES = (b"\x00", b"\x7f", b"\x80", b"\xff", b"\x00" * 4, b"\x7f" + b"\xff" * 3, b"\x80" + bytes(3), b"\xff" * 4)
_EXTREMES += (b"\xff" * 8, bytes(8), b"\x7f" + b"\xff" * 7, b"\x00\x00\x00\x01", b"\x01\x00\x00\x00")


def mutated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """The data after one to eight accidents; `other` is a file that pieces may come from."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        at, length = _place(len(changed), rng), rng.choice((1, 2, 4, 8, 64, 1000))
        match rng.randrange(8):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at : at + length] = rng.randbytes(min(length, len(changed) - at))
            case 2:
                extreme = rng.choice(_EXTREMES)
                changed[at : at + len(extreme)] = extreme[: len(changed) - at]
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length] * rng.choice((1, 2, 20))
            case 5:
                source = _place(len(other), rng)
                changed[at : at + length] = other[source : source + length]
            case 6:
                target = _place(len(changed), rng)
                piece = changed[at : at + length]
                changed[target : target + len(piece)] = piece
            case _:
                del changed[max(at, 16) :]
        if not changed:
            changed = bytearray(data[:16])
    return bytes(changed)


def _place(length: int, rng: random.Random) -> int:
    """A position; half of the time near an end, where headers and indexes lie."""
    near = min(length, 600)
    return rng.choice(
        (rng.randrange(length), rng.randrange(length), rng.randrange(near), length - 1 - rng.randrange(near))
    )
