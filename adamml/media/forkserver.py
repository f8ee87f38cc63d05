"""Where decoders come from: one process, started once, that forks a new decoder in a few milliseconds.

Starting it takes about a quarter of a second, which `prestart` can have done ahead of the first clip. What happens on
the other side is in `adamml.media.decoding.worker`. When this process ends, however it ends, so does the fork server,
and the system kills the decoders with it.
"""

import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

from adamml.media.errors import DecoderDiedError

CAN_ISOLATE = os.name == "posix"
UNKNOWN = 2**15  # as in `worker`, which cannot be imported here: it would bring PyAV with it
_ORDER, _REPLY = struct.Struct(">ci"), struct.Struct(">i")
_CHILD = "adamml.media.decoding.worker"
_ROOT = Path(__file__).parents[2]


class ForkServer:
    """The process, and the means to have it start and end decoders. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Start the process, unless it runs."""
        with self._lock:
            self._open()

    def start(self) -> tuple[int, socket.socket]:
        """A new decoder: its number, and the connection to it.

        Raises:
            DecoderDiedError: when none can be started.
        """
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            for _ in range(2):  # a fork server that was killed is replaced
                try:
                    control = self._open()
                    socket.send_fds(control, [_ORDER.pack(b"S", 0)], [theirs.fileno()])
                    if (number := self._reply(control)) > 0:
                        return number, ours
                except OSError:
                    self._close()
        ours.close()
        raise DecoderDiedError("No decoder can be started: the system has no room for another process.")

    def end(self, number: int) -> int:
        """Kill a decoder and see it off; how it ended, negative by a signal."""
        with self._lock:
            if self._control is None:
                return UNKNOWN
            try:
                self._control.sendall(_ORDER.pack(b"E", number))
                return self._reply(self._control)
            except OSError:
                self._close()
                return UNKNOWN

    def forget(self) -> None:
        """In a process that was forked from the one that opened it."""
        if self._control is not None:
            self._control.close()
        self.__init__()  # type: ignore[misc]

    def close(self) -> None:
        """End the process, and with it all decoders."""
        with self._lock:
            self._close()

    def _open(self) -> socket.socket:
        if self._control is None:
            control, theirs = socket.socketpair()
            # -S and -P: packages come from where this process has them, and from nowhere else. Nothing else of the
            # environment is passed on: there may be keys in it.
            environment = {"PYTHONPATH": os.pathsep.join([str(_ROOT), *(path for path in sys.path if path)])}
            environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
            if "LD_LIBRARY_PATH" in os.environ:
                environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-S", "-P", "-m", _CHILD],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    cwd="/",
                    start_new_session=True,  # a Ctrl-C is for the parent
                )
            self._control = control
        return self._control

    def _close(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._control = self._process = None

    def _reply(self, control: socket.socket) -> int:
        reply = control.recv(_REPLY.size, socket.MSG_WAITALL)
        if len(reply) < _REPLY.size:
            raise ConnectionResetError("the fork server has gone")
        return int(_REPLY.unpack(reply)[0])


fork_server = ForkServer()
if CAN_ISOLATE:
    os.register_at_fork(after_in_child=fork_server.forget)


def prestart() -> None:
    """Have the fork server ready before the first clip comes. Costs this process a few milliseconds."""
    if CAN_ISOLATE:
        fork_server.open()
