"""The way in: `python -m app` (or `python -m app --host 0.0.0.0 --port 7860`) serves the page.

Host and port also come from GRADIO_SERVER_NAME and GRADIO_SERVER_PORT, as hosts of such pages set them, and whether
agents are served from GRADIO_MCP_SERVER. What is wrong with any of it is said in one line, before the seconds that
importing the page takes.
"""

import argparse
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn

import adamml
from app.address import HOST, PORT, Address, AddressError, free_address
from app.archived import Archived

BAD_INPUT = 2


def main(arguments: list[str] | None = None) -> None:
    """Serve the page until stopped."""
    parser = argparse.ArgumentParser(prog="app", description="Serve the page of AdaMML Studio.")
    parser.add_argument("--host", help=f"(default: GRADIO_SERVER_NAME, or {HOST})")
    parser.add_argument("--port", type=int, help=f"(default: GRADIO_SERVER_PORT, or {PORT})")
    parser.add_argument(
        "--profile", choices=sorted(adamml.PROFILES), help="limits on clips (default: ADAMML_PROFILE, or public)"
    )
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="serve agents, too: three tools by the Model Context Protocol, which fetch clips by public https address "
        "(default: GRADIO_MCP_SERVER, or not)",
    )
    options = parser.parse_args(arguments)
    try:
        agents = options.mcp or _asked_for_agents()
        if agents:
            _check_mcp()
        address = free_address(options.host, options.port)
    except (AddressError, ValueError) as error:
        _refuse(error)
    _serve(address, options.profile, agents=agents)


def serve_archive(archive: Archived, port: int | None = None) -> None:
    """Serve the page over a data set until stopped: for one's own clips, to this machine alone."""
    try:
        address = free_address(HOST, port)
    except AddressError as error:
        _refuse(error)
    _serve(address, "local", archive=archive)


def _serve(address: Address, profile: str | None, *, agents: bool = False, archive: Archived | None = None) -> None:
    # Gradio reads these when it is imported, and tries the name as an address of IPv4 whatever it is told to serve at.
    os.environ |= {
        "GRADIO_SERVER_PORT": str(address.port),
        "GRADIO_SERVER_NAME": HOST if ":" in address.host else address.host,
    }
    from app import service

    try:
        service.use_profile(profile or service.profile())
        service.limits()
    except (ValueError, adamml.ClipError) as error:  # what the environment sets is no profile, or no limit
        _refuse(error)
    from app.serving import serve_until_stopped

    serve_until_stopped(address.host, address.port, agents=agents, archive=archive)


def _asked_for_agents() -> bool:
    asked = os.environ.get("GRADIO_MCP_SERVER", "").lower()
    if asked not in ("", "true", "false"):
        raise ValueError(f"GRADIO_MCP_SERVER is {asked!r}, neither true nor false")
    return asked == "true"


def _check_mcp() -> None:
    try:
        found = version("mcp")
    except PackageNotFoundError:
        found = ""
    if not found or int(found.partition(".")[0]) > 1:
        has = f"mcp {found} is here, and mcp below 2 is needed" if found else "mcp is missing"
        raise ValueError(f"{has}; install the extra: pip install 'adamml-studio[mcp]'")


def _refuse(error: Exception) -> NoReturn:
    print(f"adamml: {error}", file=sys.stderr)
    raise SystemExit(BAD_INPUT)
