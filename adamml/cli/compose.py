"""`adamml compose`: clips made from photos and sounds, with the truth of every second."""

import argparse
from pathlib import Path

from adamml.cli.common import bad_input, end_progress, progress_line


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("compose", help="make clips from photos and sounds of classes, and their manifest")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with everyday/<class>/{images,audio} and other/"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="clips that are there already are kept")
    parser.add_argument("--count", type=int, required=True, metavar="N")
    parser.add_argument("--side", choices=("train", "test"), required=True, help="of the sources' fixed split")
    parser.add_argument("--seed", type=int, default=0, help="of everything (default: 0)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        from adamml.datasets.composed import ComposeError
        from adamml.datasets.composed_write import write_clips
        from adamml.datasets.sources import read_sources
    except ModuleNotFoundError as error:
        return bad_input(f"{error.name} is missing; composing clips needs: pip install -e '.[train]'")
    try:
        written = write_clips(
            args.out, read_sources(args.data), args.side, args.count, args.seed, args.workers, progress=progress_line()
        )
    except (ComposeError, OSError) as error:
        return bad_input(error)
    if written.made:
        end_progress()
    print(f"{written.manifest}: {written.made} clips made in {written.seconds:.0f} s, {written.kept} kept from before")
    return 0
