"""Opening an untrusted file, and reading packets and frames of it within limits."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from adamml.media.allowlist import AUDIO_CODECS, DEMUXERS, FILES, MAX_CHANNELS, SAMPLE_RATES, VIDEO_CODECS, permitted
from adamml.media.decoding.clock import on_the_clock
from adamml.media.decoding.pixel_aspect import PixelAspects
from adamml.media.errors import ClipLimitError, UnreadableClipError, UnsupportedCodecError
from adamml.media.info import Join
from adamml.media.limits import MediaSettings
from adamml.media.photo_detection import is_photo, photo_refusal

AV_ERRORS = (av.error.FFmpegError, ValueError, OSError)
# Decoders by FFmpeg's own names, for the few frames that it decodes itself to learn about a stream.
_PLAIN = tuple(name for name in sorted(av.codecs_available) if name.startswith("pcm_"))
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(DEMUXERS),
    "codec_whitelist": ",".join((*VIDEO_CODECS, "libdav1d", *AUDIO_CODECS, "mp3float", *_PLAIN)),
}
SCARCE = 64_000_000  # bytes; a few large frames
MAX_THREADS = 4  # each holds a few frames: more would not fit the memory of a decoder at 3840 x 2160


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a local file with the permitted demuxers and no protocol but `file`.

    Raises:
        UnreadableClipError: when it is no such file.
    """
    if is_photo(path):
        raise UnreadableClipError(photo_refusal(path.name))
    try:
        # With the protocol in front and an absolute path behind it, no name can be taken for an address.
        container = av.open(f"file:{os.fspath(path.resolve())}", metadata_errors="ignore", options=dict(_OPTIONS))
    except MemoryError:
        raise
    except AV_ERRORS as error:
        raise UnreadableClipError(
            f"{path.name!r} is not a video or sound file that can be read here ({FILES})."
        ) from error
    try:
        yield container
    finally:
        container.close()


def ready_to_decode(stream: av.VideoStream, settings: MediaSettings, threads: str = "AUTO") -> None:
    """Threads from the cores really available, and no frame larger than is allowed."""
    stream.thread_type = threads
    context = stream.codec_context
    context.thread_count = min(MAX_THREADS, len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else 2)
    # FFmpeg counts what it sets aside, up to 128 pixels more each way; `decoded` looks at the frames themselves.
    context.options = {"max_pixels": str((settings.max_width + 128) * (settings.max_height + 128))}


def packets_of(
    container: InputContainer, stream: av.VideoStream | av.AudioStream, joins: Sequence[Join] = ()
) -> Iterator[av.Packet]:
    """The packets of one stream from where the file stands, an empty one last; a torn end is the end.

    Args:
        joins: of the track; with any, the file must stand at its beginning.
    """
    try:
        yield from on_the_clock(container.demux(stream), joins, float(stream.time_base or 1))
    except MemoryError:
        raise
    except AV_ERRORS:
        return


def decoded(
    packets: Iterator[av.Packet],
    stream: av.VideoStream | av.AudioStream,
    name: str,
    settings: MediaSettings,
    lost: Callable[[av.Packet], None] = lambda packet: None,
) -> Iterator[Any]:
    """Frames of one stream's packets; damaged packets are passed over.

    Args:
        packets: see `packets_of`.
        name: of the file, for messages.
        lost: told of every packet that holds something of which nothing comes. Of pictures it may come later.

    Raises:
        ClipLimitError: for more or larger frames than are allowed, whatever the header has promised.
    """
    count, aspects = 0, PixelAspects(stream) if isinstance(stream, av.VideoStream) else None
    for packet in packets:
        try:
            frames = packet.decode()
        except MemoryError:
            raise
        except AV_ERRORS:
            if _out_of_memory():  # decoders take what they were not given for damage, and would show something else
                raise MemoryError from None
            frames = []
        if not frames and packet.size:
            lost(packet)
        for frame in frames:
            count += 1
            if aspects is not None:
                if count > settings.max_frames:
                    raise too_many_frames(name, settings)
                check_size(name, frame.width, frame.height, settings)
                aspects.mark(frame)
            yield frame


def _out_of_memory() -> bool:
    """Whether hardly any of the address space that this process may have is left."""
    if sys.platform != "linux":
        return False
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return False
    return 0 <= limit < used + SCARCE


def too_many_frames(name: str, settings: MediaSettings) -> ClipLimitError:
    return ClipLimitError(f"{name!r} has more than {settings.max_frames} frames; cut it shorter and try again.")


def check_size(name: str, width: int, height: int, settings: MediaSettings) -> None:
    """Refuse frames beyond the limits, whichever way round they are."""
    sides, limits = sorted((width, height)), sorted((settings.max_width, settings.max_height))
    if sides[0] > limits[0] or sides[1] > limits[1]:
        raise ClipLimitError(
            f"{name!r} has frames of {sides[1]} x {sides[0]} pixels; up to {limits[1]} x {limits[0]} are allowed. "
            "Save it at a lower resolution."
        )


def check_sound(name: str, rate: int, channels: int) -> None:
    """Refuse sample rates and channel counts beyond sense."""
    if not SAMPLE_RATES[0] <= rate <= SAMPLE_RATES[1] or channels > MAX_CHANNELS:
        raise ClipLimitError(
            f"The sound of {name!r} has {channels} channels at {rate} Hz; up to {MAX_CHANNELS} channels at "
            f"{SAMPLE_RATES[0]} to {SAMPLE_RATES[1]} Hz are decoded here. Save it as stereo at 48000 Hz."
        )


def check_codec(name: str, stream: av.VideoStream | av.AudioStream, what: str, instead: str) -> None:
    context = stream.codec_context
    codec = context.codec.canonical_name if context is not None else "something unknown"
    if not permitted(stream.type, codec):
        raise UnsupportedCodecError(
            f"The {what} of {name!r} is coded as {codec}, which is not decoded here. "
            f"Save it as MP4 with {instead} and try again."
        )
