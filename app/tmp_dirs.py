"""One private folder per process for all that the page writes: uploads, previews, files to take away.

It goes when the process ends; what a killed process left behind goes when the next one starts.
"""

import atexit
import os
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import adamml

_held = ExitStack()


@cache
def root() -> Path:
    """The folder, made at the first call; for this user's eyes only."""
    atexit.register(clear, os.getpid())
    return _held.enter_context(adamml.private_folder(Path(tempfile.gettempdir())))


def folder(name: str) -> Path:
    """A folder inside; made where it is missing."""
    made = root() / name
    made.mkdir(mode=0o700, exist_ok=True)
    return made


def clear(owner: int | None = None) -> None:
    """Delete everything; a forked process that inherited this keeps its hands off."""
    if owner is None or owner == os.getpid():
        _held.close()
