"""The commands of `adamml`, one file each: `add(subparsers)` describes it, a run function does it.

A run function takes the parsed arguments and returns the exit status. It alone imports what is heavy, so that
`adamml --help` is quick.
"""

import argparse
import sys

BAD_INPUT = 2
MODEL_HELP = "name, folder or hf://OWNER/REPO@COMMIT (default: what ADAMML_MODEL names, or else everyday-av)"


def bad_input(error: Exception | str) -> int:
    """One line on stderr, and the exit status that says that the input was at fault."""
    if isinstance(error, OSError) and error.filename is not None:
        error = f"cannot use {str(error.filename)!r}: {error.strerror}"
    print(f"adamml: {' '.join(str(error).split())}", file=sys.stderr)
    return BAD_INPUT


def policy_name(name: str) -> str:
    """An argument that names a policy, with or without a budget; whether the model has its network, loading tells."""
    from adamml.policies import get_policy

    try:
        get_policy(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name
