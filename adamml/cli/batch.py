"""`adamml batch`: every clip of a folder or a manifest, into one Parquet data set."""

import argparse
import signal
import sys
from functools import partial
from pathlib import Path

from adamml.cli.common import FUSION_HELP, MODEL_HELP, bad_input, how_to_install


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "batch",
        help="analyze a whole archive into one Parquet data set",
        description="Every clip of a folder or a manifest, in parallel. A run that was stopped goes on where it was. "
        "Clips that cannot be analyzed become rows that say why; the exit status is 0 all the same.",
    )
    parser.add_argument("source", type=Path, metavar="FOLDER_OR_MANIFEST", help="clips, in folders or listed in a CSV")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the data set")
    parser.add_argument("--policy", default="adamml", metavar="NAME", help="as for analyze (default: %(default)s)")
    parser.add_argument("--segments", type=int, default=10, metavar="N", help="segments per clip (default: 10)")
    parser.add_argument("--model", metavar="NAME", help=MODEL_HELP)
    parser.add_argument("--fusion", choices=("renormalised", "published", "per_modality"), help=FUSION_HELP)
    parser.add_argument("--profile", default="local", help="limits on a clip, local or public (default: %(default)s)")
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="processes here, or a Ray cluster")
    parser.add_argument("--workers", type=int, metavar="N", help="in parallel (default: the cores, by --threads)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of each worker (default: 1, the fastest)")
    parser.add_argument("--retry-failed", action="store_true", help="analyze clips again that failed before")
    parser.add_argument("--quiet", action="store_true", help="no progress, only the summary")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        from adamml.batch import BatchError, BatchSettings, WorkerConfig, run_batch
    except ModuleNotFoundError as error:
        return bad_input(f"{error.name} is missing; install with: {how_to_install('batch')}")
    from adamml.datasets.manifest import ManifestError
    from adamml.recognizer import Recognizer
    from adamml.weights.checkpoint import CheckpointError
    from adamml.weights.model_lookup import card_of, resolve

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to end is an interruption, too
    try:
        settings = BatchSettings.of(
            card_of(args.model),
            policy=args.policy,
            segments=args.segments,
            fusion=args.fusion,
            profile=args.profile,
            threads=args.threads,
        )
        summary = run_batch(
            args.source,
            args.out,
            # Workers of a cluster have folders of their own to be in.
            WorkerConfig(
                load=partial(Recognizer.load, resolve(args.model).absolute(), fusion=args.fusion), settings=settings
            ),
            engine=args.engine,
            workers=args.workers,
            retry_failed=args.retry_failed,
            stream=None if args.quiet else sys.stderr,
        )
    except (BatchError, CheckpointError, ManifestError, OSError) as error:
        return bad_input(error)
    finally:
        signal.signal(signal.SIGTERM, before)
    print(summary)
    return 0
