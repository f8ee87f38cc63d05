"""`adamml analyze`: what a clip shows and what was picked, as a table, JSON and CSV."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from adamml.cli.common import FUSION_HELP, MODEL_HELP, bad_input, budget, check_results, policy_name, report_stream

GUESSES = 5

if TYPE_CHECKING:
    from adamml.results.analysis import Analysis


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("analyze", help="say what a clip shows and what was picked")
    parser.add_argument("clip", type=Path, help="a video or sound file")
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--policy",
        type=policy_name,
        default="adamml",
        metavar="NAME",
        help="how to decide: adamml, anytime, rgb, audio, all, cascade, confident, liteeval, adamml-nocost, even-3 or "
        "random; adamml@0.30 spends more, adamml@0.70 less (default: %(default)s)",
    )
    way.add_argument(
        "--budget",
        type=budget,
        dest="policy",
        metavar="SHARE",
        help="look for at most this share of running everything, in whole looks and at least one; 0.2 is a fifth: "
        "anytime-20%%",
    )
    parser.add_argument("--segments", type=int, default=10, metavar="N", help="segments, spread evenly (default: 10)")
    parser.add_argument("--model", metavar="NAME", help=MODEL_HELP)
    parser.add_argument("--fusion", choices=("renormalised", "published", "per_modality"), help=FUSION_HELP)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole result as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write one row per segment as CSV")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from adamml.files import write_all
    from adamml.inference.feature_view import PolicyMissingError
    from adamml.media import ClipError
    from adamml.recognizer import Recognizer
    from adamml.weights.checkpoint import CheckpointError

    try:
        targets = check_results([args.json, args.csv], clips=[args.clip], model=args.model)
        recognizer = Recognizer.load(args.model, fusion=args.fusion)
        analysis = recognizer.analyze(args.clip, args.policy, args.segments)
        written = ((args.json, analysis.to_json()), (args.csv, analysis.to_csv()))
        write_all({target: text for target, text in written if target is not None}, inputs=[args.clip])
    except (ClipError, CheckpointError, PolicyMissingError, OSError) as error:
        return bad_input(error)
    print(as_table(analysis), file=report_stream(targets))
    return 0


def as_table(analysis: "Analysis") -> str:
    """The result for a terminal."""
    from adamml.results import wording

    kind = wording.noun(analysis.classes)
    answer, sure = wording.headline(analysis.label, analysis.scores[analysis.label], analysis.known, kind)
    then = ", ".join(f"{wording.label(name)} {wording.percent(score)}" for name, score in analysis.ranked(GUESSES)[1:])
    lines = [
        f"{answer}  {sure}   (model {analysis.model} {analysis.version}, policy {analysis.policy})",
        f"then     {then}",
        *([f"heard    {wording.heard(analysis.heard)} (scores from 0 to 1, each by itself)"] if analysis.heard else []),
        "",
        "  #   seconds        picture     sound       answer",
    ]
    for s in analysis.segments:
        cells = [_cell(s.available[m], s.decisions[m], s.probabilities[m]) for m in ("rgb", "audio")]
        answer = wording.answer(s, known=analysis.known)
        answer += f"; heard {wording.heard(s.heard, 2)}" if s.heard else ""
        lines.append(f" {s.index + 1:>2}   {s.start:5.1f} - {s.end:5.1f}  {cells[0]:<11} {cells[1]:<11} {answer}")
    lines += ["", f"examined {wording.percent(analysis.examined)} of {analysis.clip.duration:.1f} s"]
    parts = analysis.macs
    lines.append(
        f"compute  {wording.billions(parts.total)} billion MACs (deciding {wording.billions(parts.decide)}, "
        f"looking {wording.billions(parts.rgb)}, listening {wording.billions(parts.audio)}); 1 MAC = 2 FLOPs"
    )
    for name, what in (("all", "running everything"), ("rgb", "RGB alone")):
        if name in analysis.alternatives and name != analysis.policy:
            amount = wording.compared(analysis.saving(name))
            lines.append(f"         {amount} {wording.than(amount)} {what}")
    lines.append(f"measured {analysis.seconds.total:.1f} s (decoding {analysis.seconds.decode:.1f} s of it)")
    told = "\n".join([*lines, *(f"note     {note}" for note in analysis.notes)])
    return told.replace("\u00a0", " ")  # a terminal wraps where it likes


def _cell(available: bool, used: bool, probability: float | None) -> str:
    word = "used" if used else "-" if available else "none"
    return word if probability is None else f"{word} ({100 * probability:.0f} %)"
