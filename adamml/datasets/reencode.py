"""Encoding a part of a file from our own frames and samples, where the ffmpeg program cannot find it by time.

In joined files one time stamp stands for several moments. Our decoder knows which is meant, and gives this program
what is seen and heard.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

from adamml.media import ClipInfo, display_frames, display_rate, display_sound
from adamml.media.sampling import PLAY_RATE

MOST_FPS = 60.0
LARGEST = (3840, 2160)


class EncodingError(ValueError):
    """The program could not encode it. The message is its own."""


def reencode(info: ClipInfo, target: Path, options: Sequence[str]) -> None:
    """Write what is seen and heard of a clip, or of the part that `info` describes.

    Args:
        options: how ffmpeg is to encode it, and into which container.

    Raises:
        EncodingError: when ffmpeg cannot.
        ClipError: when the clip cannot be decoded.
        OSError: when nothing can be written.
    """
    with tempfile.TemporaryDirectory(prefix="adamml-") as folder, tempfile.TemporaryFile() as said:
        inputs: list[str] = []
        sound = Path(folder) / "sound"
        if info.audio is not None:
            with sound.open("wb") as file:
                for piece in display_sound(info):
                    file.write(piece.tobytes())
            inputs += ["-f", "s16le", "-ar", str(PLAY_RATE), "-ac", "2", "-i", str(sound)]
        rate = display_rate(info, MOST_FPS)
        box = (max(2, min(info.width or 2, LARGEST[0])), max(2, min(info.height or 2, LARGEST[1])))
        frames = iter(display_frames(info, fps=rate, box=box)) if info.video is not None else iter(())
        first = next(frames, None)
        if first is not None:
            size = f"{first.pixels.shape[1]}x{first.pixels.shape[0]}"
            inputs += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(rate), "-i", "pipe:0"]
        command = [get_ffmpeg_exe(), "-v", "error", "-y", *inputs, *options, f"file:{target}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said) as process:
            assert process.stdin is not None
            try:
                for frame in chain([first] if first is not None else [], frames):
                    process.stdin.write(frame.pixels.tobytes())
                process.stdin.close()
            except BrokenPipeError:
                pass  # what it has to say follows
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines() or ["no reason was given"]
            raise EncodingError(lines[-1])
