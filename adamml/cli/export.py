"""`adamml export`: analyse a clip once and write the result in as many forms as asked for."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from adamml.cli.common import FUSION_HELP, MODEL_HELP, bad_input, check_results, policy_name, report_stream
from adamml.render.export_formats import FORMS
from adamml.results import wording

if TYPE_CHECKING:
    from adamml.recognizer import Recognizer
    from adamml.results.analysis import Analysis


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("export", help="take a result away: annotated video, report, JSON, CSV, captions")
    parser.add_argument("clip", type=Path, help="a video or sound file")
    for form, what in FORMS.items():
        parser.add_argument(f"--{form}", type=Path, metavar="FILE", help=f"write {what}")
    parser.add_argument(
        "--policy",
        type=policy_name,
        default="adamml",
        metavar="NAME",
        help="how to decide, as for analyze (default: %(default)s)",
    )
    parser.add_argument("--segments", type=int, default=10, metavar="N", help="segments, spread evenly (default: 10)")
    parser.add_argument("--model", metavar="NAME", help=MODEL_HELP)
    parser.add_argument("--fusion", choices=("renormalised", "published", "per_modality"), help=FUSION_HELP)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit status: 0 done, 2 bad input (one line on stderr)."""
    from adamml.inference.feature_view import PolicyMissingError
    from adamml.media import ClipError
    from adamml.recognizer import Recognizer
    from adamml.render import ExportError
    from adamml.weights.checkpoint import CheckpointError

    targets = {form: getattr(args, form) for form in FORMS if getattr(args, form) is not None}
    try:
        _check(args.clip, targets, args.model)
        _export(args, targets, Recognizer.load(args.model, fusion=args.fusion))
    except (ClipError, CheckpointError, PolicyMissingError, ExportError, OSError) as error:
        return bad_input(error)
    return 0


def _check(clip: Path, targets: dict[str, Path], model: str | None) -> None:
    """Whatever can be refused is refused before the long work begins."""
    from adamml.recognizer import check_clip
    from adamml.render import ExportError

    if not targets:
        raise ExportError(f"say what to write: {', '.join(f'--{form} FILE' for form in FORMS)}")
    check_results(targets.values(), clips=[clip], model=model)
    check_clip(clip, profile="local")


def _export(args: argparse.Namespace, targets: dict[str, Path], recognizer: "Recognizer") -> None:
    from adamml.render import export_steps

    with recognizer.open(args.clip, args.segments) as session:
        analysis = session.analyze(args.policy)
        thumbnails = session.storyboard().thumbnails if "png" in targets else None
    for form, target in targets.items():
        try:
            for step in export_steps(form, args.clip, analysis, target, thumbnails=thumbnails):
                _say(step.share, step.message)
        finally:
            _say(1.0, "", last=True)
    print(_summary(analysis, targets), file=report_stream(targets.values()))


def _say(share: float, message: str, *, last: bool = False) -> None:
    """One line on a terminal that is overwritten as things go on; nothing in a log file."""
    if sys.stderr.isatty():
        print("\r\x1b[K" if last else f"\r\x1b[K{share:4.0%} {message}", end="", file=sys.stderr, flush=True)


def _summary(analysis: "Analysis", targets: dict[str, Path]) -> str:
    said = "  ".join(wording.headline(analysis.label, analysis.scores[analysis.label], analysis.known))
    return "\n".join([said, *(f"wrote {target}" for target in targets.values())])
