"""A server with a miniature of the model, and visitors whose browsers may talk to it alone."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.clips import tone, write_clip
from tests.fake_release import shelf
from tests.page.actions import WAIT_MS

CHROMIUM = "/usr/bin/chromium"
# No look-ups, no reports and no updates of its own; camera and microphone are Chromium's own test signal.
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-domain-reliability", "--no-pings", "--disable-features=OptimizationHints"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
    # A page lives for seconds: optimizing its scripts is a third of the time that opening it takes.
    "--js-flags=--no-opt --no-maglev",
]
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def far_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A list of two clips that can be fetched from a server beside: one is there, one is not."""
    folder = tmp_path_factory.mktemp("far-away")
    data = write_clip(folder / "clip.mp4", seconds=2.0, sound=tone(2.0)).read_bytes()
    with shelf() as server:
        server.files["/clip.mp4"] = data
        values = {
            "label": "jogging",
            "about": "A block moves.",
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "license": "none",
            "credit": "the tests",
        }
        there = {"name": "basketball_free_throw", "title": "Basketball free throw", "url": f"{server.address}/clip.mp4"}
        gone = {"name": "marathon_start", "title": "Start of a marathon", "url": f"{server.address}/gone.mkv"}
        listed = folder / "examples.json"
        listed.write_text(json.dumps([there | values, gone | values]))
        yield listed


@pytest.fixture(scope="session")
def address(far_away: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all tests, with its model loaded."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.toy_app", "--port", str(port), "--profile", "local"],
        env=os.environ
        | {
            "OMP_NUM_THREADS": "1",
            "NO_PROXY": "127.0.0.1",
            "TOY_EXAMPLES": str(far_away),
            "ADAMML_CACHE": str(tmp_path_factory.mktemp("cache")),
        },
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            try:
                urllib.request.urlopen(url, timeout=2)
                break
            except OSError:
                assert server.poll() is None, "the server stopped"
                time.sleep(0.5)
        yield url
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(scope="module")  # no longer: while it runs, nothing else in this thread can use asyncio
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET, timeout=WAIT_MS)
        yield browser
        browser.close()


def complaint(said: ConsoleMessage) -> bool:
    """Whether the page complains; not so of a run that Gradio calls back before the server has given it a number."""
    return said.type == "error" and not said.location.get("url", "").endswith(("/cancel", "/reset"))


def of_a_page_left(error: str) -> bool:
    """What a page says that is left for another address while it still asks its server something."""
    return "signal is aborted without reason" in error or "Connection errored out" in error


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the page for a fresh visitor, whose browser may talk to it alone and has nothing to complain about."""
    elsewhere: list[str] = []
    errors: list[str] = []
    contexts = []

    def visit(path: str = "", width: int = 1440) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 1000}, permissions=["camera", "microphone"])
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        context.on(
            "request", lambda r: elsewhere.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None
        )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda said: errors.append(f"{said.text} ({said.location.get('url')})") if complaint(said) else None,
        )
        # Asked for before anything is pressed: a busy page may open its chooser before it hears who wants to see it.
        page.on("filechooser", lambda chooser: None)
        page.goto(address + path)
        page.locator("#timeline .tl-seg").first.wait_for()
        return page

    yield visit
    for context in contexts:
        context.close()
    assert [error for error in errors if not of_a_page_left(error)] == []
    assert elsewhere == []


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    """One visitor at a desk."""
    return visit()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 s with picture and sound, small enough that ten segments overlap only a little."""
    return write_clip(tmp_path_factory.mktemp("page") / "short clip.mp4", seconds=6.0, sound=tone(6.0))
