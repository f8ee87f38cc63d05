"""`adamml app`: the web page."""

import argparse


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("app", help="open the web page")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--profile", choices=("public", "local"), default="public", help="limits on clips")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from app.run import main as serve

    serve(["--host", args.host, "--port", str(args.port), "--profile", args.profile])
    return 0
