"""The `adamml` command: a table of its commands, which live in `adamml.commands`, one file each."""

import argparse
import sys

from adamml import __version__
from adamml.commands import (
    analyze,
    app,
    batch,
    compose,
    doctor,
    evaluate,
    examples,
    export,
    manifest,
    new,
    prepare,
    train,
    weights,
)

COMMANDS = (analyze, batch, export, app, doctor, weights, examples, new, prepare, manifest, compose, train, evaluate)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="adamml",
        description="Video recognition that picks, second by second, whether to look, to listen, or neither.",
    )
    parser.add_argument("--version", action="version", version=f"adamml {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(subparsers)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 something is missing or wrong, 2 bad input (one line on stderr), 130 interrupted."""
    args = build_parser().parse_args(argv)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        print("adamml: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
