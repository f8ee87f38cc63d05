"""One private folder per process for all that the page writes: uploads, previews, files to take away.

It goes when the process ends. What a killed process left behind goes when the next one starts: a folder carries the
number of its process, and a lock that only a living process holds.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path

_PREFIX = "adamml-page-"
_BEGINNING_S = 60
_held: list[int] = []  # open for as long as the process lives: the locks go with them


@cache
def root() -> Path:
    """The folder, made at the first call; readable by this user alone."""
    parent = Path(tempfile.gettempdir())
    for old in parent.glob(f"{_PREFIX}*"):
        if not _alive(old):
            shutil.rmtree(old, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(made / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    _held.append(lock)
    atexit.register(clear, os.getpid())
    return made


def folder(name: str) -> Path:
    """A folder inside; made where it is missing."""
    made = root() / name
    made.mkdir(mode=0o700, exist_ok=True)
    return made


def clear(owner: int | None = None) -> None:
    """Delete everything; a child process that inherited this keeps its hands off."""
    if owner is None or owner == os.getpid():
        shutil.rmtree(root(), ignore_errors=True)


def _alive(old: Path) -> bool:
    """Whether a process still holds the folder, or it is not ours to judge."""
    try:
        lock = os.open(old / "lock", os.O_RDWR)
    except FileNotFoundError:  # being made just now, or left half deleted
        return not old.exists() or time.time() - old.stat().st_mtime < _BEGINNING_S
    except OSError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
