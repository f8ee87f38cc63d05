"""A clip by its public https address, for programs that cannot upload. Off unless the server was started with it.

Whoever names an address makes this server ask for it. So: https on its own port, no name or password in it, and every
address that the host stands for is a public one. The connection itself looks that up and goes where it looked (a second
look-up could give another address), for redirects as well. What arrives is cut off at the size of an upload and after
a minute, however slowly it comes.
"""

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpcore
import httpx

from adamml import __version__

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_REDIRECTS = 3
MAX_LENGTH = 2000  # characters of an address
SECONDS = 60.0  # for everything, so that a server that dawdles does not keep others waiting
_PATIENCE_S, _STEP_S = 10.0, 0.2
_HEADERS = [(b"User-Agent", f"adamml/{__version__}".encode()), (b"Accept", b"*/*"), (b"Accept-Encoding", b"identity")]
# Addresses that another one of version 4 hides in, which a gateway would unpack: NAT64, IPv4-compatible.
_EMBEDDING = tuple(ipaddress.IPv6Network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))


class RemoteClipError(ValueError):
    """The clip cannot be had from there. The message is one sentence, fit to be shown."""


def is_public(ip: IPAddress) -> bool:
    """Whether an address belongs to the public net, whatever it is wrapped in."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(ip.ipv4_mapped)
        if ip.sixtofour is not None or ip.teredo is not None or any(ip in network for network in _EMBEDDING):
            return False
    return ip.is_global and not ip.is_multicast


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is taken; tests, which have no public net, bend it."""

    port: int = 443
    public: Callable[[IPAddress], bool] = is_public
    trust: ssl.SSLContext | None = None  # what httpcore trusts by itself


RULES = Rules()


@dataclass(frozen=True, kw_only=True)
class RemoteClip:
    """A clip that has not been fetched."""

    address: str


def fetch(address: str, folder: Path, most: int) -> Generator[int, None, None]:
    """Fetch a clip into an empty folder, as its only file; yields the bytes that are here now and then.

    Args:
        address: as a stranger gives it.
        folder: of whoever calls, who deletes it.
        most: bytes.

    Raises:
        RemoteClipError: when it cannot or must not be fetched.
    """
    url = _url(address)
    connections = _PublicNet(time.monotonic() + SECONDS)
    with httpcore.ConnectionPool(ssl_context=RULES.trust, network_backend=connections) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            with _answer(pool, url) as answer:
                if answer.status in (301, 302, 303, 307, 308):
                    url = _next(url, answer)
                    continue
                yield from _written(answer, folder / _name(url), most)
                return
    raise RemoteClipError(f"The address redirects more than {MAX_REDIRECTS} times.")


class _PublicNet(httpcore.SyncBackend):
    """Connections to public addresses only, all of them over at a moment."""

    def __init__(self, until: float) -> None:
        self._until = until

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        refused: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in _public_addresses(host):
            try:
                stream = super().connect_tcp(address, port, timeout, local_address, socket_options)
                return _Until(stream, self._until)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:  # the next one may be there
                refused = error
        assert refused is not None, "a host that was found has an address"
        raise refused


class _Until(httpcore.NetworkStream):
    """A connection on which nothing more is read after a moment."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._until - time.monotonic()
        if left <= 0:
            raise RemoteClipError(f"The clip was not here after {SECONDS:.0f} s.")
        return self._stream.read(max_bytes, min(left, _PATIENCE_S if timeout is None else timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Until(self._stream.start_tls(ssl_context, server_hostname, timeout), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _public_addresses(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
        public = all(RULES.public(ipaddress.ip_address(each)) for each in addresses)
    except (OSError, UnicodeError):
        raise RemoteClipError(f"There is no host {host}.") from None
    if not public:
        raise RemoteClipError("That host is not on the public net, and nothing else is fetched.")
    return addresses


def _url(address: str) -> httpx.URL:
    if len(address) > MAX_LENGTH:
        raise RemoteClipError(f"The address is longer than {MAX_LENGTH} characters.")
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        raise RemoteClipError("That is no address.") from None
    if url.scheme != "https" or not url.host:
        raise RemoteClipError("Give the clip as a public https address: https://host/path.")
    if url.userinfo:
        raise RemoteClipError("An address with a name or a password in it is not taken.")
    if (url.port or 443) != RULES.port:
        raise RemoteClipError("An address with a port of its own is not taken.")
    return url


def _next(url: httpx.URL, answer: httpcore.Response) -> httpx.URL:
    try:
        to = str(url.join(_header(answer, b"location")))
    except (httpx.InvalidURL, ValueError):
        to = ""
    try:
        return _url(to)
    except RemoteClipError as error:
        raise RemoteClipError(f"The address redirects to one that is not taken. {error}") from None


@contextmanager
def _answer(pool: httpcore.ConnectionPool, url: httpx.URL) -> Iterator[httpcore.Response]:
    to = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    patience = dict.fromkeys(("connect", "read", "write", "pool"), _PATIENCE_S)
    try:
        with pool.stream("GET", to, headers=_HEADERS, extensions={"timeout": patience}) as answer:
            yield answer
    except httpcore.TimeoutException as error:
        raise RemoteClipError(f"{url.host} takes too long.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
        raise RemoteClipError(f"{url.host} cannot be reached.") from error


def _header(answer: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in answer.headers if key.lower() == name), "")


def _written(answer: httpcore.Response, path: Path, most: int) -> Iterator[int]:
    if answer.status != 200:
        raise RemoteClipError(f"The address answers {answer.status}, not with a file.")
    too_large = f"The clip is larger than the {most / 1e6:.0f} MB that are taken."
    stated = _header(answer, b"content-length")
    if stated.isascii() and stated.isdigit() and int(stated) > most:
        raise RemoteClipError(too_large)
    done, told = 0, time.monotonic()
    with path.open("wb") as file:
        for piece in answer.iter_stream():
            done += len(piece)
            if done > most:
                raise RemoteClipError(too_large)
            file.write(piece)
            if time.monotonic() - told > _STEP_S:
                told = time.monotonic()
                yield done
    if not done:
        raise RemoteClipError("The address answers with an empty file.")


def _name(url: httpx.URL) -> str:
    """The file's name as the result will show it: the last part of the path, of harmless letters."""
    last = unquote(url.path).rpartition("/")[2]
    name = re.sub(r"[^\w.() -]+", "_", last, flags=re.ASCII).strip(". ")[-80:]
    return name or "clip"
