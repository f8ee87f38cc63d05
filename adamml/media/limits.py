"""How much of a stranger's file is decoded: one typed object, two profiles, and the environment's word over both.

Every number below can be set for a whole process: `max_seconds` by `ADAMML_MAX_SECONDS`, and so on. `adamml doctor`
shows what holds. What the profiles agree on, which kinds of file are opened at all, is in `adamml.media.allowlist`.
"""

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from adamml.media.errors import ClipLimitError, SettingsError


def _within(least: float, most: float, default: Any = ...) -> Any:
    """A field, and between what an override of it must lie."""
    metadata = {"least": least, "most": most}
    return field(metadata=metadata) if default is ... else field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class MediaSettings:
    """Limits on one clip and on the process that decodes it.

    Attributes:
        profile: name, for messages.
        max_bytes: size of the file.
        max_seconds: duration.
        max_file_seconds: duration of a file of which only a part is used, where that is more; the part itself keeps to
            `max_seconds`.
        max_width, max_height: of a frame in pixels, either way round.
        max_fps: frames per second.
        max_frames: video frames in the file.
        max_streams: streams in the file.
        max_segments: segments that one analysis may ask for.
        max_memory: address space of the decoding process in bytes.
        max_wait: seconds that one request to a decoder may take, however large the clip.
        isolated: decode in a process of its own. Turning this off is for one's own clips in bulk: it saves starting
            a process for each, and lets a clip that crashes the decoder take everything with it.
    """

    profile: str
    max_bytes: int = _within(1, 10**12)
    max_seconds: float = _within(0.1, 86_400)
    max_file_seconds: float = _within(0.1, 86_400, 1200.0)
    max_width: int = _within(16, 16_384, 3840)
    max_height: int = _within(16, 16_384, 2160)
    max_fps: float = _within(1, 1000, 120.0)
    max_frames: int = _within(1, 10_000_000, 36_000)
    max_streams: int = _within(1, 100, 8)
    max_segments: int = _within(1, 3600, 60)
    max_memory: int = _within(300_000_000, 10**12, 1_000_000_000)
    max_wait: float = _within(1, 86_400, 300.0)
    isolated: bool = True

    @property
    def of_parts(self) -> "MediaSettings":
        """The same for a file of which only a part is used: it may last longer."""
        return replace(self, max_seconds=max(self.max_seconds, self.max_file_seconds))

    def patience(self, seconds: float = 0.0, frames: int = 0, pixels: int = 0) -> float:
        """How many seconds one request may wait for the decoder: 10, and more for what is long and large.

        Ten million pixels a second is a tenth of what one old core decodes.
        """
        return min(self.max_wait, 10 + seconds / 5 + frames * pixels / 10e6)


_PROFILES = {
    "public": MediaSettings(profile="public", max_bytes=100_000_000, max_seconds=120.0),
    "local": MediaSettings(
        profile="local",
        max_bytes=20_000_000_000,
        max_seconds=4 * 3600.0,
        max_frames=1_800_000,
        max_segments=3600,
        max_wait=6 * 3600.0,
    ),
}


def settings_for(profile: str, *, isolated: bool | None = None) -> MediaSettings:
    """The settings of a profile, as the environment has them.

    Args:
        profile: "public" or "local".
        isolated: whether to decode in a process of its own; as the profile says when not given.

    Raises:
        ValueError: for an unknown profile.
        SettingsError: for an override that is no number or out of range.
    """
    if profile not in _PROFILES:
        raise ValueError(f"profile must be one of {', '.join(_PROFILES)}, got {profile!r}")
    settings = replace(_PROFILES[profile], **_overrides())
    return settings if isolated is None else replace(settings, isolated=isolated)


class _Profiles(Mapping[str, MediaSettings]):
    """Name -> settings, with the environment's overrides at the time of asking."""

    def __getitem__(self, name: str) -> MediaSettings:
        if name not in _PROFILES:
            raise KeyError(name)
        return settings_for(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_PROFILES)

    def __len__(self) -> int:
        return len(_PROFILES)


PROFILES: Mapping[str, MediaSettings] = _Profiles()


def _overrides() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for limit in fields(MediaSettings):
        name = f"ADAMML_{limit.name.upper()}"
        text = os.environ.get(name, "").strip()
        if not text or limit.name == "profile":
            continue
        found[limit.name] = _switch(name, text) if limit.type is bool else _number(name, text, limit)
    return found


def _switch(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise SettingsError(f"{name} must be 0 or 1, not {text!r}.")
    return text == "1"


def _number(name: str, text: str, limit: Any) -> int | float:
    least, most = limit.metadata["least"], limit.metadata["most"]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most or (limit.type is int and value != int(value)):
        kind = "a whole number" if limit.type is int else "a number"
        raise SettingsError(f"{name} must be {kind} from {least:,} to {most:,}, not {text!r}.")
    return int(value) if limit.type is int else value


def checked_segments(segments: int, settings: MediaSettings) -> int:
    """How many segments are asked for, if that many can be had.

    Raises:
        ClipLimitError: when not.
    """
    whole = isinstance(segments, int) and not isinstance(segments, bool)
    if not whole or not 1 <= segments <= settings.max_segments:
        raise ClipLimitError(f"Between 1 and {settings.max_segments} segments can be asked for, not {segments}.")
    return segments
