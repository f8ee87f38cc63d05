"""Models of ours on the Hugging Face Hub: `hf://OWNER/REPO`, `hf://OWNER/REPO@REVISION`, and pushing one there.

A branch or tag can be moved to other weights, a commit cannot. So a revision is resolved to its commit once, that is
said, and this process keeps to it; without a network the commit that it had the last time serves. Only `model.json`,
the card and the files that the description names are fetched; their sha256 are checked when they are loaded.
"""

import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adamml.files import cache_folder, write_whole
from adamml.weights.checkpoint import CARD_FILE, MODEL_FILE, CheckpointError, copy_model, read_card
from adamml.weights.download import FetchError, UnreachableError
from adamml.weights.hub import asking, endpoint

SCHEME = "hf://"
MAX_BYTES = 2 << 30  # of all files together
MAX_DESCRIPTION = 1 << 20
REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}")
_REVISION = re.compile(r"[A-Za-z0-9][\w./-]*", re.ASCII)
_FOLDER = re.compile(r"hf--([\w.-]+?)--([\w.-]+?)--([0-9a-f]{40})", re.ASCII)
_pinned: dict[str, "Pinned"] = {}  # address without a commit -> the commit that this process keeps to
Say = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """A repository at one commit."""

    repo: str  # owner/name
    commit: str

    @property
    def address(self) -> str:
        """As it is given to `Recognizer.load`."""
        return f"{SCHEME}{self.repo}@{self.commit}"

    @property
    def folder(self) -> str:
        """Its folder's name in the cache; the hub allows no `--` in names, so it can be read back."""
        return f"hf--{self.repo.replace('/', '--')}--{self.commit}"


def parse(address: str) -> tuple[str, str | None]:
    """`hf://OWNER/REPO@REVISION`, taken apart; the revision may be left out.

    Raises:
        CheckpointError: when it is not such an address.
    """
    repo, at, revision = address.removeprefix(SCHEME).partition("@")
    if not REPO.fullmatch(repo) or "--" in repo or (at and not _REVISION.fullmatch(revision)):
        raise CheckpointError(f"{address!r} is not hf://OWNER/REPO or hf://OWNER/REPO@REVISION")
    return repo, revision or None


def address_of(folder: str) -> str:
    """The address behind a folder of the cache; other names are returned as they are."""
    match = _FOLDER.fullmatch(folder)
    return f"{SCHEME}{match[1]}/{match[2]}@{match[3]}" if match else folder


def pin(address: str, say: Say) -> Pinned:
    """The commit behind an address. The hub is asked only where the address names none, and once in a process.

    Raises:
        CheckpointError: when it is no address.
        FetchError: when the hub refuses.
        UnreachableError: when it cannot be reached, and this address was never resolved before.
    """
    repo, revision = parse(address)
    if revision is not None and COMMIT.fullmatch(revision):
        return Pinned(repo=repo, commit=revision)
    if address not in _pinned:
        kept = cache_folder() / "revisions" / f"{repo}@{revision or 'HEAD'}".replace("/", "--")
        _pinned[address] = Pinned(repo=repo, commit=_commit(repo, revision, kept, say))
    return _pinned[address]


def _commit(repo: str, revision: str | None, kept: Path, say: Say) -> str:
    try:
        with asking(repo) as api:
            commit = str(api.model_info(repo, revision=revision).sha)
    except UnreachableError as error:
        commit = kept.read_text() if kept.is_file() else ""
        if not COMMIT.fullmatch(commit):
            raise
        say(f"{repo}: the commit of the last time, {commit}, serves, because {error}")
        return commit
    if not COMMIT.fullmatch(commit):
        raise FetchError(f"{endpoint()} names no commit of {repo}, but {commit[:50]!r}")
    with suppress(OSError):  # a cache that cannot be written is told of when the model is put there
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, commit)
    say(f"{repo} is taken at its commit of now; to keep to it, name {Pinned(repo=repo, commit=commit).address}")
    return commit


def fetch(pinned: Pinned, folder: Path, say: Say) -> None:
    """Put a repository's `model.json`, its card, and the files that it names into a folder; nothing else is fetched.

    What arrived of a transfer that breaks off stays in the cache, and the next call goes on there.

    Raises:
        FetchError: when the hub refuses, or there is no model of ours at that commit.
        UnreachableError: when the hub cannot be reached.
    """
    from huggingface_hub import snapshot_download

    staging = cache_folder() / "downloads" / pinned.folder

    def get(*names: str) -> None:
        snapshot_download(
            pinned.repo, revision=pinned.commit, local_dir=staging, allow_patterns=list(names), endpoint=endpoint()
        )

    try:
        with asking(pinned.repo) as api:
            info = api.model_info(pinned.repo, revision=pinned.commit, files_metadata=True)
            if info.sha != pinned.commit:
                raise FetchError(f"{endpoint()} gives {info.sha} when asked for {pinned.commit} of {pinned.repo}")
            sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
            _check(sizes, [MODEL_FILE], pinned, MAX_DESCRIPTION)
            get(MODEL_FILE)
            files = sorted(read_card(staging).files)
            total = _check(sizes, files, pinned, MAX_BYTES)
            say(f"fetching {len(files)} files, {total / 1e6:.0f} MB, from {endpoint()}/{pinned.repo}")
            get(*files, CARD_FILE)
    except UnreachableError:
        raise  # what arrived stays
    except CheckpointError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    for name in (MODEL_FILE, *files, CARD_FILE):
        if (staging / name).is_file():
            (staging / name).replace(folder / name)
    shutil.rmtree(staging, ignore_errors=True)


def _check(sizes: dict[str, int], names: list[str], pinned: Pinned, at_most: int) -> int:
    """Bytes of the files together, once it is certain that they are there and not absurdly large."""
    lacking = [name for name in names if name not in sizes]
    if lacking:
        raise FetchError(f"{pinned.repo} has no {lacking[0]} at {pinned.commit[:12]}")
    total = sum(sizes[name] for name in names)
    if total > at_most:
        raise FetchError(f"{names[0]} and the like of {pinned.repo} take {total} bytes; no model of ours does")
    return total


def push(
    folder: Path, repo: str, *, token: str | None, private: bool | None, revision: str | None, message: str
) -> Pinned:
    """Upload a model's folder, in one commit; the repository is created where it does not exist.

    A model without a card (README.md) gets one that says what `model.json` does.

    Raises:
        CheckpointError: when the model is damaged.
        FetchError: when the hub refuses the name or the token.
        UnreachableError: when it cannot be reached.
    """
    from adamml.weights.hub_card import hub_card

    if not REPO.fullmatch(repo):
        raise FetchError(f"give the repository as owner/name, not {repo!r}")
    with tempfile.TemporaryDirectory() as name, asking(repo, token=token) as api:
        made = Path(name)
        copy_model(folder, made)
        if not (made / CARD_FILE).is_file():
            (made / CARD_FILE).write_text(hub_card(read_card(made), repo), encoding="utf-8")
        api.create_repo(repo, private=private, exist_ok=True)
        if revision is not None:
            api.create_branch(repo, branch=revision, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo,
            folder_path=made,
            revision=revision,
            commit_message=message,
            delete_patterns="*.safetensors",  # of a policy that the model no longer has; what is uploaded stays
        )
    return Pinned(repo=repo, commit=commit.oid)
