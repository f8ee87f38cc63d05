"""A part of a file, described as if it were a file of its own: times count from the part's start.

Nothing is decoded. Moving `origin` is all that the picture needs, since frames are found by time; the key frames
before the part stay listed (at negative times), because decoding has to begin at one of them.
"""

import math
from dataclasses import replace

from adamml.media.errors import ClipPartError
from adamml.media.info import ClipInfo, TrackInfo, duration_of

# Lengths in lists are often rounded up to whole tenths; an end this little beyond the clip's end means its end.
END_SLACK_S = 0.1


def subclip_of(info: ClipInfo, start: float | None = None, end: float | None = None) -> ClipInfo:
    """What `probe` would have said of a file that holds only the seconds from `start` to `end`.

    Args:
        info: of the whole file.
        start, end: seconds from the clip's start; None stands for its start or its end.

    Raises:
        ClipPartError: when there is no such part.
    """
    if start is None and end is None:
        return info
    name, first = info.path.name, 0.0 if start is None else start
    if not math.isfinite(first) or first < 0:
        raise ClipPartError(f"A part of {name!r} cannot start at {first} s; give 0 s or later.")
    if end is not None and not first < end:
        raise ClipPartError(f"A part of {name!r} from {first} s to {end} s holds nothing; it must end after its start.")
    if first >= info.duration or (end is not None and end > info.duration + END_SLACK_S):
        asked = f"from {first} s" + ("" if end is None else f" to {end} s")
        raise ClipPartError(f"{name!r} lasts {info.duration:.2f} s; there is no part {asked} in it.")
    last = math.inf if end is None else end
    video, audio = (_cut(track, first, last) for track in (info.video, info.audio))
    if video is None and audio is None:
        raise ClipPartError(f"{name!r} has neither picture nor sound from {first} s on, up to {last} s.")
    return replace(info, origin=info.origin + first, duration=duration_of(video, audio), video=video, audio=audio)


def _cut(track: TrackInfo | None, first: float, last: float) -> TrackInfo | None:
    """The stretch of a track that lies inside; None where the two do not meet."""
    if track is None or track.end <= first or track.start >= last:
        return None
    return replace(
        track,
        start=max(track.start - first, 0.0),
        end=min(track.end, last) - first,
        key_frames=tuple(time - first for time in track.key_frames),
    )
