"""The real page in headless Chromium, on the shipped model, used as a visitor would."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from adamml import Recognizer
from tests.clips import tone, write_clip

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ANALYSIS_MS = 180_000


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The page, served by a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "app", "--port", str(port)], env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(url, timeout=2)
                break
            except OSError:
                assert server.poll() is None, "the server stopped"
                time.sleep(0.5)
        yield url
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh visitor, whose browser may talk to the page alone."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    elsewhere: list[str] = []
    context.on(
        "request", lambda r: elsewhere.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    expect(page.locator("#known")).to_contain_text("helicopter", timeout=ANALYSIS_MS)
    yield page
    assert errors == []
    assert elsewhere == []
    context.close()


def upload(page: Page, path: Path) -> None:
    clear = page.locator("#clip .icon-button-wrapper button")
    if clear.count():
        clear.last.click()
    page.locator("#clip input[type=file]").set_input_files(path)


def analyse(page: Page) -> None:
    expect(page.locator("#analyse")).to_be_enabled(timeout=30_000)
    page.locator("#analyse").click()
    expect(page.locator("#status")).to_contain_text("Done", timeout=ANALYSIS_MS)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 s with picture and sound, small enough that ten segments overlap only a little."""
    return write_clip(tmp_path_factory.mktemp("page") / "short clip.mp4", seconds=6.0, sound=tone(6.0))


def test_from_upload_to_comparison(page: Page, short: Path) -> None:
    upload(page, short)
    expect(page.locator("#status")).to_contain_text("Ready")
    page.locator("#compare input").check()
    analyse(page)
    segments = page.locator("#timeline .tl-seg")
    expect(segments).to_have_count(10)
    # The page says what Python says.
    answer = Recognizer.load("everyday-av").analyze(short, "adamml", segments=10)
    expect(page.locator("#answer")).to_contain_text(answer.label.replace("_", " "))
    for index, segment in enumerate(answer.segments):
        label = segments.nth(index).get_attribute("aria-label") or ""
        for noun, modality in (("picture", "rgb"), ("sound", "audio")):
            word = "used" if segment.decisions[modality] else "skipped"
            assert f"{noun} {word}" in label
        assert "RGB only:" in label
    # A click moves the player to the segment's start, and so do the keys.
    clicked = segments.nth(5)
    clicked.click()
    start = float(clicked.get_attribute("data-start") or "nan")
    page.wait_for_function(f"Math.abs(document.getElementById('clip-player').currentTime - {start}) < 0.05")
    page.keyboard.press("Home")
    expect(segments.first).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    second = float(segments.nth(1).get_attribute("data-start") or "nan")
    page.wait_for_function(f"Math.abs(document.getElementById('clip-player').currentTime - {second}) < 0.05")
    # Plots are drawn and the table says the same as the drawing.
    expect(page.locator("#scores-plot .js-plotly-plot")).to_be_visible()
    expect(page.locator("#compute-plot .js-plotly-plot")).to_be_visible()
    expect(page.locator(".tl-table tbody tr")).to_have_count(10)
    expect(page.locator("#seconds-table")).to_contain_text("Picture only (RGB)")


def test_downloaded_json_is_the_analysis(page: Page, short: Path) -> None:
    upload(page, short)
    analyse(page)
    with page.expect_download() as download:
        page.locator("#download-json").click()
    on_page = json.loads(Path(download.value.path()).read_text())
    in_python = Recognizer.load("everyday-av").analyze(short, "adamml", segments=10).to_dict()
    for result in (on_page, in_python):
        result.pop("seconds")
        result["clip"].pop("name")  # a browser's upload may be renamed
    assert on_page == json.loads(json.dumps(in_python))


def test_a_refused_clip_says_why_and_cannot_be_analysed(page: Page, tmp_path: Path) -> None:
    upload(page, write_clip(tmp_path / "long.mp4", seconds=125, fps=2, gop=500))
    expect(page.locator("#status")).to_contain_text(re.compile("125 s.*120 s are allowed"))
    expect(page.locator("#analyse")).to_be_disabled()
    broken = tmp_path / "<b>broken.mp4"
    broken.write_bytes(b"this is not a clip")
    upload(page, broken)
    expect(page.locator("#status")).to_contain_text("not a video or sound file")
    assert page.locator("#status b").count() == 0  # a name is text, never markup
    upload(page, write_clip(tmp_path / "good.mp4", seconds=1.5))
    expect(page.locator("#analyse")).to_be_enabled()


def test_cancel_stops_and_the_next_analysis_works(page: Page, short: Path) -> None:
    upload(page, short)
    expect(page.locator("#analyse")).to_be_enabled()
    page.locator("#analyse").click()
    page.locator("#cancel").click()
    expect(page.locator("#status")).to_contain_text("Cancelled", timeout=30_000)
    page.locator("#options button").first.click()
    page.locator("#segments input[type=number]").fill("3")
    page.locator("#segments input[type=number]").press("Tab")
    analyse(page)
    expect(page.locator("#timeline .tl-seg")).to_have_count(3)


def test_a_sound_file_is_judged_by_its_sound(page: Page, tmp_path: Path) -> None:
    upload(page, write_clip(tmp_path / "tone.mp3", picture=None, sound=tone(3.0), audio_codec="mp3"))
    analyse(page)
    expect(page.locator("#notes")).to_contain_text("no picture")
    assert "picture missing" in (page.locator("#timeline .tl-seg").first.get_attribute("aria-label") or "")


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_example_in_both_themes_fits_the_screen(browser: Browser, address: str, width: int, theme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/?__theme={theme}")
    page.locator("#examples .example").first.click(timeout=60_000)
    analyse(page)
    expect(page.locator("#timeline .tl-seg")).to_have_count(10)
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 1  # the timeline scrolls sideways by itself, the page does not
    assert page.evaluate("document.body.classList.contains('dark')") == (theme == "dark")
    context.close()
