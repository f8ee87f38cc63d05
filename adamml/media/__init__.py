"""From an untrusted file to the frames and the sound of each segment. The only room that decodes.

Read in this order: `settings`, `kinds` and `errors` (what is allowed), `info` (what is known of a file), `part` (a
stretch of it), `sampling` (where the segments lie), `decoding` (the process that opens files), `nursery`, `wire` and
`decoder` (starting it, talking to it), `track` and `front_ends` (sound), `clip` (all of it as one object),
`storyboard`, `display` and `preview` (pictures and sound for people).

Names are imported on first use: the decoding process, which is part of this room, has to start without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adamml.media.clip import Clip, probe
    from adamml.media.display import DisplayFrame, display_frames, display_rate, display_sound
    from adamml.media.errors import (
        ClipError,
        ClipLimitError,
        ClipPartError,
        DecoderDiedError,
        DecoderError,
        DecoderMemoryError,
        DecoderTimeoutError,
        SettingsError,
        UnreadableClipError,
        UnsupportedCodecError,
    )
    from adamml.media.front_ends import FRONT_ENDS, log_mel, log_spectrogram, sound_window
    from adamml.media.info import ClipInfo
    from adamml.media.nursery import prestart
    from adamml.media.part import part_of
    from adamml.media.preview import make_preview, plays_in_browsers
    from adamml.media.sampling import Segment, examined_share, plan_segments
    from adamml.media.settings import PROFILES, MediaSettings, settings_for
    from adamml.media.storyboard import Storyboard, draw_storyboard

_HOME = {
    "clip": ("Clip", "probe"),
    "display": ("DisplayFrame", "display_frames", "display_rate", "display_sound"),
    "errors": (
        "ClipError",
        "ClipLimitError",
        "ClipPartError",
        "DecoderDiedError",
        "DecoderError",
        "DecoderMemoryError",
        "DecoderTimeoutError",
        "SettingsError",
        "UnreadableClipError",
        "UnsupportedCodecError",
    ),
    "front_ends": ("FRONT_ENDS", "log_mel", "log_spectrogram", "sound_window"),
    "info": ("ClipInfo",),
    "nursery": ("prestart",),
    "part": ("part_of",),
    "preview": ("make_preview", "plays_in_browsers"),
    "sampling": ("Segment", "examined_share", "plan_segments"),
    "settings": ("PROFILES", "MediaSettings", "settings_for"),
    "storyboard": ("Storyboard", "draw_storyboard"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "FRONT_ENDS",
    "PROFILES",
    "Clip",
    "ClipError",
    "ClipInfo",
    "ClipLimitError",
    "ClipPartError",
    "DecoderDiedError",
    "DecoderError",
    "DecoderMemoryError",
    "DecoderTimeoutError",
    "DisplayFrame",
    "MediaSettings",
    "Segment",
    "SettingsError",
    "Storyboard",
    "UnreadableClipError",
    "UnsupportedCodecError",
    "display_frames",
    "display_rate",
    "display_sound",
    "draw_storyboard",
    "examined_share",
    "log_mel",
    "log_spectrogram",
    "make_preview",
    "part_of",
    "plan_segments",
    "plays_in_browsers",
    "prestart",
    "probe",
    "settings_for",
    "sound_window",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'adamml.media' has no attribute {name!r}")
    return getattr(import_module(f"adamml.media.{_MODULE_OF[name]}"), name)
