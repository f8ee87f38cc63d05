"""`adamml app`: the web page."""

import argparse
import os

from adamml.commands import bad_input


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("app", help="open the web page")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--profile", choices=("public", "local"), default="public", help="limits on clips")
    parser.add_argument("--model", help="model name or folder (default: $ADAMML_MODEL, or the model that comes along)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.model is not None:
        from adamml.checkpoint import CheckpointError
        from adamml.hub import card_of

        try:
            card_of(args.model)
        except CheckpointError as error:
            return bad_input(error)
        os.environ["ADAMML_MODEL"] = args.model  # read when the page is imported
    from app.run import main as serve

    serve(["--host", args.host, "--port", str(args.port), "--profile", args.profile])
    return 0
