"""What is known of a file once it has been looked over, and how that is told from one process to another."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from adamml.media.limits import MediaSettings, settings_for

AUDIO_OVERHANG_S = 1.0  # sound may outlast the picture by this much before it lengthens the clip
MAX_NOTES, MAX_NOTE = 10, 400  # sentences about one file, characters of one


@dataclass(frozen=True, kw_only=True)
class Join:
    """Where the time stamps of a track begin anew, because its file was put together from several.

    Attributes:
        packet: number of the track's first packet after the break, counted from 0.
        shift: seconds to add to the time stamps of that packet and of all up to the next join.
    """

    packet: int
    shift: float


@dataclass(frozen=True, kw_only=True)
class TrackInfo:
    """When a stream plays, in seconds from the clip's start, and which of the file's streams it is.

    Attributes:
        stream: index in the file.
        start, end: seconds.
        key_frames: seconds, ascending; where decoding can begin.
        packets: how many the file holds of it that are shown or heard: its frames, near enough.
        joins: in the order of the file; none in nearly every file.
    """

    stream: int
    start: float
    end: float
    key_frames: tuple[float, ...] = ()
    packets: int = 0
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClipInfo:
    """What is in a file.

    Attributes:
        origin: the container time, in seconds, that counts as 0 s.
        width, height: pixels of the picture as it is shown: turned as the file asks, pixels made square.
        pixel_aspect: width of the file's own pixels over their height.
        mirrored: whether the file asks for its picture to be mirrored.
        notes: sentences about what had to be chosen or changed to read the file, for the result's notes.
        settings: the limits that it was looked over with, and will be decoded with.
    """

    path: Path
    origin: float
    duration: float
    video: TrackInfo | None
    audio: TrackInfo | None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    pixel_aspect: float = 1.0
    mirrored: bool = False
    notes: tuple[str, ...] = ()
    settings: MediaSettings = field(default_factory=lambda: settings_for("local"), compare=False, repr=False)

    @property
    def patience(self) -> float:
        """Seconds that a request about this clip may take."""
        frames = self.video.packets if self.video is not None else 0
        return self.settings.patience(self.duration, frames, (self.width or 0) * (self.height or 0))

    def to_wire(self) -> dict[str, Any]:
        """Everything as plain JSON."""
        return asdict(self) | {"path": str(self.path.absolute())}

    @staticmethod
    def from_wire(said: dict[str, Any], path: Path, settings: MediaSettings) -> "ClipInfo":
        """Read what another process said about `path`, believing nothing of it unseen.

        Raises:
            ValueError, TypeError, KeyError: when it makes no sense.
        """
        info = ClipInfo(
            path=path,
            origin=_number(said["origin"], -1e15, 1e15),
            duration=_number(said["duration"], 0, 1e9),
            video=_track(said["video"]),
            audio=_track(said["audio"]),
            width=_side(said["width"]),
            height=_side(said["height"]),
            fps=None if said["fps"] is None else _number(said["fps"], 0, 1e12),
            pixel_aspect=_number(said["pixel_aspect"], 0.1, 10),
            mirrored=said["mirrored"] is True,
            notes=_notes(said["notes"]),
            settings=settings,
        )
        if info.duration <= 0 or (info.video is None and info.audio is None):
            raise ValueError("a clip has a duration, and a picture or sound")
        return info


def duration_of(video: TrackInfo | None, audio: TrackInfo | None) -> float:
    """The picture's end, unless the sound goes on well after it (or there is only sound)."""
    if video is None:
        assert audio is not None
        return audio.end
    if audio is not None and audio.end - video.end > AUDIO_OVERHANG_S:
        return audio.end
    return video.end


def to_wire(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters as plain JSON."""
    said = dict(parameters)
    if isinstance(info := said.get("info"), ClipInfo):
        said["info"] = info.to_wire()
    if isinstance(settings := said.get("settings"), MediaSettings):
        said["settings"] = vars(settings)
    return said | {name: str(said[name].absolute()) for name in ("path", "target") if name in said}


def from_wire(said: dict[str, Any]) -> dict[str, Any]:
    """What `to_wire` was given."""
    parameters = said | {name: Path(said[name]) for name in ("path", "target") if name in said}
    if "settings" in said:
        parameters["settings"] = MediaSettings(**said["settings"])
    if "info" in said:
        settings = MediaSettings(**said["info"]["settings"])
        parameters["info"] = ClipInfo.from_wire(said["info"], Path(said["info"]["path"]), settings)
    return parameters


def _number(value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ValueError(f"{value!r} is no number from {least} to {most}")
    return float(value)


def _count(value: Any) -> int:
    if not math.isfinite(value) or value != int(value) or not 0 <= value < 2**31:
        raise ValueError(f"{value!r} is no count")
    return int(value)


def _side(value: Any) -> int | None:
    return None if value is None else _count(value)


def _notes(said: Any) -> tuple[str, ...]:
    if not isinstance(said, list | tuple) or len(said) > MAX_NOTES:
        raise ValueError("no list of notes")
    for note in said:
        if not isinstance(note, str) or len(note) > MAX_NOTE or not note.isprintable():
            raise ValueError("a note is one printable line")
    return tuple(said)


def _track(said: dict[str, Any] | None) -> TrackInfo | None:
    if said is None:
        return None
    return TrackInfo(
        stream=_count(said["stream"]),
        start=_number(said["start"], -1e15, 1e15),
        end=_number(said["end"], -1e15, 1e15),
        key_frames=tuple(_number(time, -1e15, 1e15) for time in said["key_frames"]),
        packets=_count(said["packets"]),
        joins=tuple(Join(packet=_count(j["packet"]), shift=_number(j["shift"], -1e15, 1e15)) for j in said["joins"]),
    )
