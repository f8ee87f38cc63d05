"""The `adamml` command: thin, and quick to start because torch is imported only where it is needed."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from adamml import __version__

if TYPE_CHECKING:
    from adamml.analysis import Analysis

BAD_INPUT = 2
POLICY_NAMES = ("adamml", "rgb", "audio", "all", "random")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="adamml",
        description="Video recognition that picks, second by second, whether to look, to listen, or neither.",
    )
    parser.add_argument("--version", action="version", version=f"adamml {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    analyze = commands.add_parser("analyze", help="say what a clip shows and what was picked")
    analyze.add_argument("clip", type=Path, help="a video or sound file")
    analyze.add_argument(
        "--policy", choices=POLICY_NAMES, default="adamml", help="how to decide (default: %(default)s)"
    )
    analyze.add_argument("--segments", type=int, default=10, metavar="N", help="segments, spread evenly (default: 10)")
    analyze.add_argument("--model", default="everyday-av", help="model name or folder (default: %(default)s)")
    analyze.add_argument("--fusion", choices=("renormalised", "published"), default="renormalised")
    analyze.add_argument("--json", type=Path, metavar="FILE", help="write the whole result as JSON")
    analyze.add_argument("--csv", type=Path, metavar="FILE", help="write one row per segment as CSV")
    analyze.set_defaults(run=run_analyze)

    app = commands.add_parser("app", help="open the web page")
    app.add_argument("--host", default="127.0.0.1")
    app.add_argument("--port", type=int, default=7860)
    app.add_argument("--profile", choices=("public", "local"), default="public", help="limits on clips")
    app.set_defaults(run=run_app)

    doctor = commands.add_parser("doctor", help="show versions, device and model, and what is missing")
    doctor.set_defaults(run=run_doctor)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 done, 2 bad input (one line on stderr), 130 interrupted."""
    args = build_parser().parse_args(argv)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        print("adamml: stopped", file=sys.stderr)
        return 130


def run_analyze(args: argparse.Namespace) -> int:
    from adamml.checkpoint import CheckpointError
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
                _write(target, text())
    except (ClipError, CheckpointError) as error:
        print(f"adamml: {error}", file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        print(f"adamml: cannot write {error.filename!r}: {error.strerror}", file=sys.stderr)
        return BAD_INPUT
    print(as_table(analysis))
    return 0


def _write(target: Path, text: str) -> None:
    """Whole or not at all."""
    temporary = target.with_name(target.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(target)


def as_table(analysis: "Analysis") -> str:
    """The result for a terminal."""
    lines = [
        f"{analysis.label}  {100 * analysis.scores[analysis.label]:.0f} % sure   "
        f"(model {analysis.model} {analysis.version}, policy {analysis.policy})",
        "",
        "  #   seconds        picture     sound       answer",
    ]
    for s in analysis.segments:
        cells = [_cell(s.available[m], s.decisions[m], s.probabilities[m]) for m in ("rgb", "audio")]
        answer = f"{s.label} {100 * s.scores[s.label]:.0f} %" if s.scores is not None and s.label else "not run"
        lines.append(f" {s.index + 1:>2}   {s.start:5.1f} - {s.end:5.1f}  {cells[0]:<11} {cells[1]:<11} {answer}")
    lines += ["", f"examined {100 * analysis.examined:.0f} % of {analysis.clip.duration:.1f} s"]
    parts = analysis.macs
    lines.append(
        f"compute  {parts.total / 1e9:.1f} billion MACs (deciding {parts.decide / 1e9:.1f}, "
        f"looking {parts.rgb / 1e9:.1f}, listening {parts.audio / 1e9:.1f}); 1 MAC = 2 FLOPs"
    )
    for name, what in (("all", "running everything"), ("rgb", "RGB alone")):
        if name in analysis.alternatives and name != analysis.policy:
            saving = analysis.saving(name)
            lines.append(f"         {abs(100 * saving):.0f} % {'less' if saving >= 0 else 'MORE'} than {what}")
    lines.append(f"measured {analysis.seconds.total:.1f} s (decoding {analysis.seconds.decode:.1f} s of it)")
    return "\n".join([*lines, *(f"note     {note}" for note in analysis.notes)])


def _cell(available: bool, used: bool, probability: float | None) -> str:
    word = "used" if used else "-" if available else "none"
    return word if probability is None else f"{word} ({100 * probability:.0f} %)"


def run_app(args: argparse.Namespace) -> int:
    from app.run import main as serve

    serve(["--host", args.host, "--port", str(args.port), "--profile", args.profile])
    return 0


def run_doctor(args: argparse.Namespace) -> int:
    from importlib.metadata import PackageNotFoundError, version

    missing = 0
    print(f"adamml       {__version__}")
    print(f"python       {sys.version.split()[0]}")
    for package in (
        "torch",
        "torchvision",
        "torchaudio",
        "av",
        "gradio",
        "plotly",
        "moviepy",
        "matplotlib",
        "safetensors",
    ):
        try:
            print(f"{package:<12} {version(package)}")
        except PackageNotFoundError:
            missing += 1
            print(f"{package:<12} MISSING: pip install -r requirements.txt")
    if missing:
        return 1
    return _doctor_model()


def _doctor_model() -> int:
    import torch

    from adamml.checkpoint import CheckpointError, load_model
    from adamml.media import PROFILES

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none (the CPU is used in any case)"
    print(f"{'threads':<12} {torch.get_num_threads()}\n{'gpu':<12} {gpu}")
    for name, limits in PROFILES.items():
        print(
            f"{'limits':<12} {name}: {limits.max_bytes / 1e6:.0f} MB, {limits.max_seconds:.0f} s, "
            f"{limits.max_width} x {limits.max_height}, {limits.max_frames} frames, {limits.max_streams} streams, "
            f"{limits.max_segments} segments"
        )
    try:
        card = load_model("everyday-av").card
    except CheckpointError as error:
        print(f"{'model':<12} MISSING: {error}")
        return 1
    print(f"{'model':<12} {card.name} {card.version}, {len(card.classes)} classes, {card.licence}")
    print("nothing is missing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
