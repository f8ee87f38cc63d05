"""Puts this repository on a Hugging Face Space: `HF_TOKEN=... python -m adamml.weights.space_upload owner/name`.

What git tracks is what is uploaded, in one commit; what the Space holds besides is removed, so that the two are equal
afterwards. README.md's front matter tells the Space how to run. Files above 10 MB (the weights) are stored apart from
the others, which huggingface_hub does by itself. HF_ENDPOINT names another hub.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HUB = "https://huggingface.co"
NEEDED = ("README.md", "requirements.txt", "app/__main__.py")
_HINTS = {
    401: "HF_TOKEN is not valid there: make a new one in the settings of your account, with the right to write",
    403: "HF_TOKEN may not write there: it needs the right to write, and you need to belong to that account",
    404: "there is no such place; look at the spelling of owner and name",
}


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


def upload(space: str, *, root: Path = ROOT, say: Callable[[str], object] = print) -> str:
    """Make the Space `owner/name` equal to the tracked tree; create it where it does not exist.

    Returns:
        The Space's address.

    Raises:
        HostingError: for a missing or refused token, a refused name, no network, or a tree that cannot be hosted.
    """
    import httpx
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if space.count("/") != 1 or not all(space.split("/")):
        raise HostingError(f"give the Space as owner/name, not {space!r}")
    token = os.environ.get("HF_TOKEN", "").strip()
    if not token:
        raise HostingError("set HF_TOKEN to an access token with the right to write (from your account's settings)")
    files = tracked_files(root)
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB
    api = HfApi(endpoint=endpoint, token=token)
    try:
        user = api.whoami()["name"]
        say(f"{endpoint}: signed in as {user}")
        place = api.create_repo(space, repo_type="space", space_sdk="gradio", exist_ok=True)
        stale = set(api.list_repo_files(space, repo_type="space")) - {*files, ".gitattributes"}
        size = sum((root / name).stat().st_size for name in files)
        say(f"uploading {len(files)} files, {size / 1e6:.0f} MB; removing {len(stale)}")
        api.create_commit(
            space,
            repo_type="space",
            operations=[
                *(CommitOperationAdd(path_in_repo=name, path_or_fileobj=root / name) for name in files),
                *(CommitOperationDelete(path_in_repo=name, is_folder=False) for name in sorted(stale)),
            ],
            commit_message="The tracked tree",
        )
    except HFValidationError as error:
        raise HostingError(f"{space!r} cannot be a Space's name: {error}") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        said = error.server_message or str(error).splitlines()[0]
        hint = f". {_HINTS[status]}" if status in _HINTS else ""
        raise HostingError(f"{endpoint} refused ({status}): {said}{hint}") from error
    except (httpx.TransportError, ConnectionError, TimeoutError) as error:
        raise HostingError(f"{endpoint} cannot be reached: {error}. Is there a network?") from error
    except (ValueError, RuntimeError, OSError) as error:  # an answer that makes no sense, or one file that failed
        raise HostingError(f"the upload to {endpoint} failed: {error}") from error
    return str(place)


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 2 when it cannot be done (one line on stderr)."""
    parser = argparse.ArgumentParser(
        prog="python -m adamml.weights.space_upload", description="Upload to a Hugging Face Space."
    )
    parser.add_argument("space", metavar="OWNER/NAME")
    try:
        print(f"the Space is at {upload(parser.parse_args(arguments).space)}")
    except HostingError as error:
        print(f"adamml: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
