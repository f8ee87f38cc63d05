"""The processes that decode, and the one that they come from.

The fork server imports what decoding takes and then only waits: it never sees a file. Each decoder is forked from it,
in a few milliseconds and without anything of the page or the model in it. Before a decoder meets a file it gives up
what it does not need: core dumps, descriptors, the power to gain rights, a life after its parent's; its first message
brings the limits on memory, processor time and file size for the one clip that it will serve.
"""

import contextlib
import ctypes
import os
import queue
import resource
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from typing import Any

from adamml.media import errors, ipc
from adamml.media.decoding.requests import REQUESTS, frames
from adamml.media.decoding.video_reader import CachedVideoReader
from adamml.media.info import from_wire

ORDER = struct.Struct(">ci")  # b"S" with a connection: start a decoder; b"E" and its number: end it
REPLY = struct.Struct(">i")  # the number of a new decoder, or how one ended, negative by a signal
UNKNOWN = 2**15  # in place of how it ended
MAX_FILES = 64
IDLE_S = 60.0  # nothing asked for so long: nobody looks at the clip; its decoder is started anew when needed
AHEAD = 4  # answers that are made before the first of them is fetched
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38


def main() -> None:
    """Start and end decoders for whoever holds the other end of the standard input, until that is closed."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    control = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    while True:
        order, connections, _, _ = socket.recv_fds(control, ORDER.size, 1)
        if not order:
            return
        action, number = ORDER.unpack(order)
        reply = _started(control, connections[0]) if action == b"S" else _ended(number)
        control.sendall(REPLY.pack(reply))


def _started(control: socket.socket, connection: int) -> int:
    fork_server = os.getpid()
    try:
        number = os.fork()
    except OSError:
        number = -1
    if number == 0:
        try:
            control.close()
            _give_up_rights(fork_server)
            with contextlib.suppress(EOFError, ConnectionError):
                _serve(socket.socket(fileno=connection))
        finally:
            os._exit(0)
    os.close(connection)
    return number


def _ended(number: int) -> int:
    os.kill(number, signal.SIGKILL)  # nothing happens to one that has ended: it keeps its number until it is seen off
    for _ in range(1000):
        found, status = os.waitpid(number, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return UNKNOWN  # held up in the system by a disk that does not answer


def _give_up_rights(fork_server: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES, MAX_FILES))
    if sys.platform == "linux":
        control = ctypes.CDLL(None, use_errno=True).prctl
        control(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        control(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != fork_server:  # it died before the lines above were read
        os._exit(0)


def _set_limits(memory: int, seconds: float, file: int) -> None:
    for name, most in (("RLIMIT_AS", memory), ("RLIMIT_CPU", int(seconds) + 1), ("RLIMIT_FSIZE", file)):
        # Not every system has or keeps all of them; where one is lacking the others still hold.
        with contextlib.suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, name), (most, most))


def _keep_memory_whole() -> None:
    """Have large frames taken from the system one by one, and given back when they are no longer needed.

    Left to itself, the C library keeps them among small things, and a place of 64 MB for each thread that there was.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        mallopt(M_ARENA_MAX, 2)


def _serve(connection: socket.socket) -> None:
    limits, _ = ipc.receive(connection)
    _set_limits(**limits)
    _keep_memory_whole()
    reader = CachedVideoReader()
    while True:
        said, _ = ipc.receive(connection)
        _answer(connection, said, reader)
        if not select.select([connection], [], [], IDLE_S)[0]:
            return


def _answer(connection: socket.socket, said: dict[str, Any], reader: CachedVideoReader) -> None:
    """Decode in this thread and send from another, so that decoding goes on while the parent computes."""
    outbox: queue.Queue[Any] = queue.Queue(maxsize=AHEAD)
    sender = threading.Thread(target=_send_all, args=(connection, outbox))
    sender.start()
    try:
        request = said.pop("request")
        if request == "frames":
            answers = frames(**from_wire(said), at=reader.at)
        else:
            reader.close()
            answers = REQUESTS[request](**from_wire(said))
        for answer in answers:
            outbox.put(answer)
        last = {"end": "done"}
    except errors.ClipError as error:
        last = {"end": "error", "kind": type(error).__name__, "text": str(error)}
    except MemoryError:
        last = {"end": "memory"}
    except Exception:
        last = {"end": "unexpected", "text": traceback.format_exc()[-4000:]}
    outbox.put((last, None))
    outbox.put(None)
    sender.join()


def _send_all(connection: socket.socket, outbox: "queue.Queue[Any]") -> None:
    while (answer := outbox.get()) is not None:
        try:
            ipc.send(connection, *answer)
        except OSError:  # nobody listens any more
            os._exit(0)


if __name__ == "__main__":
    main()
