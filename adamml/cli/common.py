"""What commands share: bad input, targets that overwrite nothing, progress on stderr.

A run function takes the parsed arguments and returns the exit status. It alone imports what is heavy, so that
`adamml --help` is quick.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

BAD_INPUT = 2
MODEL_HELP = "name, folder or hf://OWNER/REPO[@COMMIT] (default: what ADAMML_MODEL names, or else kinetics-400)"
FUSION_HELP = "how segments become the clip's answer (default: as the model was made)"


def bad_input(error: Exception | str) -> int:
    """One line on stderr, and the exit status that says that the input was at fault.

    A reader that has gone is nobody's fault: that goes on to `adamml.cli.main`.
    """
    if isinstance(error, BrokenPipeError):
        raise error
    if isinstance(error, OSError) and error.filename is not None:
        error = f"cannot use {str(error.filename)!r}: {error.strerror}"
    print(f"adamml: {' '.join(str(error).split())}", file=sys.stderr)
    return BAD_INPUT


def how_to_install(extra: str) -> str:
    """The command for one of the package's extras (pyproject.toml)."""
    return f"pip install 'adamml-studio[{extra}]', or in a checkout pip install -e '.[{extra}]'"


def lacking(extra: str, *packages: str) -> str:
    """What to say when one of an extra's packages is not here; empty when all are."""
    from importlib.util import find_spec

    gone = [package for package in packages if find_spec(package) is None]
    return f"{' and '.join(gone)} missing; install with: {how_to_install(extra)}" if gone else ""


def check_results(
    targets: Iterable[Path | None], *, clips: Iterable[Path] = (), model: str | Path | None = None
) -> list[Path]:
    """The results that were asked for, once it is certain that they overwrite neither each other nor what is read.

    Args:
        targets: None for those that were not asked for.
        clips: files that are read.
        model: name or folder of the model that is used, whose files are read too.

    Raises:
        OutputError: when one cannot be written.
        CheckpointError: when there is no such model.
    """
    from adamml.files import check_targets
    from adamml.weights.model_lookup import resolve

    asked = [target for target in targets if target is not None]
    if asked:
        check_targets(asked, inputs=[*clips, *resolve(model).iterdir()])
    return asked


def report_stream(targets: Iterable[Path]) -> TextIO:
    """Where to print for people: stderr when a result goes to stdout, which is then for whoever reads that."""
    from adamml.files import goes_to_stdout

    return sys.stderr if any(goes_to_stdout(target) for target in targets) else sys.stdout


def policy_name(name: str) -> str:
    """An argument that names a policy, with or without a number; whether the model has its network, loading tells."""
    from adamml.policies import get_policy

    try:
        get_policy(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name


def budget(text: str) -> str:
    """An argument that is a share of all compute, as the policy that keeps to it."""
    from adamml.policies.anytime import budget_policy

    try:
        return budget_policy(float(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def progress_line(every: float = 5.0) -> Callable[[str], None]:
    """Shows progress on stderr: on a terminal one line that changes, otherwise a line every few seconds."""
    last = -every

    def show(line: str) -> None:
        nonlocal last
        if sys.stderr.isatty():
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - last >= every:
            last = time.monotonic()
            print(line, file=sys.stderr, flush=True)

    return show


def end_progress() -> None:
    """On a terminal, leave the line that changed."""
    if sys.stderr.isatty():
        print(file=sys.stderr)
