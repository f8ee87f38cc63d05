"""Written whole or not at all: work beside the target, then one rename."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class ExportError(ValueError):
    """A result cannot be written as asked. `str(error)` is fit to be shown."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """share: 0 to 1; message: plain English."""

    share: float
    message: str


@contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """A folder beside `out` for unfinished files, gone afterwards whatever happened.

    Raises:
        ExportError: when nothing can be written there.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=".adamml-", suffix=".part", dir=out.parent))
    except OSError as error:
        raise ExportError(f"Nothing can be written into {str(out.parent)!r}: {error.strerror}.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(finished: Path, out: Path) -> Path:
    """Rename a finished file to its target.

    Raises:
        ExportError: when the target cannot be replaced.
    """
    try:
        return finished.replace(out)
    except OSError as error:
        raise ExportError(f"{out.name!r} cannot be written: {error.strerror}.") from error
