"""`adamml evaluate`: policies over a list of clips, as records, tables and figures."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from adamml.cli.common import FUSION_HELP, MODEL_HELP, bad_input

T = TypeVar("T")


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help="measure policies on a list of clips",
        description="Every policy on every clip of a manifest. A run that was stopped goes on where it was.",
    )
    parser.add_argument("--manifest", type=Path, required=True, metavar="M", help="list of clips (CSV)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="records, tables and figures")
    parser.add_argument("--model", metavar="NAME", help=MODEL_HELP)
    parser.add_argument(
        "--policies", type=_names, default="adamml,rgb,audio,all,random", metavar="A,B", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--threshold", type=_thresholds, default=(), metavar="X,Y", help="adamml at these probability thresholds too"
    )
    parser.add_argument(
        "--budget", type=_budgets, default=(), metavar="X,Y", help="and anytime within these shares of all compute"
    )
    parser.add_argument("--split", default="test", help="side of the manifest (default: %(default)s)")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N clips, spread evenly over the list")
    parser.add_argument("--segments", type=int, default=10, metavar="N", help="segments per clip (default: 10)")
    parser.add_argument("--fusion", choices=("renormalised", "published", "per_modality"), help=FUSION_HELP)
    parser.add_argument("--seed", type=int, default=0, help="of the intervals (default: 0)")
    parser.add_argument("--anew", action="store_true", help="do not go on from the records in DIR, replace them")
    parser.add_argument("--published", action="store_true", help="put figures published elsewhere beside these")
    parser.add_argument("--inline-plotly", action="store_true", help="keep plotly.js (5 MB) inside the HTML figure")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        from adamml.datasets.manifest import ManifestError, read_manifest
        from adamml.evaluation.evaluate import RECORDS_FILE, SETTINGS_FILE, EvaluationError, evaluate_manifest
        from adamml.evaluation.records import RecordError
        from adamml.evaluation.report import report_files, to_markdown, write_report
    except ModuleNotFoundError as error:
        return bad_input(f"{error.name} is missing; evaluating needs: pip install -e '.[train]'")
    from adamml.files import check_folder
    from adamml.inference.feature_view import PolicyMissingError
    from adamml.media import ClipError
    from adamml.recognizer import Recognizer
    from adamml.weights.checkpoint import CheckpointError

    try:
        manifest = read_manifest(args.manifest)
        entries = spread([entry for entry in manifest.entries if entry.split == args.split], args.limit)
        if not entries:
            raise EvaluationError(f"{str(args.manifest)!r} lists no clips of the split {args.split!r}")
        read = [args.manifest, *(entry.path for entry in entries)]
        policies = list(dict.fromkeys((*args.policies, *args.threshold, *args.budget)))
        check_folder(args.out, (RECORDS_FILE, SETTINGS_FILE, *report_files(policies)), inputs=read)
        table = evaluate_manifest(
            Recognizer.load(args.model, fusion=args.fusion, backend="auto-float32"),
            entries,
            policies,
            args.out,
            args.segments,
            resume=not args.anew,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
            root=manifest.root,
            seed=args.seed,
        )
        files = write_report(table, args.out, published=args.published, inline_plotly=args.inline_plotly, inputs=read)
    except (
        ManifestError,
        EvaluationError,
        RecordError,
        CheckpointError,
        ClipError,
        PolicyMissingError,
        OSError,
    ) as error:
        return bad_input(error)
    print(to_markdown(table, published=args.published))
    print(f"Written to {args.out}: {', '.join(file.name for file in files)}")
    return 0


def spread(items: Sequence[T], limit: int | None) -> Sequence[T]:
    """At most `limit` of the items, evenly over the whole list; lists are often sorted by class."""
    if limit is None or limit >= len(items):
        return items
    return [items[place * len(items) // limit] for place in range(max(0, limit))]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _thresholds(text: str) -> tuple[str, ...]:
    """Turn "0.1,0.3" into the policies "adamml@0.10" and "adamml@0.30"."""
    from adamml.policies.base import threshold_name

    values = _numbers(text)
    if not all(0 <= value <= 1 for value in values):
        raise argparse.ArgumentTypeError("thresholds lie between 0 and 1")
    return tuple(dict.fromkeys(threshold_name("adamml", value) for value in values))


def _budgets(text: str) -> tuple[str, ...]:
    """Turn "0.1,0.2" into the policies "anytime-10%" and "anytime-20%"."""
    from adamml.policies.anytime import budget_policy

    try:
        return tuple(dict.fromkeys(budget_policy(value) for value in _numbers(text)))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in _names(text)]
    except ValueError:
        raise argparse.ArgumentTypeError(f"numbers with commas between are wanted, not {text!r}") from None
