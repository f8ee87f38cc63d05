"""Photographs the page for the README as a visitor finds it: light, dark, on a phone; and a segment from near.

    python assets/take_screenshots.py [--out assets/screenshots]

Serves the page on a free port, opens a segment of the recorded example in headless Chromium, and writes WebP files,
which stay small.
"""

import argparse
import io
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

# name -> width and height of the window, theme
FIRST_LOOK = {"results": (1440, 900, "light"), "dark": (1440, 900, "dark"), "phone": (390, 1500, "light")}
WAIT_MS = 600_000
SEGMENT = 5  # the lights are out, and the piano goes on


def visit(browser: Browser, url: str, width: int = 1280, height: int = 900, theme: str = "light") -> Page:
    """The page with its recorded example, a moment of the clip chosen."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{url}/?__theme={theme}")
    page.wait_for_function("document.getElementById('clip-player')?.readyState > 1")
    page.locator("#timeline .tl-seg").nth(SEGMENT).click(position={"x": 8, "y": 120})
    page.wait_for_timeout(2500)  # the player shows the frame it jumped to
    return page


def shoot(browser: Browser, url: str, out: Path) -> None:
    """Every picture in turn; each is written whole or not at all."""
    for name, window in FIRST_LOOK.items():
        page = visit(browser, url, *window)
        save(page.screenshot(), out / f"{name}.webp")
        page.close()
    page = visit(browser, url)
    page.locator(".tl-bar [data-open]").click()
    page.locator(".opened [data-explain]").click()
    page.locator(".opened img.light").first.wait_for()
    save(page.locator("#opened-card").screenshot(), out / "segment.webp")
    page.close()


def save(picture: bytes, target: Path) -> None:
    """Write beside the target and rename."""
    partial = target.with_suffix(".part")
    Image.open(io.BytesIO(picture)).convert("RGB").save(partial, "WEBP", quality=70, method=6)
    partial.replace(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("assets/screenshots"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "app", "--port", str(port)])
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                urllib.request.urlopen(url, timeout=2)
                break
            except OSError:
                if server.poll() is not None:
                    sys.exit("the page did not start")
                time.sleep(0.5)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            shoot(browser, url, args.out)
            browser.close()
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
