"""`adamml weights`: which models are here, fetching published ones, and whether their class names fit."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from adamml.cli import models
from adamml.cli.common import bad_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adamml.datasets.manifest import ClipEntry

HELP_PULL = "a published model (kinetics-sounds), or hf://OWNER/REPO, with or without @COMMIT"


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("weights", help="list models, fetch published ones, check their class names")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")

    kinds.add_parser("list", help="the same as `adamml models`").set_defaults(run=models.run)

    pull = kinds.add_parser("pull", help="fetch a model into the cache (ADAMML_CACHE, or ~/.cache/adamml)")
    pull.add_argument("name", help=HELP_PULL)
    pull.add_argument("--asset", metavar="FILE", help="the release's file to take, if its name does not tell")
    pull.add_argument("--force", "--anew", action="store_true", help="replace the one that is here")
    pull.set_defaults(run=run_pull)

    push = kinds.add_parser(
        "push",
        help="put a model on the Hugging Face Hub (with HF_TOKEN)",
        description="One commit with the model's files and card; prints the address that fetches exactly that.",
    )
    push.add_argument("name", help="model name or folder")
    push.add_argument("repo", metavar="OWNER/REPO", help="created where it does not exist")
    push.add_argument("--revision", metavar="BRANCH", help="branch to commit to (default: the main one)")
    push.add_argument("--private", action="store_true", help="if it is created, only you can see it")
    push.set_defaults(run=run_push)

    verify = kinds.add_parser(
        "verify",
        help="score labeled clips to confirm the order of the class names",
        description="Exit status 0 when the names fit, 1 when they do not or the clips cannot tell.",
    )
    verify.add_argument("name", help="model name or folder")
    verify.add_argument("clips", type=Path, help="a folder of class folders, or a manifest (CSV)")
    verify.add_argument("--segments", type=int, default=10, metavar="N", help="segments per clip (default: 10)")
    verify.set_defaults(run=run_verify)

    bring = kinds.add_parser("import", help="convert a published .pth.tar that is here already")
    bring.add_argument("file", type=Path)
    bring.add_argument("--name", help="of the model (default: kinetics-sounds)")
    bring.add_argument("--classes", type=Path, metavar="FILE", help="class names, one per line, in the labels' order")
    bring.add_argument("--force", "--anew", action="store_true", help="replace the one that is here")
    bring.set_defaults(run=run_import)


def run_pull(args: argparse.Namespace) -> int:
    from adamml.weights.checkpoint import CheckpointError
    from adamml.weights.model_lookup import pull

    try:
        where = pull(args.name, asset=args.asset, force=args.force)
    except CheckpointError as error:
        return bad_input(error)
    return _here(args.name, where)


def run_push(args: argparse.Namespace) -> int:
    from adamml.weights.checkpoint import CheckpointError
    from adamml.weights.huggingface import push
    from adamml.weights.model_lookup import resolve

    try:
        at = push(
            resolve(args.name),
            args.repo,
            token=None,
            private=args.private or None,
            revision=args.revision,
            message=f"Push {args.name} with adamml",
        )
    except (CheckpointError, OSError) as error:
        return bad_input(error)
    print(f"{args.name} is there: {at.address}")
    return 0


def run_import(args: argparse.Namespace) -> int:
    from adamml.weights.checkpoint import CheckpointError
    from adamml.weights.model_lookup import import_file

    try:
        classes = None if args.classes is None else _lines(args.classes)
        where = import_file(args.file, name=args.name, classes=classes, force=args.force)
    except (CheckpointError, OSError, UnicodeDecodeError) as error:
        return bad_input(error)
    return _here(where.name, where)


def _lines(path: Path) -> tuple[str, ...]:
    return tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def _here(name: str, where: Path) -> int:
    from adamml.weights.checkpoint import read_card

    card = read_card(where)
    print(f"{name} is here: {where}")
    print(f"{len(card.classes)} classes; {card.trained}; {card.licence}")
    if order := card.facts.get("class_order"):
        print(f"order of the class names: {order}")
    print(f"use it with --model {name} or ADAMML_MODEL={name}")
    return 0


def run_verify(args: argparse.Namespace) -> int:
    from adamml.datasets.manifest import ManifestError
    from adamml.evaluation.class_order import check_class_order
    from adamml.media import ClipError
    from adamml.recognizer import Recognizer
    from adamml.weights.checkpoint import CheckpointError

    try:
        entries = _labeled(args.clips)
        found = check_class_order(
            Recognizer.load(args.name),
            entries,
            segments=args.segments,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
    except (ManifestError, CheckpointError, ClipError, OSError) as error:
        return bad_input(error)
    print(found)
    return 0 if found.fits else 1


def _labeled(clips: Path) -> "Sequence[ClipEntry]":
    from adamml.datasets.class_folders import list_folder
    from adamml.datasets.manifest import read_manifest

    if not clips.is_dir():
        return read_manifest(clips).entries
    listed = list_folder(clips)
    for line in listed.left_out.lines():
        print(line, file=sys.stderr)
    return listed.entries
