"""Where the page is served: from the command line, or GRADIO_SERVER_NAME and GRADIO_SERVER_PORT, as hosts set them.

Looked at before Gradio is imported, which reads the same variables and ends in a traceback when they are no good, or
when the address is taken.
"""

import errno
import os
import socket
from dataclasses import dataclass

HOST, PORT = "127.0.0.1", 7860
HIGHEST_PORT = 65_535


class AddressError(ValueError):
    """The page cannot be served there. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address that is free."""

    host: str
    port: int


def free_address(host: str | None = None, port: int | None = None) -> Address:
    """What was asked for, or what the environment says, or this machine alone at port 7860.

    Raises:
        AddressError: when it is no address, or somebody else has it.
    """
    host = host or os.environ.get("GRADIO_SERVER_NAME") or HOST
    if port is None:
        named = os.environ.get("GRADIO_SERVER_PORT") or str(PORT)
        if not named.isascii() or not named.isdigit():
            raise AddressError(f"GRADIO_SERVER_PORT is {named!r}, which is no port")
        port = int(named)
    if not 1 <= port <= HIGHEST_PORT:
        raise AddressError(f"a port lies between 1 and {HIGHEST_PORT}, not {port}; choose one with --port")
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise AddressError(f"there is no host {host!r}; choose one with --host") from error
    kind, *_, place = found[0]
    with socket.socket(kind, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: one that has ended is gone
        try:
            probe.bind(place)
            probe.listen(1)
        except PermissionError as error:
            raise AddressError(f"port {port} may not be used by this user; choose another one with --port") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise AddressError(f"port {port} of {host} is taken; choose another one with --port") from error
            raise AddressError(f"nothing can be served at {host}, port {port}: {error.strerror}") from error
    return Address(host=host, port=port)
