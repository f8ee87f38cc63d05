"""One file over HTTPS: redirects followed within bounds, broken transfers resumed, size and checksum checked.

Plain HTTP is spoken to this machine alone (mirrors and tests), and never after beginning elsewhere. What arrives goes
into `TARGET.part`, which stays when a transfer breaks off, so that the next call goes on there; the target itself is
there whole or not at all. Callers hold a lock, so that no two processes write one part. What a server says of a
file's length is compared with the expected length before anything is transferred.
"""

import hashlib
import ipaddress
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from adamml.version import __version__
from adamml.weights.checkpoint import CheckpointError

MAX_REDIRECTS = 5
MAX_JSON = 1 << 20  # bytes
TRIES = 5  # transfers of one file, each going on where the last one broke off
PAUSE = 0.5  # seconds before the second of them; doubles
Progress = Callable[[int, int], object]  # bytes here, bytes in all
BY_HAND = "download the file with a browser and use: adamml weights import FILE"


class FetchError(CheckpointError):
    """What was asked for cannot be had from there. The message says why, and what to do."""


class UnreachableError(FetchError):
    """No network, or a server that does not serve just now: trying again later may help."""


class Downloader:
    """A client for what begins at one address: `with Downloader(base) as web: ...`.

    Args:
        by_hand: what to do instead of waiting when the server has had enough requests; ends the error message.
    """

    def __init__(self, base: str, *, by_hand: str = BY_HAND) -> None:
        self._plain, self._by_hand = is_loopback(base), by_hand
        self._client = httpx.Client(
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
            timeout=httpx.Timeout(30, connect=10),
            headers={"User-Agent": f"adamml/{__version__}", "Accept-Encoding": "identity"},
            event_hooks={"request": [self._check_scheme]},  # of every hop
        )

    def __enter__(self) -> "Downloader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def json(self, url: str) -> Any:
        """The JSON at an address.

        Raises:
            FetchError: for a refusal, or an answer that is no JSON or too long.
            UnreachableError: when nobody answers.
        """
        body = b""
        with self._answer(url, {"Accept": "application/vnd.github+json"}) as answer:
            for piece in answer.iter_raw():
                body += piece
                if len(body) > MAX_JSON:
                    raise FetchError(f"{_named(url)} answers with more than {MAX_JSON >> 20} MiB of JSON")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise FetchError(f"{_named(url)} answers with something that is no JSON") from error

    def size(self, url: str, *, at_most: int) -> int:
        """How many bytes the server says a file has, for files whose exact size is not known beforehand.

        Raises:
            FetchError: for a refusal, or when it states no size or more than `at_most` bytes.
            UnreachableError: when nobody answers.
        """
        with self._answer(url, {"Accept": "application/octet-stream"}, method="HEAD") as answer:
            stated = _stated_size(answer)
        if stated is None:
            raise FetchError(f"{_named(url)} does not say how long it is")
        if not 0 < stated <= at_most:
            raise FetchError(f"{_named(url)} is said to have {stated} bytes; at most {at_most} are expected")
        return stated

    def file(self, url: str, target: Path, *, size: int, sha256: str | None, progress: Progress) -> str:
        """Fetch a file of `size` bytes; returns its sha256, which is checked when one is given.

        Raises:
            FetchError: for a refusal, another size or another checksum; nothing is kept then.
            UnreachableError: when the transfer breaks off too often; what arrived is kept.
            OSError: when it cannot be written.
        """
        part = target.with_name(target.name + ".part")
        if target.exists():  # from a call whose caller did not get to use it
            target.replace(part)
        if shutil.disk_usage(part.parent).free < size - _size_of(part):
            raise FetchError(f"{str(part.parent)!r} has no room for {size / 1e6:.0f} MB")
        attempt = 0
        while _size_of(part) != size:
            if attempt == TRIES:
                raise UnreachableError(
                    f"{_named(url)} broke off {TRIES} times, the last time at {_size_of(part)} of {size} bytes; "
                    "run this again, and it goes on there"
                )
            if attempt:
                time.sleep(PAUSE * 2 ** (attempt - 1))
            attempt += 1
            try:
                self._go_on(url, part, size, progress)
            except UnreachableError:
                if not part.exists():  # nothing ever arrived: nobody is there
                    raise
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 is not None and digest != sha256:
            part.unlink()
            raise FetchError(f"{_named(url)} has the sha256 {digest}, not the stated {sha256}: damaged or changed")
        part.replace(target)
        return digest

    def _go_on(self, url: str, part: Path, size: int, progress: Progress) -> None:
        """One transfer: append what is missing, or begin anew where the server does not give parts."""
        done = _size_of(part)
        headers = {"Accept": "application/octet-stream"} | ({"Range": f"bytes={done}-"} if done else {})
        with self._answer(url, headers) as answer:
            going_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(
                f"bytes {done}-"
            )
            if answer.status_code == 416 or (answer.status_code == 206 and not going_on):
                part.unlink(missing_ok=True)  # the server knows another file under this address
                return
            stated = _stated_size(answer)
            if stated is not None and stated != size:
                part.unlink(missing_ok=True)
                differs = "longer" if stated > size else "shorter"
                raise FetchError(f"{_named(url)} is {differs} than the stated {size} bytes: it has {stated}")
            done = done if going_on else 0
            with part.open("ab" if going_on else "wb") as out:
                for piece in answer.iter_raw():
                    done += len(piece)
                    if done > size:
                        break
                    out.write(piece)
                    progress(done, size)
        if done > size:
            part.unlink()
            raise FetchError(f"{_named(url)} is longer than the stated {size} bytes")

    @contextmanager
    def _answer(self, url: str, headers: dict[str, str], method: str = "GET") -> Iterator[httpx.Response]:
        try:
            with self._client.stream(method, url, headers=headers) as answer:
                _check_status(answer, url, self._by_hand)
                yield answer
        except httpx.TooManyRedirects as error:
            raise FetchError(f"{_named(url)} redirects more than {MAX_REDIRECTS} times") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise FetchError(f"{url!r} is no address") from error
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise UnreachableError(f"{_named(url)} cannot be reached ({why}); is there a network?") from error

    def _check_scheme(self, request: httpx.Request) -> None:
        url = request.url
        if url.scheme != "https" and not (url.scheme == "http" and self._plain and is_loopback(str(url))):
            raise FetchError(f"{_named(str(url))} is refused: files are only fetched over https")


