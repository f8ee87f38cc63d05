"""`adamml train`: every stage of a preset, or some of them."""

import argparse
from pathlib import Path

from adamml.cli.common import bad_input

STAGES = ("bank", "audio", "rgb", "rows", "measure")


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("train", help="train a model, stage by stage; goes on where it was stopped")
    parser.add_argument("--preset", default="everyday-av-cpu", help="see adamml/training/config.py")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run: logs, states, results")
    parser.add_argument(
        "--data", type=Path, help="presets that begin with sounds: folder of everyday/ and other/ (and video/)"
    )
    parser.add_argument("--pretrained", type=Path, help="presets that begin with public weights: their folder")
    parser.add_argument(
        "--manifest", type=Path, help="video presets and kinetics-400-cpu: list of clips, see `adamml manifest`"
    )
    parser.add_argument("--start", default="everyday-av", help="video presets: model to start from")
    parser.add_argument("--stages", default=",".join(STAGES), help="everyday presets: which, separated by commas")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds for every learned row")
    parser.add_argument("--save", type=Path, help="write the finished model into this folder")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another setting of the preset: stage1.epochs=5",
    )
    parser.add_argument("--version", default="1.0", help="of the model that is written")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        from adamml.datasets.manifest import ManifestError
        from adamml.training.loop import TrainingError
        from adamml.training.run import train
    except ModuleNotFoundError as error:
        return bad_input(f"{error.name} is missing; training needs: pip install -e '.[train]'")
    from adamml.weights.checkpoint import CheckpointError

    try:
        return train(args)
    except (TrainingError, ManifestError, CheckpointError, OSError) as error:
        return bad_input(error)
