"""Folders for unfinished work: for this user's eyes only, and gone afterwards, whatever happened in between.

A folder is locked for as long as it is used, and the system lets go of the lock when its owner dies. One that nobody
holds is left over from a crash, and whoever works beside it next clears it away.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX, _NEW, _USED = ".adamml-", ".new", ".work"


@contextmanager
def private_folder(beside: Path) -> Iterator[Path]:
    """A new folder in the folder `beside`, so that what is made in it can be moved out in one step.

    Raises:
        OSError: when nothing can be written there.
    """
    sweep(beside)
    made = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=_NEW, dir=beside))  # 0700
    lock = os.open(made, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = made.rename(made.with_suffix(_USED))  # only now may it be taken for a left-over
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def sweep(beside: Path) -> None:
    """Remove what crashed processes have left in a folder."""
    for folder in beside.glob(f"{_PREFIX}*{_USED}"):
        with suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
