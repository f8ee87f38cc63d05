"""How much of a stranger's file is decoded: one typed object, two profiles."""

from dataclasses import dataclass

# Demuxers that may open a file. Playlists and concat scripts are left out: they make FFmpeg open other files.
DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,ogg,mpegts,mp3,wav,flac,aac,gif"


@dataclass(frozen=True, kw_only=True)
class MediaSettings:
    """Limits on one clip.

    Attributes:
        profile: name, for messages.
        max_bytes: size of the file.
        max_seconds: duration.
        max_width, max_height: of a frame, either way round.
        max_frames: video frames in the file.
        max_streams: streams in the file.
        max_segments: segments that one analysis may ask for.
    """

    profile: str
    max_bytes: int
    max_seconds: float
    max_width: int = 3840
    max_height: int = 2160
    max_frames: int = 36_000
    max_streams: int = 8
    max_segments: int = 60


PROFILES = {
    "public": MediaSettings(profile="public", max_bytes=100_000_000, max_seconds=120.0),
    "local": MediaSettings(
        profile="local", max_bytes=4_000_000_000, max_seconds=3600.0, max_frames=432_000, max_segments=3600
    ),
}


def settings_for(profile: str) -> MediaSettings:
    """The settings of a profile.

    Raises:
        ValueError: for an unknown profile.
    """
    try:
        return PROFILES[profile]
    except KeyError:
        raise ValueError(f"profile must be one of {', '.join(PROFILES)}, got {profile!r}") from None
