"""Cutting a few seconds out of a long video, whole or not at all.

Where a key frame lies at the very beginning of the part, its packets are copied as they are. Elsewhere the part, and
only the part, is encoded anew: copying from an earlier key frame would begin up to seconds too soon. The work is done
by the ffmpeg that MoviePy brings, in a process of its own; of joined files from what our decoder shows (`reencode`).
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from imageio_ffmpeg import get_ffmpeg_exe

from adamml.datasets.reencode import EncodingError, reencode
from adamml.files import whole_file
from adamml.media import ClipError, ClipInfo, subclip_of
from adamml.media.allowlist import DEMUXERS

KEY_TOLERANCE_S = 0.05  # a key frame this near to the beginning counts as being there
TIMEOUT_S = 600
# What a source's packets are copied into; every other kind of file is encoded.
MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mp4", ".mkv": "matroska", ".webm": "webm"}
ENCODING = (
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-crf",
    "18",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
    "-b:a",
    "160k",
)
EVEN_SIDES = ("-vf", "scale=trunc(iw/2)*2:trunc(ih/2)*2")  # as this pixel format wants them

Way = Literal["copied", "encoded"]


class CutError(ValueError):
    """A part could not be cut out. The message says why."""


def cut(source: Path, target: Path, start: float, seconds: float, info: ClipInfo) -> tuple[Path, Way]:
    """Cut out `seconds` from `start` on.

    Args:
        target: without a suffix, which depends on how it is cut; its folder is made.
        start: in seconds of the clip, as analyses count them.
        info: of the source: which of its tracks are used, where its key frames lie, and what its own clock says.

    Returns:
        The file that was written, and how.

    Raises:
        CutError: when ffmpeg cannot, or takes too long.
        OSError: when the target cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    threads = ("-threads", "1")  # many clips are cut at once, one on each core
    encoded = target.with_name(target.name + ".mp4")
    if any(track.joins for track in (info.video, info.audio) if track is not None):
        return _reencoded(encoded, start, seconds, (*threads, *ENCODING, "-f", "mp4"), info), "encoded"
    muxer = MUXERS.get(source.suffix.lower())
    keys = info.video.key_frames if info.video is not None else ()
    key = min(keys, key=lambda time: abs(time - start), default=None)
    if muxer is not None and key is not None and abs(key - start) <= KEY_TOLERANCE_S:
        copied = target.with_name(target.name + (".mp4" if muxer == "mp4" else source.suffix.lower()))
        # MP4 can say from when on it is to be shown, and so begins at the key frame whatever comes before it. Others
        # begin with what they hold: there a little later, so that rounding does not lead to the key frame before.
        exact = muxer == "mp4"
        options = ("-c", "copy", "-avoid_negative_ts", "disabled" if exact else "make_zero", "-f", muxer)
        try:
            return _written(source, copied, key if exact else key + 0.005, seconds, options, info), "copied"
        except CutError:
            pass  # packets that do not fit into the container: encoding may still do
    return _written(source, encoded, start, seconds, (*threads, *EVEN_SIDES, *ENCODING, "-f", "mp4"), info), "encoded"


def _reencoded(target: Path, start: float, seconds: float, options: Sequence[str], info: ClipInfo) -> Path:
    try:
        with whole_file(target) as made:
            reencode(subclip_of(info, start, min(start + seconds, info.duration)), made, options)
    except (ClipError, EncodingError) as error:
        raise CutError(f"the part from {start:.0f} s on cannot be cut out: {error}") from error
    return target


def _written(source: Path, target: Path, start: float, seconds: float, options: Sequence[str], info: ClipInfo) -> Path:
    safe = ("-protocol_whitelist", "file", "-format_whitelist", ",".join(DEMUXERS))
    tracks = [track for track in (info.video, info.audio) if track is not None]
    what = [word for track in tracks for word in ("-map", f"0:{track.stream}")]
    command = [get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *safe]
    command += ["-seek_timestamp", "1", "-ss", f"{start + info.origin:.6f}", "-i", f"file:{source}"]
    command += ["-t", f"{seconds:.3f}", *what, "-sn", "-dn", *options]
    with whole_file(target, inputs=[source]) as made:
        try:
            done = subprocess.run([*command, f"file:{made}"], capture_output=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise CutError(f"cutting took longer than {TIMEOUT_S} s") from error
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason was given"]
            raise CutError(f"the part from {start:.0f} s on cannot be cut out: {said[-1]}")
    return target
