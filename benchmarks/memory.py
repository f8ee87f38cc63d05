"""Memory of a process and of all that it started, what they share counted once."""

import threading
from contextlib import suppress

import psutil


def tree_mb(pid: int) -> float:
    """Now, in MB: of what several processes share, each counts its part (PSS)."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        for process in [root := psutil.Process(pid), *root.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().pss
    return total / 1e6


class Peak:
    """The most that a process and its children took while the `with` block ran: `most`, in MB."""

    def __init__(self, pid: int, every: float = 0.1) -> None:
        self.most, self._pid, self._every = 0.0, pid, every
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(self._every):
            self.most = max(self.most, tree_mb(self._pid))
