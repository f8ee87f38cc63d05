"""Start-up: the command line's help, and the page until it answers."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.clock import Row, Turns

PATIENCE_S = 180


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """The page once: from the start of its process to the first answer."""
    helped = Turns({"help": _help}, rounds)
    yield Row(what="adamml --help", value=helped.median("help"), unit="s", goal=0.5, below=True)
    yield Row(what="page ready", value=_page(), unit="s", goal=20, below=True)


def _help() -> None:
    subprocess.run([sys.executable, "-m", "adamml.cli", "--help"], stdout=subprocess.DEVNULL, check=True)


def _page() -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    began = time.perf_counter()
    page = subprocess.Popen(
        [sys.executable, "-m", "app", "--port", str(port)],
        env=os.environ | {"GRADIO_ANALYTICS_ENABLED": "False"},
        **quiet,
    )
    try:
        while time.perf_counter() - began < PATIENCE_S:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                    return time.perf_counter() - began
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise TimeoutError(f"the page did not answer within {PATIENCE_S} s")
    finally:
        page.terminate()
        page.wait(30)
