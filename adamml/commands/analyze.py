"""`adamml analyze`: what a clip shows and what was picked, as a table, JSON and CSV."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from adamml.commands import FUSION_HELP, MODEL_HELP, bad_input, policy_name

GUESSES = 5

if TYPE_CHECKING:
    from adamml.analysis import Analysis


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("analyze", help="say what a clip shows and what was picked")
    parser.add_argument("clip", type=Path, help="a video or sound file")
    parser.add_argument(
        "--policy",
        type=policy_name,
        default="adamml",
        metavar="NAME",
        help="how to decide: adamml, rgb, audio, all, cascade, liteeval, adamml-nocost or random; adamml@0.30 spends "
        "more, adamml@0.70 less (default: %(default)s)",
    )
    parser.add_argument("--segments", type=int, default=10, metavar="N", help="segments, spread evenly (default: 10)")
    parser.add_argument("--model", metavar="NAME", help=MODEL_HELP)
    parser.add_argument("--fusion", choices=("renormalised", "published", "per_modality"), help=FUSION_HELP)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole result as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write one row per segment as CSV")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from adamml.checkpoint import CheckpointError
    from adamml.evidence import PolicyMissingError
    from adamml.files import write_whole
    from adamml.media import ClipError
    from adamml.recognizer import Recognizer

    try:
        for target in (args.json, args.csv):
            if target is not None and not target.parent.is_dir():
                raise ClipError(f"there is no folder {str(target.parent)!r} to write {target.name!r} into")
        recognizer = Recognizer.load(args.model, fusion=args.fusion)
        analysis = recognizer.analyze(args.clip, args.policy, args.segments)
        for target, text in ((args.json, analysis.to_json), (args.csv, analysis.to_csv)):
            if target is not None:
                write_whole(target, text())
    except (ClipError, CheckpointError, PolicyMissingError) as error:
        return bad_input(error)
    except OSError as error:
        return bad_input(f"cannot write {error.filename!r}: {error.strerror}")
    print(as_table(analysis))
    return 0


def as_table(analysis: "Analysis") -> str:
    """The result for a terminal."""
    from adamml import words

    kind = words.noun(analysis.classes)
    answer, sure = words.headline(analysis.label, analysis.scores[analysis.label], analysis.known, kind)
    then = ", ".join(f"{words.label(name)} {words.percent(score)}" for name, score in analysis.ranked(GUESSES)[1:])
    lines = [
        f"{answer}  {sure}   (model {analysis.model} {analysis.version}, policy {analysis.policy})",
        f"then     {then}",
        *([f"heard    {words.heard(analysis.heard)} (scores from 0 to 1, each by itself)"] if analysis.heard else []),
        "",
        "  #   seconds        picture     sound       answer",
    ]
    for s in analysis.segments:
        cells = [_cell(s.available[m], s.decisions[m], s.probabilities[m]) for m in ("rgb", "audio")]
        answer = words.answer(s, known=analysis.known)
        answer += f"; heard {words.heard(s.heard, 2)}" if s.heard else ""
        lines.append(f" {s.index + 1:>2}   {s.start:5.1f} - {s.end:5.1f}  {cells[0]:<11} {cells[1]:<11} {answer}")
    lines += ["", f"examined {100 * analysis.examined:.0f} % of {analysis.clip.duration:.1f} s"]
    parts = analysis.macs
    lines.append(
        f"compute  {words.billions(parts.total)} billion MACs (deciding {words.billions(parts.decide)}, "
        f"looking {words.billions(parts.rgb)}, listening {words.billions(parts.audio)}); 1 MAC = 2 FLOPs"
    )
    for name, what in (("all", "running everything"), ("rgb", "RGB alone")):
        if name in analysis.alternatives and name != analysis.policy:
            saving = analysis.saving(name)
            lines.append(f"         {abs(100 * saving):.0f} % {'less' if saving >= 0 else 'MORE'} than {what}")
    lines.append(f"measured {analysis.seconds.total:.1f} s (decoding {analysis.seconds.decode:.1f} s of it)")
    told = "\n".join([*lines, *(f"note     {note}" for note in analysis.notes)])
    return told.replace("\u00a0", " ")  # a terminal wraps where it likes


def _cell(available: bool, used: bool, probability: float | None) -> str:
    word = "used" if used else "-" if available else "none"
    return word if probability is None else f"{word} ({100 * probability:.0f} %)"
