"""From an untrusted file to the frames and the sound of each segment. The only room that decodes.

Read in this order: `limits`, `allowlist` and `errors` (what is allowed), `info` (what is known of a file), `subclip` (a
part of it), `sampling` (where the segments lie), `decoding` (the process that opens files), `forkserver`, `ipc` and
`decoder` (starting it, talking to it), `sound_track` and `front_ends` (sound), `clip` (all of it as one object),
`storyboard`, `playback` and `browser_preview` (pictures and sound for people).

Names are imported on first use: the decoding process, which is part of this room, has to start without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adamml.media.browser_preview import make_preview, plays_in_browsers
    from adamml.media.clip import Clip, probe, probe_part
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
    from adamml.media.forkserver import prestart
    from adamml.media.front_ends import FRONT_ENDS, log_mel, log_spectrogram, sound_window
    from adamml.media.info import ClipInfo
    from adamml.media.limits import PROFILES, MediaSettings, settings_for
    from adamml.media.playback import DisplayFrame, display_frames, display_rate, display_sound
    from adamml.media.sampling import Segment, examined_share, plan_segments
    from adamml.media.storyboard import Storyboard, draw_storyboard
    from adamml.media.subclip import subclip_of

_HOME = {
    "clip": ("Clip", "probe", "probe_part"),
    "playback": ("DisplayFrame", "display_frames", "display_rate", "display_sound"),
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
    "forkserver": ("prestart",),
    "subclip": ("subclip_of",),
    "browser_preview": ("make_preview", "plays_in_browsers"),
    "sampling": ("Segment", "examined_share", "plan_segments"),
    "limits": ("PROFILES", "MediaSettings", "settings_for"),
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
    "plan_segments",
    "plays_in_browsers",
    "prestart",
    "probe",
    "probe_part",
    "settings_for",
    "sound_window",
    "subclip_of",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'adamml.media' has no attribute {name!r}")
    return getattr(import_module(f"adamml.media.{_MODULE_OF[name]}"), name)
