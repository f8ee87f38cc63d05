"""What can be wrong with a clip. Every message is for the person who brought it, and says what to do."""


class ClipError(ValueError):
    """A clip cannot be used. `str(error)` is fit to be shown."""


class UnreadableClipError(ClipError):
    """Not a media file, damaged beyond use, or nothing in it to see or hear."""


class UnsupportedCodecError(UnreadableClipError):
    """Its picture or sound is coded in a way that is not decoded here."""


class ClipLimitError(ClipError):
    """Larger, longer or otherwise more than the settings allow."""


class ClipPartError(ClipError):
    """A part was asked for that the clip does not have."""


class DecoderError(ClipError):
    """The decoder of this one clip had to be given up; others are not affected."""


class DecoderDiedError(DecoderError):
    """It crashed, or was killed."""


class DecoderTimeoutError(DecoderError):
    """It took longer than a clip of this size may, or hung."""


class DecoderMemoryError(DecoderError):
    """It asked for more memory than a decoder gets."""


class SettingsError(ClipError):
    """A limit set in the environment makes no sense: no clip is taken until it is put right."""
