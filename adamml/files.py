"""Writing files that are whole or not there, one process at a time, and where what was fetched or prepared is kept."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write beside the target and rename, so that no reader ever sees half a file.

    Raises:
        OSError: when the folder cannot be written; the target is then as it was.
    """
    write_all({path: content})
    return path


def write_all(contents: Mapping[Path, str | bytes]) -> None:
    """Write several files that belong together: all of them beside their targets first, then rename in order.

    What can fail (a full disk, no right to write) fails before anything is replaced. The temporary names are unique,
    so that two processes that write the same file do each other no harm: the last to finish wins.

    Raises:
        OSError: when one of them cannot be written; the targets are then as they were.
    """
    temporary = {target: target.with_name(f".{target.name}.{secrets.token_hex(4)}.part") for target in contents}
    try:
        for target, content in contents.items():
            temporary[target].write_bytes(content.encode() if isinstance(content, str) else content)
        for target, written in temporary.items():
            written.replace(target)
    finally:
        for written in temporary.values():
            written.unlink(missing_ok=True)


def cache_folder() -> Path:
    """This user's: ADAMML_CACHE, or `adamml` in XDG_CACHE_HOME or `~/.cache`. Need not exist.

    Raises:
        RuntimeError: when nobody knows where home is.
    """
    given = os.environ.get("ADAMML_CACHE")
    if given:
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "adamml"


@contextmanager
def alone(lock: Path, name: str, say: Callable[[str], object]) -> Iterator[None]:
    """Wait until no other process fetches the same thing; the lock of one that was killed falls by itself."""
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        say(f"another process fetches {name}; waiting for it")
        held.acquire()
    try:
        yield
    finally:
        held.release()
