"""Fetching an example that somebody pressed: progress, a sentence when it cannot be had, and Cancel.

The transfer runs in a thread of its own, so that the page hears of it several times a second. Whoever leaves has it
stop with the next piece; what arrived is kept, and the next press goes on there.
"""

import logging
import threading
from collections.abc import Generator
from dataclasses import dataclass
from urllib.parse import urlsplit

import adamml
from app import icons, status_line
from app.error_log import failed
from app.words import esc

_LOOK_S = 0.2
_log = logging.getLogger(__name__)


class _LeftError(Exception):
    """Nobody waits for the rest."""


@dataclass(kw_only=True)
class _Transfer:
    """What the thread says and hears."""

    done: int = 0
    size: int = 0
    left: bool = False
    path: str | None = None
    problem: str = ""

    def moved(self, done: int, size: int) -> None:
        """Called with every piece."""
        if self.left:
            raise _LeftError
        self.done, self.size = done, size


def fetched(example: adamml.Example) -> Generator[tuple[str, str | None], None, None]:
    """Yield (status line, path once it is there); the last status is a problem when it cannot be had."""
    transfer = _Transfer()
    thread = threading.Thread(target=_run, args=(example, transfer), name=f"fetch-{example.name}", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            yield _said(example, transfer), None
            thread.join(_LOOK_S)
    finally:
        transfer.left = True
    if transfer.path is None:
        yield status_line.problem(transfer.problem), None
    else:
        yield status_line.line("is-done", f"{icons.CHECK} {esc(example.title)} is here."), transfer.path


def _run(example: adamml.Example, transfer: _Transfer) -> None:
    try:
        transfer.path = str(adamml.fetch_example(example.name, say=_log.info, progress=transfer.moved))
    except _LeftError:
        transfer.problem = "Cancelled."
    except adamml.ExampleUnreachableError:
        _log.warning("an example could not be fetched", exc_info=True)
        transfer.problem = f"{example.title} is not here, and this server cannot reach {_host(example)} just now."
    except adamml.ExampleError as error:
        # An error of the disk names a folder of this server, which is none of a visitor's business.
        ours = isinstance(error.__cause__, OSError)
        transfer.problem = failed("fetching an example", error) if ours else f"{_capital(str(error))}."
    except Exception as error:
        transfer.problem = failed("fetching an example", error)


def _said(example: adamml.Example, transfer: _Transfer) -> str:
    if not transfer.size:
        return status_line.progress(0.0, f"Fetching {example.origin}")
    done = f"{transfer.done / 1e6:.1f} of {transfer.size / 1e6:.1f} MB"
    return status_line.progress(transfer.done / transfer.size, f"Fetching {example.title}: {done}")


def _host(example: adamml.Example) -> str:
    return urlsplit(example.url).hostname or "its address"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")
