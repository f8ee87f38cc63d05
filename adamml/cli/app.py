"""`adamml app`: the web page."""

import argparse
import os

from adamml.cli.common import bad_input, lacking


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("app", help="open the web page")
    parser.add_argument("--host", help="(default: $GRADIO_SERVER_NAME, or 127.0.0.1)")
    parser.add_argument("--port", help="(default: $GRADIO_SERVER_PORT, or 7860)", type=int)
    parser.add_argument(
        "--profile", choices=("public", "local"), help="limits on clips (default: $ADAMML_PROFILE, or public)"
    )
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="serve agents, too: tools that fetch clips by public https address (default: $GRADIO_MCP_SERVER, or not)",
    )
    parser.add_argument("--model", help="model name or folder (default: $ADAMML_MODEL, or the model that comes along)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if missing := lacking("app", "gradio", "plotly"):
        return bad_input(missing)
    if args.model is not None:
        from adamml.weights.checkpoint import CheckpointError
        from adamml.weights.model_lookup import card_of

        try:
            card_of(args.model)
        except CheckpointError as error:
            return bad_input(error)
        os.environ["ADAMML_MODEL"] = args.model  # read when the page is imported
    from app.run import main as serve

    given = {"--host": args.host, "--port": args.port, "--profile": args.profile}
    options = [f"{option}={value}" for option, value in given.items() if value is not None]
    serve([*options, *(["--mcp"] if args.mcp else [])])
    return 0
