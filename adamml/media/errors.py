"""What can be wrong with a clip. Every message is for the person who brought it, and says what to do."""


class ClipError(ValueError):
    """A clip cannot be used. `str(error)` is fit to be shown."""


class UnreadableClipError(ClipError):
    """Not a media file, damaged beyond use, or nothing in it to see or hear."""


class ClipLimitError(ClipError):
    """Larger, longer or otherwise more than the settings allow."""


class ClipPartError(ClipError):
    """A part was asked for that the clip does not have."""
