"""Exports go through `adamml.files`, like every result; what cannot be written is an `ExportError` here."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adamml.files import OutputError, whole_file


class ExportError(ValueError):
    """A result cannot be written as asked. `str(error)` is fit to be shown."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """share: 0 to 1; message: plain English."""

    share: float
    message: str


@contextmanager
def export_file(out: Path, *, suffix: str = "", inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """`adamml.files.whole_file` for exports.

    Raises:
        ExportError: when the target cannot be written, or is one of the inputs.
    """
    try:
        with whole_file(out, suffix=suffix, inputs=inputs) as made:
            yield made
    except OutputError as error:
        raise ExportError(str(error)) from error
