"""Models by name, wherever they are: in the repository, in this user's cache, or to be fetched.

`resolve` is the one place where a name becomes a folder. The network is used only for what was asked for: by
`adamml weights pull`, by an `hf://` address, or by `ADAMML_MODEL`. A fetched model is built in a folder of its own, is
loaded once, and only then gets its name, under a lock: other processes see it whole or not at all.
"""

import hashlib
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adamml.files import exclusive_lock
from adamml.weights.checkpoint import (
    MODEL_FILE,
    NAME,
    CheckpointError,
    ModelCard,
    find_model,
    load_model,
    model_roots,
    read_card,
)
from adamml.weights.huggingface import REPO, SCHEME, address_of, fetch, pin

DEFAULT_MODEL = "kinetics-400"  # comes with the repository
Say = Callable[[str], object]
_log = logging.getLogger(__name__)
_resolving = threading.Lock()
_in_place_of: dict[str, str] = {}  # what ADAMML_MODEL named and could not be fetched -> what serves instead


@dataclass(frozen=True, kw_only=True)
class InstalledModel:
    """A model that is here: `name` is what `Recognizer.load` takes, `where` its folder."""

    name: str
    card: ModelCard
    where: Path


def installed_models() -> tuple[InstalledModel, ...]:
    """The models that are here, without reading their weights: the bundled one first, then the repository's, then the
    user's cache. One whose description cannot be read is left out, and the log says why."""
    found: dict[str, InstalledModel] = {}
    for root in model_roots():
        for file in sorted(root.glob(f"[!.]*/{MODEL_FILE}")):
            name = address_of(file.parent.name)
            try:
                found.setdefault(name, InstalledModel(name=name, card=read_card(file.parent), where=file.parent))
            except CheckpointError as error:
                _log.warning("left out of the models: %s", error)
    return tuple(sorted(found.values(), key=lambda model: model.name != DEFAULT_MODEL))


def to_stderr(line: str) -> None:
    """Where `resolve` says what it does, unless told otherwise."""
    print(f"adamml: {line}", file=sys.stderr, flush=True)


def resolve(name_or_path: str | Path | None = None, *, say: Say = to_stderr) -> Path:
    """The folder of a model.

    Args:
        name_or_path: a folder, a name (repository first, then cache), or `hf://OWNER/REPO@COMMIT`, which is fetched
            unless it is here; without a commit, the hub is asked for the current one, and that is said. None: what
            `ADAMML_MODEL` names, or else the bundled model. A published name is fetched when `ADAMML_MODEL` names it;
            where nobody can be reached, the bundled model serves instead, and that is said.
        say: takes those lines.

    Raises:
        CheckpointError: when there is no such model, or it was refused. What is damaged is never replaced silently.
    """
    from adamml.weights.download import UnreachableError
    from adamml.weights.ibm_checkpoint import PUBLISHED

    chosen = os.environ.get("ADAMML_MODEL", "").strip()
    name = str(name_or_path or chosen or DEFAULT_MODEL)
    with _resolving:
        name = _in_place_of.get(name, name)
        on_hub = name.startswith(SCHEME)
        try:
            folder = pin(name, say).folder if on_hub else name
            try:
                return find_model(folder)
            except CheckpointError as error:
                if not on_hub and name not in PUBLISHED:
                    raise
                if not on_hub and name != chosen:
                    by_hand = f"adamml weights pull {name}"
                    raise CheckpointError(f"{name} is not on this machine yet; fetch it with: {by_hand}") from error
            return pull(name, say=say)
        except UnreachableError as error:
            if name != chosen:
                raise
            say(f"{name} cannot be fetched, so the bundled model {DEFAULT_MODEL} serves instead: {error}")
            _in_place_of[name] = DEFAULT_MODEL
            return find_model(DEFAULT_MODEL)


def hub_address(name_or_repo: str | Path, revision: str | None = None) -> str | Path:
    """What `resolve` takes, for a folder, a name, an address, or OWNER/REPO of the hub as its libraries spell it.

    Raises:
        CheckpointError: for a revision of what is not on the hub.
    """
    name = str(name_or_repo)
    if REPO.fullmatch(name) and not Path(name).exists():
        name = SCHEME + name
    if revision is None:
        return name if name.startswith(SCHEME) else name_or_repo
    if not name.startswith(SCHEME) or "@" in name:
        raise CheckpointError(f"only a repository of the hub (owner/name) has revisions, not {name!r}")
    return f"{name}@{revision}"


