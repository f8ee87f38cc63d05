"""Which kinds of file are opened at all, by FFmpeg's names. Everything else is refused by name.

A list of what may is short and can be read; FFmpeg's own has hundreds of entries, and those that nobody uses are where
its faults are found. Playlists and concat scripts are left out above all: they make FFmpeg open other files.
"""

DEMUXERS = ("mov", "matroska", "avi", "ogg", "mpegts", "gif", "mp3", "wav", "flac", "aac")
VIDEO_CODECS = ("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mjpeg", "gif")
AUDIO_CODECS = ("aac", "mp3", "opus", "vorbis", "flac")  # and plain samples, "pcm_..."
SAMPLE_RATES = (1_000, 384_000)
MAX_CHANNELS = 16
# torchaudio's polyphase kernel grows with the reduced ratio; odd rates such as 44,099 Hz would need gigabytes.
MAX_RATIO = 2000
OVERRUN_S = 10.0  # what a sound track may run on beyond the longest clip before it is refused
FILES = "MP4, MOV, MKV, WebM, AVI, OGG, MPEG-TS, GIF, MP3, WAV, FLAC, AAC, M4A and Opus can"


def permitted(kind: str, codec: str) -> bool:
    """Whether a stream of this kind ("video" or "audio") and codec is decoded."""
    return codec in VIDEO_CODECS if kind == "video" else codec in AUDIO_CODECS or codec.startswith("pcm_")
