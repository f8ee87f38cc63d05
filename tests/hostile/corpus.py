"""All hostile files. `python -m tests.hostile.corpus FOLDER` writes them, each into a folder of its own."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.damage import damaged, renamed, reordered
from tests.hostile.foreign_files import documents, others
from tests.hostile.malformed_headers import lying
from tests.hostile.names import named
from tests.hostile.playlists import playlists
from tests.hostile.sample import Sample
from tests.hostile.shapes import shaped


def corpus(secret: Path, port: int) -> Iterator[Sample]:
    """Every file; playlists point at `secret` and at `port` of this machine."""
    for family in (damaged(), renamed(), reordered(), lying(), shaped(), documents(), others(), named()):
        yield from family
    yield from playlists(secret, port)


def write_corpus(folder: Path, secret: Path, port: int) -> Iterator[tuple[Sample, Path]]:
    """Write file after file."""
    for number, sample in enumerate(corpus(secret, port)):
        yield sample, sample.write(folder / f"{number:03d}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    print(f"{sum(1 for _ in write_corpus(folder, folder / 'secret.mp4', 9))} files in {folder}")
