"""The way in: `python -m app` (or `python -m app --host 0.0.0.0 --port 7860`) serves the page.

Host and port also come from GRADIO_SERVER_NAME and GRADIO_SERVER_PORT, as hosts of such pages set them. What is wrong
with any of it is said in one line, before the seconds that importing the page takes.
"""

import argparse
import os
import sys
from typing import NoReturn

import adamml
from app.address import HOST, PORT, AddressError, free_address

BAD_INPUT = 2


def main(arguments: list[str] | None = None) -> None:
    """Serve the page until stopped."""
    parser = argparse.ArgumentParser(prog="app", description="Serve the page of AdaMML Studio.")
    parser.add_argument("--host", help=f"(default: GRADIO_SERVER_NAME, or {HOST})")
    parser.add_argument("--port", type=int, help=f"(default: GRADIO_SERVER_PORT, or {PORT})")
    parser.add_argument(
        "--profile", choices=sorted(adamml.PROFILES), help="limits on clips (default: ADAMML_PROFILE, or public)"
    )
    options = parser.parse_args(arguments)
    try:
        address = free_address(options.host, options.port)
    except AddressError as error:
        _refuse(error)
    # Gradio reads these when it is imported, and tries the name as an address of IPv4 whatever it is told to serve at.
    os.environ |= {
        "GRADIO_SERVER_PORT": str(address.port),
        "GRADIO_SERVER_NAME": HOST if ":" in address.host else address.host,
    }
    from app import service

    try:
        service.use_profile(options.profile or service.profile())
        service.limits()
    except (ValueError, adamml.ClipError) as error:  # what the environment sets is no profile, or no limit
        _refuse(error)
    from app.serving import serve_until_stopped

    serve_until_stopped(address.host, address.port)


def _refuse(error: Exception) -> NoReturn:
    print(f"adamml: {error}", file=sys.stderr)
    raise SystemExit(BAD_INPUT)
