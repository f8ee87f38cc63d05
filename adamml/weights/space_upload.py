"""Puts this repository on a Hugging Face Space: `HF_TOKEN=... python -m adamml.weights.space_upload owner/name`.

What git tracks is what is uploaded, in one commit; what the Space holds besides is removed, so that the two are equal
afterwards. README.md's front matter tells the Space how to run; two of its lines depend on where it goes: the thumbnail
becomes an address in that Space, and `--model OWNER/REPO` links models of the hub. Files above 10 MB (the weights) are
stored apart from the others, which huggingface_hub does by itself. HF_ENDPOINT names another hub.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from adamml.weights.download import FetchError
from adamml.weights.hub import HUB, asking, endpoint
from adamml.weights.huggingface import REPO

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("README.md", "requirements.txt", "app/__main__.py")


class HostingError(ValueError):
    """The tree cannot be hosted. `str(error)` says what to do."""


def tracked_files(root: Path) -> list[str]:
    """Paths below `root` that git tracks and that are there, with forward slashes.

    Raises:
        HostingError: when `root` is no git checkout, or lacks what a Space needs.
    """
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise HostingError(f"{str(root)!r} is no git checkout; upload from a clone of the repository") from error
    files = [name for name in listed.decode().split("\0") if name and (root / name).is_file()]
    lacking = [name for name in NEEDED if name not in files]
    if lacking:
        raise HostingError(f"git tracks no {', '.join(lacking)} in {str(root)!r}, and a Space cannot run without")
    return files


def readme_for(space: str, text: str, address: str = HUB, models: Sequence[str] = ()) -> str:
    """README.md as a Space needs it: its thumbnail is an address there, and linked models are named.

    Raises:
        HostingError: when it begins with no front matter.
    """
    parts = re.fullmatch(r"(---\n.*?\n)(---\n.*)", text, re.DOTALL)
    if parts is None:
        raise HostingError("README.md does not begin with a front matter (between two lines of ---)")
    front = re.sub(r"(?m)^thumbnail: (?!https?://)", f"thumbnail: {address}/spaces/{space}/resolve/main/", parts[1])
    return front + (f"models: [{', '.join(models)}]\n" if models else "") + parts[2]


def upload(space: str, *, models: Sequence[str] = (), root: Path = ROOT, say: Callable[[str], object] = print) -> str:
    """Make the Space `owner/name` equal to the tracked tree; create it where it does not exist.

    Args:
        space: owner/name.
        models: models of the hub that the Space links to, as owner/repo.
        root: a checkout of the repository.
        say: takes what is done, line by line.

    Returns:
        The Space's address.

    Raises:
        HostingError: for a missing or refused token, a refused name, no network, or a tree that cannot be hosted.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    for name in (space, *models):
        if not REPO.fullmatch(name):
            raise HostingError(f"give {'the Space' if name == space else 'a model'} as owner/name, not {name!r}")
    token = os.environ.get("HF_TOKEN", "").strip()
    if not token:
        raise HostingError("set HF_TOKEN to an access token with the right to write (from your account's settings)")
    files = tracked_files(root)
    try:
        with asking(space, token=token) as api:
            user = api.whoami()["name"]
            say(f"{endpoint()}: signed in as {user}")
            place = api.create_repo(space, repo_type="space", space_sdk="gradio", exist_ok=True)
            stale = set(api.list_repo_files(space, repo_type="space")) - {*files, ".gitattributes"}
            size = sum((root / name).stat().st_size for name in files)
            say(f"uploading {len(files)} files, {size / 1e6:.0f} MB; removing {len(stale)}")
            readme = readme_for(space, (root / "README.md").read_text(encoding="utf-8"), endpoint(), models).encode()
            contents = {name: readme if name == "README.md" else root / name for name in files}
            api.create_commit(
                space,
                repo_type="space",
                operations=[
                    *(CommitOperationAdd(path_in_repo=name, path_or_fileobj=data) for name, data in contents.items()),
                    *(CommitOperationDelete(path_in_repo=name, is_folder=False) for name in sorted(stale)),
                ],
                commit_message="The tracked tree",
            )
    except HostingError:
        raise
    except FetchError as error:
        raise HostingError(str(error)) from error
    except (ValueError, RuntimeError, OSError) as error:  # an answer that makes no sense, or one file that failed
        raise HostingError(f"the upload to {endpoint()} failed: {error}") from error
    return str(place)


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 2 when it cannot be done (one line on stderr)."""
    parser = argparse.ArgumentParser(
        prog="python -m adamml.weights.space_upload", description="Upload to a Hugging Face Space."
    )
    parser.add_argument("space", metavar="OWNER/NAME")
    parser.add_argument("--model", action="append", default=[], metavar="OWNER/REPO", help="a model to link to")
    args = parser.parse_args(arguments)
    try:
        print(f"the Space is at {upload(args.space, models=args.model)}")
    except HostingError as error:
        print(f"adamml: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