def card_of(name_or_path: str | Path | None = None) -> ModelCard:
    """What a model says of itself, without reading its weights. Takes and raises what `resolve` does."""
    return read_card(resolve(name_or_path))


def pull(name: str, *, asset: str | None = None, force: bool = False, say: Say = to_stderr) -> Path:
    """Fetch a model into the cache, unless it is there; returns its folder.

    Args:
        name: of a published model, or `hf://OWNER/REPO`, with or without `@COMMIT`.
        asset: the release's file to take, where its name does not tell.
        force: fetch it even if it is there.

    Raises:
        FetchError: when it cannot be had; `UnreachableError` when trying again later may help.
        CheckpointError: when what arrived is not what it should be.
    """
    from adamml.weights.github_release import fetch_release
    from adamml.weights.ibm_checkpoint import PUBLISHED

    if name.startswith(SCHEME):
        pinned = pin(name, say)
        return install(pinned.folder, lambda folder: fetch(pinned, folder, say), force=force, say=say)
    if name not in PUBLISHED:
        raise CheckpointError(f"{name!r} is no published model; known are {', '.join(PUBLISHED)} and {SCHEME}...")
    return install(name, lambda folder: fetch_release(PUBLISHED[name], folder, asset, say), force=force, say=say)


def import_file(
    path: Path, *, name: str | None = None, classes: tuple[str, ...] | None = None, force: bool = False
) -> Path:
    """Convert a published file that is here already; returns the folder in the cache.

    Args:
        name: of the model; without one, the published model whose classes are taken.
        classes: in the order of the labels; without them, those of Kinetics-Sounds.

    Raises:
        CheckpointError: when the file is not a whole, safe checkpoint of the RGB + sound model with these classes.
    """
    from adamml.weights.ibm_checkpoint import PUBLISHED, convert

    known = PUBLISHED["kinetics-sounds"]
    if classes is not None and name is None:
        raise CheckpointError("classes of your own need a name of their own")
    if not path.is_file():
        raise CheckpointError(f"there is no file {str(path)!r}")
    if path.resolve().is_relative_to((model_roots()[1] / (name or known.name)).resolve()):
        raise CheckpointError(f"{str(path)!r} lies in the folder that it would replace; move it elsewhere first")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()

    def build(folder: Path) -> None:
        convert(
            path,
            folder,
            name=name or known.name,
            classes=classes or known.classes,
            licence=known.licence if classes is None else "not stated",
            trained=known.about if classes is None else f"imported from {path.name}",
            source={"file": path.name, "sha256": digest},
        )

    return install(name or known.name, build, force=force)


def install(name: str, build: Callable[[Path], object], *, force: bool = False, say: Say = to_stderr) -> Path:
    """Build a model in a new folder of the cache, load it once, and give it its name; returns the folder.

    Raises:
        CheckpointError: what `build` and loading raise, and when the cache cannot be written; nothing is changed then.
    """
    repository, root = model_roots()
    if not NAME.fullmatch(name):
        raise CheckpointError(f"{name!r} cannot be a model's name: letters, digits, '.', '-' and '_'")
    if (repository / name).exists():
        raise CheckpointError(f"{name!r} is the name of a model of the repository; choose another")
    target = root / name
    try:
        root.mkdir(parents=True, exist_ok=True)
        with exclusive_lock(root / f".{name}.lock", name, say):
            if (target / MODEL_FILE).is_file() and not force:
                return target
            for left in root.glob(f".{name}.*.new"):  # of a process that was killed: the lock says that none is at it
                shutil.rmtree(left, ignore_errors=True)
            fresh = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=".new", dir=root))
            try:
                fresh.chmod(0o755)
                build(fresh)
                load_model(fresh)
                _replace(target, fresh)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise CheckpointError(
            f"{str(error.filename or root)!r} cannot be written: {error.strerror or error} (ADAMML_CACHE names another "
            "folder)"
        ) from error
    return target


def _replace(target: Path, fresh: Path) -> None:
    """Give a folder its name, in place of an older one; that comes back when it cannot be done."""
    old = fresh.with_suffix(".old.new")
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
