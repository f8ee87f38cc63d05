"""A model in our format from the Hugging Face Hub: `hf://OWNER/REPO@COMMIT`.

Only a full commit is taken: a branch or tag can be moved to other weights, a commit cannot. HF_ENDPOINT names another
hub, and huggingface_hub's own variables (HF_TOKEN, HF_HUB_OFFLINE) mean what they mean there.
"""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adamml.weights.checkpoint import MODEL_FILE, CheckpointError, read_card
from adamml.weights.download import FetchError, UnreachableError, is_loopback

SCHEME = "hf://"
HUB = "https://huggingface.co"
MAX_BYTES = 2 << 30  # of all files together
_PINNED = re.compile(r"hf://([A-Za-z0-9][\w.-]*)/([A-Za-z0-9][\w.-]*)@([0-9a-f]{40})", re.ASCII)
_FOLDER = re.compile(r"hf--([\w.-]+?)--([\w.-]+?)--([0-9a-f]{40})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """A repository at one commit."""

    repo: str  # owner/name
    commit: str

    @property
    def folder(self) -> str:
        """Its folder's name in the cache; the hub allows no `--` in names, so it can be read back."""
        return f"hf--{self.repo.replace('/', '--')}--{self.commit}"


def parse(address: str) -> Pinned:
    """`hf://OWNER/REPO@COMMIT`, taken apart.

    Raises:
        CheckpointError: when it is not such an address, or names no full commit.
    """
    match = _PINNED.fullmatch(address)
    if match is None or "--" in address:
        raise CheckpointError(
            f"{address!r} is not hf://OWNER/REPO@COMMIT with all 40 digits of a commit: without one, others could "
            "change the weights behind the name"
        )
    return Pinned(repo=f"{match[1]}/{match[2]}", commit=match[3])


def address_of(folder: str) -> str:
    """The address behind a folder of the cache; other names are returned as they are."""
    match = _FOLDER.fullmatch(folder)
    return f"{SCHEME}{match[1]}/{match[2]}@{match[3]}" if match else folder


def fetch(pinned: Pinned, folder: Path, say: Callable[[str], object]) -> None:
    """Put a repository's `model.json`, and the files that it names, into a folder; nothing else is fetched.

    Raises:
        FetchError: when the hub refuses, or there is no model of ours at that commit.
        UnreachableError: when the hub cannot be reached.
    """
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB
    if not endpoint.startswith("https://") and not is_loopback(endpoint):
        raise FetchError(f"HF_ENDPOINT is {endpoint!r}: weights are only fetched over https")
    api = HfApi(endpoint=endpoint)

    def get(name: str) -> None:
        if name not in sizes:
            raise FetchError(f"{pinned.repo} has no {name} at {pinned.commit[:12]}")
        api.hf_hub_download(pinned.repo, name, revision=pinned.commit, local_dir=folder)

    try:
        info = api.model_info(pinned.repo, revision=pinned.commit, files_metadata=True)
        if info.sha != pinned.commit:
            raise FetchError(f"{endpoint} gives {info.sha} when asked for {pinned.commit} of {pinned.repo}")
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
        if sizes.get(MODEL_FILE, 0) > 1 << 20:
            raise FetchError(f"{MODEL_FILE} of {pinned.repo} has {sizes[MODEL_FILE]} bytes: that is no description")
        get(MODEL_FILE)
        files = sorted(read_card(folder).files)
        total = sum(sizes.get(name, 0) for name in files)
        if total > MAX_BYTES:
            raise FetchError(f"the files of {pinned.repo} take {total / 1e9:.1f} GB; no model of ours does")
        say(f"fetching {len(files)} files, {total / 1e6:.0f} MB, from {endpoint}/{pinned.repo}")
        for name in files:
            get(name)
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        kind = UnreachableError if status == 429 or status >= 500 else FetchError
        raise kind(
            f"{endpoint} refused {pinned.repo} ({status}): {error.server_message or 'no reason given'}"
        ) from error
    except (httpx.HTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, ConnectionError, TimeoutError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreachableError(f"{endpoint} cannot be reached ({why}); is there a network?") from error
    finally:
        shutil.rmtree(folder / ".cache", ignore_errors=True)  # what the library keeps for itself
