"""From an untrusted file to the frames and the sound of each segment. The only room that decodes.

Read in this order: `settings` and `errors` (what is allowed), `container` (what is in a file), `part` (a stretch of
it), `sampling` (where the segments lie), `video`, `audio` and `spectrogram` (how pixels and samples come out), `clip`
(all of it as one object), `storyboard` and `display` (pictures and sound for people).
"""

from adamml.media.clip import Clip
from adamml.media.container import ClipInfo, probe
from adamml.media.display import DisplayFrame, display_frames, display_rate, display_sound
from adamml.media.errors import ClipError, ClipLimitError, ClipPartError, UnreadableClipError
from adamml.media.part import part_of
from adamml.media.sampling import Segment, examined_share, plan_segments
from adamml.media.settings import PROFILES, MediaSettings, settings_for
from adamml.media.spectrogram import SILENCE, log_spectrogram, sound_window
from adamml.media.storyboard import Storyboard, draw_storyboard

__all__ = [
    "PROFILES",
    "SILENCE",
    "Clip",
    "ClipError",
    "ClipInfo",
    "ClipLimitError",
    "ClipPartError",
    "DisplayFrame",
    "MediaSettings",
    "Segment",
    "Storyboard",
    "UnreadableClipError",
    "display_frames",
    "display_rate",
    "display_sound",
    "draw_storyboard",
    "examined_share",
    "log_spectrogram",
    "part_of",
    "plan_segments",
    "probe",
    "settings_for",
    "sound_window",
]
