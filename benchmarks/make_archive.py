"""A folder of clips to try archives on; the same numbers give the same clips.

    python -m benchmarks.make_archive DIR [--count 500] [--broken 5] [--seconds 2] [--size 160x120]
    python -m benchmarks.make_archive DIR --examples --size 1280x720

The first generates tiny clips, the last of them broken; the second takes the example clips of the page at another size,
for measurements in which decoding and the policy's choices should be about those of filmed clips.
"""

import argparse
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.clips import tone, write_clip

PER_FOLDER = 100
EXAMPLES = Path(__file__).parent.parent / "assets" / "examples"


def drifting(seed: int) -> Callable[[int, int, int], np.ndarray]:
    """A texture of blocks that moves one pixel down and two to the right per frame."""
    rng = np.random.default_rng(seed)
    texture = np.kron(rng.integers(0, 255, (128, 160, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))

    def picture(index: int, width: int, height: int) -> np.ndarray:
        down, right = index % (texture.shape[0] - height), 2 * index % (texture.shape[1] - width)
        return np.ascontiguousarray(texture[down : down + height, right : right + width])

    return picture


def write_numbered(path: Path, number: int, seconds: float, size: tuple[int, int]) -> None:
    """Clip `number`: every fifth has no sound, every seventh no picture, the others have both."""
    rng = np.random.default_rng(number)
    sound = tone(seconds, hertz=float(rng.uniform(100, 2000)))
    sound += 0.05 * rng.standard_normal(sound.shape).astype(np.float32)
    kind = (number % 5 == 4, number % 7 == 6 and number % 5 != 4)
    write_clip(
        path,
        seconds=seconds,
        fps=30,
        size=size,
        picture=None if kind[1] else drifting(number),
        sound=None if kind[0] else sound,
    )


def enlarged(source: Path, path: Path, size: tuple[int, int]) -> None:
    """The same clip at another size, its sound as it was."""
    with av.open(str(source)) as clip, av.open(str(path), "w") as out:
        picture, sound = clip.streams.video[0], clip.streams.audio[0]
        video = out.add_stream("libx264", rate=picture.average_rate)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.options = {"preset": "veryfast", "crf": "23"}
        audio = out.add_stream_from_template(sound)
        shown = 0
        for packet in clip.demux(picture, sound):
            if packet.stream is picture:  # the last packet, which has no time, flushes the decoder
                for frame in packet.decode():
                    resized = frame.reformat(*size, interpolation="BICUBIC")
                    resized.pts, resized.time_base, shown = shown, 1 / Fraction(picture.average_rate), shown + 1
                    out.mux(video.encode(resized))
            elif packet.dts is not None:
                packet.stream = audio
                out.mux(packet)
        out.mux(video.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--broken", type=int, default=5, help="of the count")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--size", default="160x120", help="at most 2000 x 1500")
    parser.add_argument("--examples", action="store_true", help="the page's example clips instead of generated ones")
    args = parser.parse_args()
    width, height = (int(side) for side in args.size.split("x"))
    if args.examples:
        args.folder.mkdir(parents=True, exist_ok=True)
        for source in sorted(EXAMPLES.glob("*.mp4")):
            enlarged(source, args.folder / source.name, (width, height))
        return
    for number in range(args.count):
        path = args.folder / f"{number // PER_FOLDER:03}" / f"{number:06}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number < args.count - args.broken:
            write_numbered(path, number, args.seconds, (width, height))
        else:
            path.write_bytes(b"This is no clip. " * number)


if __name__ == "__main__":
    main()
