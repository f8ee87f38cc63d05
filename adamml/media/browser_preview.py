"""A version of a clip that browsers play, where they do not play the file itself.

Phones film in HEVC, cameras write AVI and MKV; browsers play few of these. The preview is for watching only, small and
quick to make: short side at most 480 pixels, at most 30 frames per second, sound in stereo. What is analyzed is always
the file itself.
"""

from contextlib import closing
from pathlib import Path

from adamml.media.clip import probe_part
from adamml.media.decoder import Decoders
from adamml.media.errors import UnreadableClipError
from adamml.media.limits import MediaSettings
from adamml.media.tmp_dirs import private_folder


def plays_in_browsers(
    path: Path, settings: MediaSettings, start: float | None = None, end: float | None = None
) -> bool:
    """Whether a browser can be expected to play the file as it is, of which only a part may be used.

    Raises:
        ClipError: when it cannot be used at all.
    """
    with closing(Decoders(path.name, settings)) as decoders:
        info, _ = probe_part(path, settings, start, end, decoders)
        return decoders.ask_once("plays", info.patience, info=info).get("plays") is True


def make_preview(
    path: Path, target: Path, settings: MediaSettings, start: float | None = None, end: float | None = None
) -> Path:
    """Write `target` (an .mp4) whole or not at all, and return it. Of a part it shows that part alone, from 0 s on.

    Raises:
        ClipError: when the clip cannot be decoded.
    """
    with closing(Decoders(path.name, settings)) as decoders:
        whole, shown = probe_part(path, settings, start, end, decoders)
        try:
            with private_folder(target.parent) as folder:
                made = folder / "preview.mp4"
                decoders.ask_once("preview", 2 * whole.patience, info=shown, target=made, part=shown is not whole)
                made.replace(target)
        except OSError as error:
            raise UnreadableClipError(f"No preview of {path.name!r} can be written: {error.strerror}.") from error
    return target
