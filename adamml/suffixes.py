"""Which files are taken for clips by their names: the one list for folders, archives, data sets and the page.

The reader itself goes by what is in a file (`adamml.media.kinds`). Here stand the names that such files usually have,
and those of kinds that it does not open, so that a list can say so instead of passing them over.
"""

# By the reader's demuxers, in FFmpeg's names.
OPENED: dict[str, tuple[str, ...]] = {
    "mov": (".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".f4v", ".m4a", ".m4b"),
    "matroska": (".mkv", ".webm", ".mka", ".weba"),
    "avi": (".avi", ".divx"),
    "ogg": (".ogg", ".ogv", ".oga", ".ogx", ".opus"),
    "mpegts": (".ts", ".mts", ".m2ts", ".m2t", ".mpegts"),
    "gif": (".gif",),
    "mp3": (".mp3",),
    "wav": (".wav", ".wave"),
    "flac": (".flac",),
    "aac": (".aac", ".adts"),
}
FILE_SUFFIXES = tuple(suffix for suffixes in OPENED.values() for suffix in suffixes)
# Video and sound all the same. MPEG program streams (.mpg) hold MPEG-1 or MPEG-2, which are not decoded.
NOT_OPENED = frozenset(
    {
        *(".wmv", ".asf", ".flv", ".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".mpv", ".vob", ".mod", ".rm", ".rmvb"),
        *(".mxf", ".dv", ".y4m", ".ivf", ".h264", ".264", ".h265", ".hevc", ".265", ".m3u8", ".mpd", ".swf", ".wtv"),
        *(".wma", ".aif", ".aiff", ".aifc", ".au", ".amr", ".caf", ".ac3", ".eac3", ".dts", ".wv", ".ape", ".mid"),
        *(".mp2", ".spx", ".tta", ".ra", ".voc"),
    }
)


def why_not(name: str) -> str:
    """Why a file of this name is not taken for a clip; empty where it is."""
    dot = name.rfind(".")
    suffix = name[dot:].lower() if dot > 0 else ""
    if suffix in FILE_SUFFIXES:
        return ""
    return f"{suffix} is not read, save it as .mp4" if suffix in NOT_OPENED else "files of other kinds"
