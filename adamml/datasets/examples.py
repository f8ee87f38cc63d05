"""Real clips to try, fetched from their public address when somebody asks for one.

`examples.json` lists them: what happens in each, who made it, its license, and the size and sha256 of the file. Listing
them and looking for those that are here uses no network; `fetch_example` alone does. A clip gets its name in the cache
once its sha256 is right, under a lock, so that other processes see it whole or not at all.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from adamml.files import cache_folder, exclusive_lock

LIST = Path(__file__).with_name("examples.json")
BY_HAND = "download the file with a browser: adamml takes any clip by its path"
Say = Callable[[str], object]
Progress = Callable[[int, int], object]


class ExampleError(ValueError):
    """There is no such example, or it cannot be had. The message says why, and what to do."""


class ExampleUnreachableError(ExampleError):
    """No network, or a server that does not serve just now: trying again later may help."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A clip that can be fetched.

    Attributes:
        title: for people; `name` is for commands.
        label: the Kinetics-400 class.
        about: what happens in it, one sentence.
        size: bytes of the file; where `exact_size` is False, roughly, and the server is asked.
        credit: who made it, and where that is said.
    """

    name: str
    title: str
    label: str
    about: str
    url: str
    size: int
    sha256: str
    license: str
    credit: str
    exact_size: bool = True

    @property
    def filename(self) -> str:
        """Its name in the cache."""
        return self.name + PurePosixPath(urlsplit(self.url).path).suffix

    @property
    def origin(self) -> str:
        """How much comes from where: "0.7 MB from raw.githubusercontent.com"."""
        about = "" if self.exact_size else "about "
        return f"{about}{self.size / 1e6:.1f} MB from {urlsplit(self.url).hostname}"


def list_examples() -> tuple[Example, ...]:
    """All clips that can be fetched, whether or not they are here."""
    return tuple(Example(**values) for values in json.loads(LIST.read_text(encoding="utf-8")))


def get_example(name: str) -> Example:
    """What the list says of a clip.

    Raises:
        ExampleError: when it has none of that name; the message names those that it has.
    """
    examples = {example.name: example for example in list_examples()}
    if name not in examples:
        raise ExampleError(f"there is no example {name!r}; the examples are {', '.join(examples)}")
    return examples[name]


def local_example(name: str) -> Path | None:
    """Where a clip is in this user's cache; None when it is not there, or not as it should be.

    Raises:
        ExampleError: when the list has none of that name.
    """
    example = get_example(name)
    path = example_folder() / example.filename
    return path if _is_whole(path, example) else None


def fetch_example(name: str, *, say: Say | None = None, progress: Progress = lambda done, size: None) -> Path:
    """Fetch a clip into this user's cache, unless it is there; returns its path.

    Args:
        say: takes a line on what is fetched, before it is; without it the line goes to stderr.
        progress: called with bytes (done, of) for every piece that arrives; what it raises ends the transfer.

    Raises:
        ExampleError: for an unknown name, when it cannot be had, or what arrives is something else; nothing is kept
            then.
        ExampleUnreachableError: when nobody answers, or the transfer breaks off too often; the next call goes on there.
    """
    example = get_example(name)
    if (here := local_example(name)) is not None:
        return here
    from adamml.weights.download import FetchError, UnreachableError
    from adamml.weights.model_lookup import to_stderr

    folder = example_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive_lock(folder / f".{name}.lock", name, say or to_stderr):
            if (here := local_example(name)) is not None:  # the process that held the lock fetched it
                return here
            return _fetch(example, folder / example.filename, say or to_stderr, progress)
    except UnreachableError as error:
        raise ExampleUnreachableError(f"{name} is not on this machine, and {error}") from error
    except FetchError as error:
        raise ExampleError(f"{name} cannot be fetched: {error}") from error
    except OSError as error:
        where = error.filename or folder
        raise ExampleError(
            f"{str(where)!r} cannot be written: {error.strerror or error} (ADAMML_CACHE names another folder)"
        ) from error


def _fetch(example: Example, target: Path, say: Say, progress: Progress) -> Path:
    from adamml.weights.download import Downloader

    if target.exists():
        say(f"{target} is damaged or of an older list, and is fetched anew")
        target.unlink()
    with Downloader(example.url, by_hand=BY_HAND) as web:
        say(f"{example.name}: {example.origin}")
        # Twice the rough size still bounds what a server can send.
        size = example.size if example.exact_size else web.size(example.url, at_most=2 * example.size)
        web.file(example.url, target, size=size, sha256=example.sha256, progress=progress)
    return target


def _is_whole(path: Path, example: Example) -> bool:
    """A file can be damaged, or be that of an older list, after it got its name; reading a few megabytes is quick."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == example.sha256
    except OSError:
        return False


def example_folder() -> Path:
    """Where fetched clips lie in this user's cache, whether or not it is there yet.

    Raises:
        ExampleError: when nobody knows where home is.
    """
    try:
        return cache_folder() / "examples"
    except RuntimeError as error:
        raise ExampleError("nobody knows where home is: name a folder for the clips with ADAMML_CACHE") from error
