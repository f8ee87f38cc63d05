"""A folder of generated clips to try archives on, some of them broken; the same numbers give the same clips.

    python -m benchmarks.make_archive DIR [--count 500] [--broken 5] [--seconds 2] [--size 160x120]

With `--seconds 10 --size 1280x720` the clips cost about what filmed ones do: a drifting texture, and noise for sound.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.clips import tone, write_clip

PER_FOLDER = 100


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--broken", type=int, default=5, help="of the count")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--size", default="160x120", help="at most 2000 x 1500")
    args = parser.parse_args()
    width, height = (int(side) for side in args.size.split("x"))
    for number in range(args.count):
        path = args.folder / f"{number // PER_FOLDER:03}" / f"{number:06}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number < args.count - args.broken:
            write_numbered(path, number, args.seconds, (width, height))
        else:
            path.write_bytes(b"This is no clip. " * number)


if __name__ == "__main__":
    main()
