"""Photographs the page for the README: light, dark and phone, with a worked example.

    python assets/take_screenshots.py [--example NAME] [--out assets/screenshots]

Serves the page on a free port, presses the buttons in headless Chromium, and writes PNG files.
"""

import argparse
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

SHOTS = {"results": (1280, "light"), "dark": (1280, "dark"), "phone": (380, "light")}
WAIT_MS = 240_000


def shoot(browser: Browser, url: str, example: str, out: Path, name: str) -> None:
    """One picture of the whole page after an analysis with the comparison on."""
    width, theme = SHOTS[name]
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(f"{url}/?__theme={theme}")
    page.locator("#examples .example", has_text=example).first.click(timeout=WAIT_MS)
    page.locator("#compare input").check()
    page.locator("#analyse").click(timeout=WAIT_MS)
    page.get_by_text("Done.").wait_for(timeout=WAIT_MS)
    page.locator("#compute-plot .js-plotly-plot").wait_for(timeout=WAIT_MS)
    page.locator("#timeline .tl-seg").nth(2).click()
    page.wait_for_timeout(2500)  # the player shows the frame it jumped to
    page.screenshot(path=out / f"{name}.png", full_page=True)
    page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--example", default="Lion", help="part of the example's title")
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
            for name in SHOTS:
                shoot(browser, url, args.example, args.out, name)
            browser.close()
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
