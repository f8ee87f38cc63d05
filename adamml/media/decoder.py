"""Asking a decoder, whichever process it lives in, and surviving whatever becomes of it.

A decoder is a process that serves one clip and is never given another one. What it says is read as plain numbers
(`adamml.media.ipc`). It is killed when it takes too long, when its answer is no longer wanted, when the clip is
closed, and, by the system, when this process ends.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from itertools import zip_longest
from typing import Any, TypeVar

import numpy as np

from adamml.media import errors, ipc
from adamml.media.errors import ClipError, DecoderDiedError, DecoderMemoryError, DecoderTimeoutError
from adamml.media.forkserver import CAN_ISOLATE, UNKNOWN, fork_server
from adamml.media.info import to_wire
from adamml.media.limits import MediaSettings

Item = TypeVar("Item")
Answers = Generator[tuple[dict[str, Any], np.ndarray | None], None, None]


class Decoders:
    """The decoders of one clip: one process as a rule, another for a request made while an earlier one goes on.

    Args:
        name: of the clip, for messages.
        settings: limits, and whether decoding is isolated at all.
    """

    def __init__(self, name: str, settings: MediaSettings) -> None:
        self._name, self._settings = name, settings
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._lock = threading.Lock()

    def ask(self, request: str, patience: float, **parameters: Any) -> Answers:
        """Put a request, and yield its answers (see `adamml.media.decoding.requests`); `close()` gives it up.

        Raises:
            ClipError: what was found to be wrong with the clip, or what became of its decoder.
        """
        if self._settings.isolated and CAN_ISOLATE:
            return self._ask(request, patience, parameters)
        return self._ask_here(request, parameters)

    def ask_once(self, request: str, patience: float, **parameters: Any) -> dict[str, Any]:
        """Put a request that has one answer without an array."""
        answers = [said for said, _ in self.ask(request, patience, **parameters)]
        if len(answers) != 1:
            raise self._died("had nothing to say")
        return answers[0]

    def close(self) -> None:
        """End all processes, those at work included. The next request starts one anew."""
        with self._lock:
            idle, busy, self._idle, self._busy = self._idle, self._busy, [], set()
        for process in idle:
            process.end()
        for process in busy:
            process.kill()  # who waits for it finds it ended

    def _ask_here(self, request: str, parameters: dict[str, Any]) -> Answers:
        from adamml.media.decoding.requests import REQUESTS

        try:
            yield from REQUESTS[request](**parameters)
        except MemoryError as error:
            raise self._needs_memory() from error

    def _ask(self, request: str, patience: float, parameters: dict[str, Any]) -> Answers:
        said = {"request": request} | to_wire(parameters)
        left, given, fresh = ipc.Deadline(patience), 0, False
        while True:
            process, header, array = self._first_answer(said, left, fresh)
            skipped, finished = 0, False
            try:
                while "end" not in header:
                    if skipped < given and fresh:
                        skipped += 1  # it was answered before the first decoder had to stop
                    else:
                        given += not fresh
                        yield header, array
                    header, array = ipc.receive(process.connection, left)
                finished = header["end"] in ("done", "error")  # one that is short of memory is of no more use
            except TimeoutError as error:
                raise self._too_long(patience) from error
            except (EOFError, OSError) as error:
                raise self._ended(process) from error
            except ipc.WireError as error:
                raise self._died("said something unintelligible") from error
            finally:
                self._put_back(process, finished)
            if header["end"] != "memory" or not process.served:
                break
            fresh = True  # what earlier requests have left behind may have been too much
        self._check_end(header)

    def _first_answer(
        self, said: dict[str, Any], left: ipc.Deadline, fresh: bool
    ) -> tuple["_Process", dict[str, Any], Any]:
        """A process, and the first thing that it says; one that had gone for want of work is replaced, once.

        Args:
            fresh: start a process for it.
        """
        patience = left.left
        for last_try in (True,) if fresh else (False, True):
            process = self._take(fresh=last_try)
            try:
                process.connection.settimeout(patience)
                ipc.send(process.connection, said)
                return process, *ipc.receive(process.connection, left)
            except TimeoutError as error:
                self._put_back(process, False)
                raise self._too_long(patience) from error
            except (EOFError, OSError) as error:
                self._put_back(process, False)
                if last_try or process.end() != 0:
                    raise self._ended(process) from error
            except ipc.WireError as error:
                self._put_back(process, False)
                raise self._died("said something unintelligible") from error
            except BaseException:
                self._put_back(process, False)
                raise
        raise AssertionError("the second try returns or raises")

    def _take(self, fresh: bool) -> "_Process":
        with self._lock:
            while self._idle and not fresh:
                process = self._idle.pop()
                if process.ours:
                    self._busy.add(process)
                    return process
        process = _Process()
        with self._lock:
            self._busy.add(process)
        settings = self._settings
        limits = {"memory": settings.max_memory, "seconds": 2 * settings.max_wait, "file": settings.max_bytes}
        with suppress(OSError):  # it will be noticed when it does not answer
            ipc.send(process.connection, limits)
        return process

    def _put_back(self, process: "_Process", usable: bool) -> None:
        with self._lock:
            wanted = process in self._busy  # the clip has not been closed in the meantime
            self._busy.discard(process)
            if usable and wanted:
                process.served += 1
                self._idle.append(process)
                return
        process.end()

    def _check_end(self, header: dict[str, Any]) -> None:
        text = str(header.get("text", ""))[:4000]
        if header["end"] == "memory":
            raise self._needs_memory()
        if header["end"] == "error":
            kind = getattr(errors, str(header.get("kind")), None)
            raise (kind if isinstance(kind, type) and issubclass(kind, ClipError) else ClipError)(text)
        if header["end"] != "done":
            failure = self._died("failed")
            failure.add_note(text)
            raise failure

    def _ended(self, process: "_Process") -> ClipError:
        code = process.end()
        if code == -signal.SIGXCPU:
            return self._too_long(2 * self._settings.max_wait)
        return self._died("was stopped" if code == -signal.SIGKILL else "crashed" if code < 0 else "stopped")

    def _died(self, what: str) -> DecoderDiedError:
        return DecoderDiedError(
            f"The decoder {what} while reading {self._name!r}; the file is probably damaged. Save it anew, as MP4 with "
            "H.264 and AAC for instance, and try again."
        )

    def _too_long(self, seconds: float) -> DecoderTimeoutError:
        return DecoderTimeoutError(
            f"Decoding {self._name!r} took more than {seconds:.0f} s and was given up. Cut it shorter or save it at a "
            "lower resolution."
        )

    def _needs_memory(self) -> DecoderMemoryError:
        return DecoderMemoryError(
            f"Decoding {self._name!r} takes more than the {self._settings.max_memory / 1e9:.1f} GB of memory that are "
            "allowed. Save it at a lower resolution."
        )


def gone_wrong(name: str) -> DecoderDiedError:
    """What to raise when an answer cannot be right."""
    return DecoderDiedError(f"The decoder has gone wrong over {name!r}; the file is probably damaged.")


def matched(
    items: Iterable[Item], answers: Answers, name: str, fits: Callable[[tuple[int, ...]], bool]
) -> Iterator[tuple[Item, np.ndarray]]:
    """Each item with the picture that answers it, which has to be uint8 and of a shape that `fits`.

    Raises:
        DecoderDiedError: for pictures of another kind, or another number of them.
    """
    for item, answer in zip_longest(items, answers):
        picture = answer[1] if answer is not None else None
        if item is None or picture is None or picture.dtype != np.uint8 or not fits(picture.shape):
            raise gone_wrong(name)
        yield item, picture


class _Process:
    """A decoding process, as seen from the one that asks."""

    def __init__(self) -> None:
        self._number, self.connection = fork_server.start()
        self._parent, self._code = os.getpid(), None  # type: int, int | None
        self.served = 0  # requests before this one
        self._lock = threading.Lock()

    @property
    def ours(self) -> bool:
        """Whether this process is the parent, and not one that was forked from it later."""
        return self._parent == os.getpid()

    def end(self) -> int:
        """Kill it, unless it has ended; how it ended, negative by a signal."""
        code = self.kill()
        self.connection.close()
        return code

    def kill(self) -> int:
        """The same for one that another thread is talking to: the connection is for that thread to close."""
        with self._lock:
            if self._code is None:
                self._code = fork_server.end(self._number) if self.ours else UNKNOWN
                if self.ours:
                    with suppress(OSError):  # wakes the thread
                        self.connection.shutdown(socket.SHUT_RDWR)
            return self._code
