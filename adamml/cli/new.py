"""`adamml new`: one's own classes, from class folders of clips to a model and the page with it."""

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from adamml.cli.common import bad_input

if TYPE_CHECKING:
    from adamml.training.project import Project


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "new",
        help="train a model on your own classes of clips",
        description="FOLDER/<class>/*.mp4 in, a model out, on two CPU cores. Called again, it goes on where it was.",
    )
    parser.add_argument("project", type=Path, help="folder of the project; made if it is not there")
    parser.add_argument("--clips", type=Path, metavar="FOLDER", help="one folder of clips per class (at first only)")
    parser.add_argument("--start", default="kinetics-400", help="model to build on (default: %(default)s)")
    parser.add_argument("--test-share", type=float, default=0.2, metavar="X", help="kept apart (default: 0.2)")
    parser.add_argument(
        "--separator", default="", metavar="TEXT", help="of a class, names that agree before it: one source"
    )
    parser.add_argument(
        "--shared-sources", action="store_true", help="clips of different classes whose names agree are of one source"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the split (default: 0)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="(default: all cores)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        from adamml.datasets.manifest import ManifestError
        from adamml.training.custom_dataset import results, run_project
        from adamml.training.loop import TrainingError
        from adamml.training.project import FILE
    except ModuleNotFoundError as error:
        return bad_input(f"{error.name} is missing; training needs: pip install -e '.[train]'")
    from adamml.weights.checkpoint import CheckpointError

    folder: Path = args.project
    try:
        project = _project(args)
        card = run_project(folder, project, workers=max(1, args.workers), say=_say)
    except (ManifestError, TrainingError, CheckpointError, OSError) as error:
        return bad_input(error)
    except KeyboardInterrupt:
        if (folder / FILE).exists():
            print(f"adamml: stopped; `{_command('new', folder)}` goes on from here", file=sys.stderr)
            return 130
        raise
    print(results(card))
    print(f"\nThe model is in {folder / 'model'}, its description in {folder / 'README.md'}. To open the page with it:")
    print(f"\n    {_command('app', '--model', folder / 'model')}")
    return 0


def _command(*arguments: object) -> str:
    """A command that a shell can run, whatever the project is called; a leading dash would be taken for an option."""
    words = [f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word) for word in arguments]
    return shlex.join(["adamml", *words])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _project(args: argparse.Namespace) -> "Project":
    """The project that is there, or a new one; its folder is made once everything asked for makes sense."""
    from adamml.training.loop import TrainingError
    from adamml.training.project import FILE, Project, read_project, write_project
    from adamml.weights.model_lookup import card_of

    folder: Path = args.project
    if (folder / FILE).exists():
        project = read_project(folder)
        if args.clips is not None and str(args.clips.absolute()) != project.clips:
            raise TrainingError(
                f"{str(folder)!r} is a project on {project.clips!r}; choose another folder for other clips"
            )
        return project
    if args.clips is None:
        raise TrainingError(f"{str(folder)!r} is no project yet; say where its clips are: --clips FOLDER")
    if not args.clips.is_dir():
        raise TrainingError(f"there is no folder {str(args.clips)!r}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TrainingError(f"{str(folder)!r} is there already and is no project; choose another name")
    card_of(args.start)
    project = Project(
        name=folder.absolute().name,
        clips=str(args.clips.absolute()),
        start=args.start,
        test_share=args.test_share,
        seed=args.seed,
        separator=args.separator,
        shared_sources=args.shared_sources,
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_project(folder, project)
    return project
