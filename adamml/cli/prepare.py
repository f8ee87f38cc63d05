"""`adamml prepare`: a public data set, from its official lists and a folder of clips, made ready for training."""

import argparse
import os
from pathlib import Path

from adamml.cli.common import bad_input, end_progress, progress_line


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("prepare", help="make a data set ready for training: find, cut, check, list")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="SET")
    kinetics = kinds.add_parser(
        "kinetics",
        help="Kinetics-400 or Kinetics-Sounds",
        description="Whole videos are cut to the seconds listed, every clip is looked over; what is missing, broken "
        "or there twice is reported. A run that was stopped goes on where it was.",
    )
    kinetics.add_argument(
        "lists", type=Path, nargs="+", metavar="CSV", help="official lists, as for train and validate"
    )
    kinetics.add_argument("--clips", type=Path, required=True, metavar="FOLDER", help="ID_000010_000020.mp4 or ID.mp4")
    kinetics.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="gets manifest.csv, report.json, clips"
    )
    kinetics.add_argument("--classes", metavar="C", help="kinetics-sounds (31 classes), or a file with a name per line")
    kinetics.add_argument("--subset", choices=("original",), help="2,521 clips to train on and 1,462 to test on")
    kinetics.add_argument("--train", type=int, metavar="N", help="this many, balanced over the classes (default: all)")
    kinetics.add_argument("--test", type=int, metavar="N", help="this many, balanced over the classes (default: all)")
    kinetics.add_argument("--seed", type=int, default=0, help="of the subset (default: 0)")
    kinetics.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="(default: all cores)")
    kinetics.set_defaults(run=run_kinetics)


def run_kinetics(args: argparse.Namespace) -> int:
    from adamml.datasets.manifest import ManifestError
    from adamml.datasets.prepare import ORIGINAL_SUBSET, prepare_kinetics

    asked = {"train": args.train, "test": args.test}
    if args.subset:
        asked = {side: ORIGINAL_SUBSET[side] if number is None else number for side, number in asked.items()}
    try:
        if args.workers < 1 or args.seed < 0:
            raise ManifestError("there must be at least one worker, and the seed must be 0 or more")
        report = prepare_kinetics(
            args.lists,
            args.clips,
            args.out,
            classes=_classes(args.classes),
            train=asked["train"],
            test=asked["test"],
            seed=args.seed,
            workers=args.workers,
            say=progress_line(),
        )
    except (ManifestError, OSError) as error:
        return bad_input(error)
    end_progress()
    print(report)
    print(f"written     {args.out / 'manifest.csv'}; by class: report.md, with all names: report.json")
    return 0


def _classes(asked: str | None) -> tuple[str, ...] | None:
    if asked is None:
        return None
    if asked == "kinetics-sounds":
        from adamml.weights.kinetics_sounds import KINETICS_SOUNDS

        return KINETICS_SOUNDS
    lines = Path(asked).read_text(encoding="utf-8").splitlines()
    return tuple(name for line in lines if (name := line.strip()))
