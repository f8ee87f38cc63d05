"""How decoder and parent talk: a length, a header in JSON, and at most one array as raw bytes. Nothing is unpickled.

Both lengths are bounded, the array's kind is one of three, and its size has to be what its shape says, so that the
worst that a decoder gone wild can do is to be refused.
"""

import json
import math
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_HEADER = 128_000_000  # the key frames of a long film in which every frame is one
MAX_ARRAY = 64_000_000
DTYPES = ("uint8", "int16", "float32")


class WireError(ValueError):
    """What came is no message."""


@dataclass
class Deadline:
    """Seconds of waiting that are left. What happens between two messages does not count."""

    left: float


def send(connection: socket.socket, header: dict[str, Any], array: np.ndarray | None = None) -> None:
    """Send one message."""
    if array is not None:
        array = np.ascontiguousarray(array)
        header = header | {"dtype": array.dtype.name, "shape": array.shape}
    text = json.dumps(header, allow_nan=False).encode()
    connection.sendall(struct.pack(">I", len(text)) + text)
    if array is not None and array.size:
        connection.sendall(array.reshape(-1).view(np.uint8).data)


def receive(connection: socket.socket, patience: Deadline | None = None) -> tuple[dict[str, Any], np.ndarray | None]:
    """Wait for one message.

    Raises:
        EOFError: the other side has gone.
        TimeoutError: it has not said enough in time.
        WireError: it has said nonsense.
    """
    (length,) = struct.unpack(">I", _exactly(connection, 4, patience))
    if length > MAX_HEADER:
        raise WireError(f"a header of {length} bytes")
    try:
        header = json.loads(_exactly(connection, length, patience), parse_constant=_refuse)
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise WireError("a header that is not JSON") from error
    if not isinstance(header, dict):
        raise WireError("a header that is no object")
    if "dtype" not in header:
        return header, None
    dtype, shape = header["dtype"], header.get("shape")
    if dtype not in DTYPES or not isinstance(shape, list) or not 1 <= len(shape) <= 4:
        raise WireError("an array of no known kind")
    if not all(type(side) is int and 0 <= side <= MAX_ARRAY for side in shape):
        raise WireError("an array of no known shape")
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size > MAX_ARRAY:
        raise WireError(f"an array of {size} bytes")
    data = _exactly(connection, size, patience)
    return header, np.frombuffer(data, dtype).reshape(shape)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _exactly(connection: socket.socket, count: int, patience: Deadline | None) -> bytearray:
    data = bytearray(count)
    view, filled = memoryview(data), 0
    while filled < count:
        if patience is not None:
            if patience.left <= 0:
                raise TimeoutError
            connection.settimeout(patience.left)
        began = time.monotonic()
        got = connection.recv_into(view[filled:])
        if patience is not None:
            patience.left -= time.monotonic() - began
        if got == 0:
            raise EOFError
        filled += got
    return data
