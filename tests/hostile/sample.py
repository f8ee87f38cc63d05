"""One file of the corpus: what it is called, what is in it, and how it may end."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Ending = Literal["valid", "refused", "either"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file to be written.

    Attributes:
        family: the kind of trouble.
        name: of the file, as a stranger would have called it.
        content: the bytes, or a function that writes the file.
        ending: "valid" must be analyzed, "refused" must meet a ClipError, "either" may do one or the other.
    """

    family: str
    name: str
    content: bytes | Callable[[Path], object]
    ending: Ending = "either"

    def write(self, folder: Path) -> Path:
        """The file in a folder of its own, since names may repeat."""
        folder.mkdir(parents=True)
        path = folder / self.name
        if callable(self.content):
            self.content(path)
        else:
            path.write_bytes(self.content)
        return path
