"""The `adamml` command: a table of its commands, one file each.

In each of them `add(subparsers)` describes the command, and a run function does it.
"""

import argparse
import io
import os
import sys
from contextlib import suppress

from adamml.cli import (
    analyze,
    app,
    archive,
    batch,
    compose,
    doctor,
    evaluate,
    examples,
    export,
    export_onnx,
    manifest,
    models,
    new,
    prepare,
    train,
    weights,
)
from adamml.cli.common import bad_input
from adamml.version import __version__

READER_GONE = 128 + 13  # SIGPIPE
COMMANDS = (
    analyze,
    batch,
    archive,
    export,
    export_onnx,
    app,
    doctor,
    models,
    weights,
    examples,
    new,
    prepare,
    manifest,
    compose,
    train,
    evaluate,
)


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
    """Exit status: 0 done, 1 something is missing or wrong, 2 bad input (one line on stderr), 130 interrupted.

    141 when whoever read the output has gone (`adamml analyze clip | head -1`), as a signal would have it; quietly.
    """
    if sys.stdout is not None and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files may hold any bytes
    try:
        try:
            return _run(argv)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where something can be made of what goes wrong
    except BrokenPipeError:
        _let_go()
        return READER_GONE
    except OSError as error:  # what no command expects: a full disk behind what is printed
        _let_go()
        return bad_input(error)


def _run(argv: list[str] | None) -> int:
    args = build_parser().parse_args(argv)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        print("adamml: stopped", file=sys.stderr)
        return 130


def _let_go() -> None:
    """What cannot be written any more goes nowhere, so that Python does not try again when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):
            try:
                stream.flush()
            except OSError:
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
