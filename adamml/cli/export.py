"""`adamml export`: analyze a clip once, or take an analysis that was saved, and write it in the forms asked for."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from adamml.cli.common import FUSION_HELP, MODEL_HELP, bad_input, check_results, lacking, policy_name, report_stream
from adamml.render.export_formats import FORMS
from adamml.results import wording

NEEDS = {"mp4": ("moviepy", "matplotlib"), "png": ("matplotlib",)}  # packages of the extra `export`

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adamml.recognizer import Recognizer
    from adamml.results.analysis import Analysis


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "export", help="take a result away: annotated video, report, tables, captions, labels"
    )
    parser.add_argument(
        "clip", type=Path, help="a video or sound file, or the JSON of an analysis (then without --mp4)"
    )
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
    given = {form: getattr(args, form.replace("-", "_")) for form in FORMS}
    targets = {form: target for form, target in given.items() if target is not None}
    return (_run_saved if args.clip.suffix.lower() == ".json" else _run_clip)(args, targets)


def _run_clip(args: argparse.Namespace, targets: dict[str, Path]) -> int:
    from adamml.inference.feature_view import PolicyMissingError
    from adamml.media import ClipError
    from adamml.recognizer import Recognizer, check_clip
    from adamml.render import ExportError
    from adamml.weights.checkpoint import CheckpointError

    try:
        _check(targets)
        check_results(targets.values(), clips=[args.clip], model=args.model)
        check_clip(args.clip, profile="local")
        _export(args, targets, Recognizer.load(args.model, fusion=args.fusion))
    except (ClipError, CheckpointError, PolicyMissingError, ExportError, OSError) as error:
        return bad_input(error)
    return 0


def _run_saved(args: argparse.Namespace, targets: dict[str, Path]) -> int:
    """From the JSON of an analysis: quick, because no model is loaded."""
    from adamml.files import check_targets
    from adamml.render import ExportError
    from adamml.results.analysis import Analysis, AnalysisError

    try:
        _check(targets)
        if "mp4" in targets:
            raise ExportError("an annotated video needs the clip itself, not the JSON of its analysis")
        check_targets(targets.values(), inputs=[args.clip])
        analysis = Analysis.from_json(args.clip.read_text(encoding="utf-8"))
        _write(args.clip, analysis, targets, None)
    except (AnalysisError, UnicodeDecodeError) as error:
        return bad_input(f"{str(args.clip)!r}: {error}")
    except (ExportError, OSError) as error:
        return bad_input(error)
    return 0


def _check(targets: dict[str, Path]) -> None:
    """Whatever can be refused is refused before the long work begins."""
    from adamml.render import ExportError

    if not targets:
        raise ExportError(f"say what to write: {', '.join(f'--{form} FILE' for form in FORMS)}")
    for form in targets:
        if missing := lacking("export", *NEEDS.get(form, ())):
            raise ExportError(f"--{form}: {missing}")


def _export(args: argparse.Namespace, targets: dict[str, Path], recognizer: "Recognizer") -> None:
    with recognizer.open(args.clip, args.segments) as session:
        analysis = session.analyze(args.policy)
        thumbnails = session.storyboard().thumbnails if "png" in targets else None
    _write(args.clip, analysis, targets, thumbnails)


def _write(
    source: Path, analysis: "Analysis", targets: dict[str, Path], thumbnails: "Sequence[bytes | None] | None"
) -> None:
    from adamml.render import export_steps

    for form, target in targets.items():
        try:
            for step in export_steps(form, source, analysis, target, thumbnails=thumbnails):
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