def _check_status(answer: httpx.Response, url: str, by_hand: str) -> None:
    status = answer.status_code
    if status < 300 or status == 416:
        return
    if status in (403, 429) and (answer.headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in answer.headers):
        raise UnreachableError(
            f"{_named(url)} answers no more questions from this network {_until(answer)}; wait, or {by_hand}"
        )
    if status >= 500 or status == 429:
        raise UnreachableError(f"{_named(url)} answers {status}: it does not work just now, try again later")
    if status == 404:
        raise FetchError(f"there is nothing at {_named(url)}")
    raise FetchError(f"{_named(url)} answers {status} ({answer.reason_phrase})")


def _until(answer: httpx.Response) -> str:
    try:
        reset = time.gmtime(int(answer.headers["X-RateLimit-Reset"]))
    except (KeyError, ValueError, OverflowError, OSError):
        return "for now"
    return f"before {time.strftime('%H:%M', reset)} UTC"


def _stated_size(answer: httpx.Response) -> int | None:
    """The whole file's length as the answer states it; None where it states none."""
    if answer.status_code == 206:
        stated = answer.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        stated = answer.headers.get("Content-Length", "")
    return int(stated) if stated.isascii() and stated.isdigit() else None


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _named(url: str) -> str:
    """An address fit to be shown: without the signature that a redirect may carry."""
    return url.partition("?")[0]


def is_loopback(url: str) -> bool:
    """Whether an address lies on this machine."""
    try:
        host = httpx.URL(url).host
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except (httpx.InvalidURL, ValueError):
        return False
