"""`adamml archive`: a page over the clips of a data set that `adamml batch` wrote, on this machine alone."""

import argparse
import os
from pathlib import Path

from adamml.cli.common import MODEL_HELP, bad_input, lacking


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "archive",
        help="look through the results of batch: the doubtful and the dear clips first, each opens in the page",
        description="Serves the page at 127.0.0.1, for this machine alone, with the clips of a data set at /archive.",
    )
    parser.add_argument("results", type=Path, metavar="DIR_OR_PARQUET", help="what `adamml batch --out` wrote")
    parser.add_argument(
        "--clips", type=Path, metavar="FOLDER", help="where the clips are (default: where they were analyzed)"
    )
    parser.add_argument("--port", help="(default: $GRADIO_SERVER_PORT, or 7860)", type=int)
    parser.add_argument("--model", metavar="NAME", help=MODEL_HELP)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if "SPACE_ID" in os.environ:
        return bad_input("a data set is looked through on one's own machine, and not on a public Space")
    if missing := lacking("app", "gradio", "plotly") or lacking("batch", "pyarrow"):
        return bad_input(missing)
    from adamml.batch.archive import BatchError
    from adamml.batch.results import find_clip, read_results
    from adamml.weights.checkpoint import CheckpointError
    from adamml.weights.model_lookup import card_of

    try:
        results = read_results(args.results)
        card_of(args.model)
    except (BatchError, CheckpointError) as error:
        return bad_input(error)
    root = args.clips or results.source
    if args.clips is not None and not args.clips.is_dir():
        return bad_input(f"there is no folder {str(args.clips)!r}")
    found = {answer.clip: root and find_clip(root, answer.path) for answer in results.answers}
    files = {clip: file for clip, file in found.items() if file is not None}
    print(f"adamml: {len(files)} of {len(results.answers)} clips can be opened" + (f", below {root}" if root else ""))

    if args.model is not None:
        os.environ["ADAMML_MODEL"] = args.model  # read when the page is imported
    from app.archived import Archived
    from app.run import serve_archive

    serve_archive(
        Archived(
            name=args.results.absolute().name,
            model=results.model,
            policy=results.policy,
            segments=results.segments,
            answers=results.answers,
            failures=results.failures,
            files=files,
        ),
        args.port,
    )
    return 0
