"""`adamml manifest`: lists of clips, made from folders or from Kinetics, and checked."""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from adamml.commands import bad_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adamml.training.data.manifest import ClipEntry

NAMED = 10  # missing clips named on the terminal; --missing writes all


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("manifest", help="list clips for training and evaluation, or check such a list")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")

    folder = kinds.add_parser("folder", help="from a folder of class folders, or of train and test folders of those")
    folder.add_argument("folder", type=Path)
    folder.add_argument("--out", type=Path, required=True, metavar="M", help="the manifest to write (CSV)")
    folder.add_argument("--test-share", type=float, default=0.2, metavar="X", help="of each class (default: 0.2)")
    folder.add_argument("--seed", type=int, default=0, help="of the split (default: 0)")
    folder.add_argument("--separator", metavar="TEXT", help="names that agree before it are of one source")
    folder.set_defaults(run=run_folder)

    kinetics = kinds.add_parser("kinetics", help="from the official CSV of Kinetics-400 and a folder of trimmed clips")
    kinetics.add_argument("csv", type=Path, help="columns label, youtube_id, time_start, time_end, split")
    kinetics.add_argument("clips", type=Path, help="clips named ID_000010_000020.mp4, in class folders or not")
    kinetics.add_argument("--out", type=Path, required=True, metavar="M", help="the manifest to write (CSV)")
    kinetics.add_argument("--train", type=int, metavar="N", help="this many, balanced over the classes (default: all)")
    kinetics.add_argument("--test", type=int, metavar="N", help="this many, balanced over the classes (default: all)")
    kinetics.add_argument("--seed", type=int, default=0, help="of the subset (default: 0)")
    kinetics.add_argument("--missing", type=Path, metavar="FILE", help="write the names of all missing clips")
    kinetics.set_defaults(run=run_kinetics)

    check = kinds.add_parser(
        "check", help="name missing, unreadable and duplicate clips; exit status 1 if there are any"
    )
    check.add_argument("manifest", type=Path)
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    check.set_defaults(run=run_check)


def run_folder(args: argparse.Namespace) -> int:
    from adamml.training.data.folders import list_folder
    from adamml.training.data.manifest import ManifestError, write_manifest

    try:
        entries = list_folder(args.folder, test_share=args.test_share, seed=args.seed, separator=args.separator)
        write_manifest(args.out, entries)
    except (ManifestError, OSError) as error:
        return bad_input(error)
    print(f"{args.out}: {_counts(entries)}")
    return 0


def run_kinetics(args: argparse.Namespace) -> int:
    from adamml.training.data.kinetics import list_kinetics
    from adamml.training.data.manifest import ManifestError, write_manifest

    try:
        found = list_kinetics(args.csv, args.clips, train=args.train, test=args.test, seed=args.seed)
        write_manifest(args.out, found.entries)
        if args.missing is not None:
            args.missing.write_text("".join(f"{name}\n" for name in found.missing), encoding="utf-8")
    except (ManifestError, OSError) as error:
        return bad_input(error)
    print(f"{args.out}: {_counts(found.entries)}")
    there = Counter(entry.split for entry in found.entries)
    for split, number in found.asked.items():
        if there[split] < number:
            print(f"note     {number} {split} clips were asked for; only {there[split]} are there")
    if found.straddling:
        print(f"note     {len(found.straddling)} videos are listed on both sides; only their test clips are used")
    if found.missing:
        print(f"missing  {len(found.missing)} clips of the list")
        for name in found.missing[:NAMED]:
            print(f"missing  {name}")
        if len(found.missing) > NAMED and args.missing is None:
            print("missing  ... (--missing FILE writes all names)")
    return 0


def run_check(args: argparse.Namespace) -> int:
    from adamml.training.data.check import check
    from adamml.training.data.manifest import ManifestError, read_manifest

    def progress(done: int, of: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done} of {of} clips", end="\n" if done == of else "", file=sys.stderr, flush=True)

    try:
        report = check(read_manifest(args.manifest), progress=progress)
    except (ManifestError, OSError) as error:
        return bad_input(error)
    print(report.to_json() if args.json else report, end="" if args.json else "\n")
    return 0 if report.ok else 1


def _counts(entries: "Sequence[ClipEntry]") -> str:
    by_split = Counter(entry.split for entry in entries)
    sides = ", ".join(f"{by_split[split]} {split}" for split in ("train", "test"))
    return f"{len(entries)} clips ({sides}) of {len({entry.label for entry in entries})} classes"
