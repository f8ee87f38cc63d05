"""Is a clip fit for training? Looks a file over, decodes a little of its middle, and takes its checksum."""

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from adamml.media import Clip, ClipError, settings_for

Key = TypeVar("Key", bound=Hashable)
CRASHED = "the decoder crashed on it"


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What is in a file.

    Attributes:
        fault: why it cannot be used; empty where it can.
        seconds: how long it is.
        sound: whether there is anything to hear.
        sha256: of the file.
    """

    fault: str = ""
    seconds: float = 0.0
    sound: bool = False
    sha256: str = ""


def inspect(path: Path) -> Inspection:
    """Look over one file. Never raises for what is in it: that is a fault of the clip."""
    try:
        clip = Clip(path, settings_for("local"), 1)
        (middle,) = clip.segments
        if not clip.has_picture(middle):
            return Inspection(fault="there is no picture in the middle of it")
        clip.frames([middle])
        sound = clip.has_sound(middle)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (ClipError, OSError) as error:
        return Inspection(fault=str(error))
    return Inspection(seconds=round(clip.info.duration, 3), sound=sound, sha256=digest)


def same_files(checksums: Mapping[Key, str]) -> list[list[Key]]:
    """Keys whose files hold the same bytes, in the order given; those that stand alone are left out."""
    by_checksum: dict[str, list[Key]] = {}
    for key, checksum in checksums.items():
        by_checksum.setdefault(checksum, []).append(key)
    return [keys for keys in by_checksum.values() if len(keys) > 1]
