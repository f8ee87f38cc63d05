"""`adamml manifest`: lists of clips, made from folders, and checked. `adamml prepare` makes one from Kinetics."""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from adamml.cli.common import bad_input, report_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adamml.datasets.manifest import ClipEntry


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("manifest", help="list clips for training and evaluation, or check such a list")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")

    folder = kinds.add_parser(
        "folder", help="from a folder of class folders, or of train, val and test folders of those"
    )
    folder.add_argument("folder", type=Path)
    folder.add_argument("--out", type=Path, required=True, metavar="M", help="the manifest to write (CSV)")
    folder.add_argument("--test-share", type=float, default=0.2, metavar="X", help="of each class (default: 0.2)")
    folder.add_argument("--seed", type=int, default=0, help="of the split (default: 0)")
    folder.add_argument("--separator", metavar="TEXT", help="of a class, names that agree before it are of one source")
    folder.add_argument(
        "--shared-sources", action="store_true", help="clips of different classes whose names agree are of one source"
    )
    folder.set_defaults(run=run_folder)

    check = kinds.add_parser(
        "check", help="name missing, unreadable, duplicate and overlapping clips; exit status 1 if there are any"
    )
    check.add_argument("manifest", type=Path)
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    check.set_defaults(run=run_check)


def run_folder(args: argparse.Namespace) -> int:
    from adamml.datasets.class_folders import list_folder
    from adamml.datasets.find_clips import why_not
    from adamml.datasets.manifest import ManifestError, write_manifest
    from adamml.files import check_targets

    try:
        check_targets([args.out])
        if not why_not(args.out.name):
            raise ManifestError(
                f"{str(args.out)!r} is called like a clip; give the list another name, such as clips.csv"
            )
        listed = list_folder(
            args.folder,
            test_share=args.test_share,
            seed=args.seed,
            separator=args.separator,
            shared_sources=args.shared_sources,
            leave_out=[args.folder / args.out.name] if args.out.absolute().parent == args.folder.absolute() else [],
        )
        write_manifest(args.out, listed.entries)
    except (ManifestError, OSError) as error:
        return bad_input(error)
    print("\n".join([f"{args.out}: {_counts(listed.entries)}", *listed.lines()]), file=report_stream([args.out]))
    return 0


def run_check(args: argparse.Namespace) -> int:
    from adamml.datasets.check_manifest import check
    from adamml.datasets.manifest import ManifestError, read_manifest

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
