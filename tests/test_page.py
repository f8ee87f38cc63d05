"""The real page in headless Chromium, on a miniature of the model, used as visitors would."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.accessibility import faults
from tests.clips import tone, write_clip

CHROMIUM = "/usr/bin/chromium"
# No look-ups, no reports and no updates of its own; camera and microphone are Chromium's own test signal.
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-domain-reliability", "--no-pings", "--disable-features=OptimizationHints"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]
WAIT_MS = 300_000
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """One server for all tests, with its model loaded."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.toy_app", "--port", str(port), "--profile", "local"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET, timeout=WAIT_MS)
        yield browser
        browser.close()


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
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(address + path)
        page.locator("#timeline .tl-seg").first.wait_for()
        return page

    yield visit
    for context in contexts:
        context.close()
    assert errors == []
    assert elsewhere == []


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    """One visitor at a desk."""
    return visit()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 s with picture and sound, small enough that ten segments overlap only a little."""
    return write_clip(tmp_path_factory.mktemp("page") / "short clip.mp4", seconds=6.0, sound=tone(6.0))


def upload(page: Page, path: Path) -> None:
    page.locator("#ways input[type=file]").set_input_files(path)


def analyse(page: Page, path: Path) -> None:
    """Upload and wait for the end; nothing else has to be pressed."""
    upload(page, path)
    expect(page.locator("#banner")).to_contain_text(path.name.replace("<", "").replace(">", ""), timeout=WAIT_MS)
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(page.locator("#whatif .whatif")).to_be_visible(timeout=WAIT_MS)


def options(page: Page, segments: int) -> None:
    if not page.locator("#segments input[type=number]").is_visible():
        page.locator("#options button").first.click()
    page.locator("#segments input[type=number]").fill(str(segments))
    page.locator("#segments input[type=number]").press("Tab")


def position(page: Page) -> float:
    return page.evaluate("document.getElementById('clip-player').currentTime")


def wait_for_position(page: Page, seconds: float) -> None:
    page.wait_for_function(f"Math.abs(document.getElementById('clip-player').currentTime - {seconds}) < 0.08")


def start_of(page: Page, index: int) -> float:
    return float(page.locator("#timeline .tl-seg").nth(index).get_attribute("data-start") or "nan")


def tab_to(page: Page, selector: str, most: int = 80) -> None:
    """Press Tab until something that matches has the focus, as a keyboard user would."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")


def test_a_worked_example_is_there_before_anything_is_pressed(page: Page) -> None:
    expect(page.locator("#banner")).to_contain_text("Recorded example: Lion after dark")
    expect(page.locator("#answer .answer-label")).to_contain_text("lion")
    expect(page.locator("#timeline .tl-seg")).to_have_count(10)
    expect(page.locator(".tl-table tbody tr")).to_have_count(10)
    expect(page.locator("#compared .verdict")).to_contain_text("less compute")
    expect(page.locator("#whatif svg circle")).not_to_have_count(0)
    page.wait_for_function("document.getElementById('clip-player').readyState > 0")
    expect(page.get_by_role("button", name="Analyse your own clip")).to_be_visible()


def test_by_keyboard_alone_from_upload_to_comparison(page: Page, clip: Path) -> None:
    tab_to(page, "#upload")
    with page.expect_file_chooser(timeout=30_000) as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(clip)
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(page.locator("#whatif .whatif")).to_be_visible(timeout=WAIT_MS)
    segments = page.locator("#timeline .tl-seg")

    tab_to(page, ".tl-seg")
    page.keyboard.press("End")
    expect(segments.last).to_be_focused()
    wait_for_position(page, start_of(page, 9))
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(segments.nth(1)).to_be_focused()
    wait_for_position(page, start_of(page, 1))

    before = segments.nth(1).get_attribute("data-rgb")
    page.keyboard.press("p")
    expect(page.locator("#whatif")).to_contain_text("1 cell switched", timeout=WAIT_MS)
    expect(segments.nth(1)).to_be_focused()  # redrawing does not take the focus away
    assert segments.nth(1).get_attribute("data-rgb") != before

    page.keyboard.press("Enter")
    expect(page.locator(".opened h2")).to_contain_text("Segment 2", timeout=WAIT_MS)
    expect(page.locator(".opened h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".opened")).to_have_count(0, timeout=WAIT_MS)
    expect(segments.nth(1)).to_be_focused()

    tab_to(page, "#budget-slider")
    page.keyboard.press("Home")  # run everything
    expect(page.locator("#answer")).to_contain_text("looked in 10 of 10", timeout=WAIT_MS)
    expect(page.locator("#budget-slider")).to_be_focused()

    tab_to(page, "#compare")
    page.keyboard.press("Enter")
    expect(page.locator("#compared .verdict")).to_contain_text("answer", timeout=WAIT_MS)
    expect(page.locator("#compared .versus")).to_contain_text("Picture only (RGB)")


def test_pointing_seeks_scrubs_switches_opens_and_explains(page: Page, clip: Path) -> None:
    analyse(page, clip)
    segments = page.locator("#timeline .tl-seg")
    segments.nth(5).click(position={"x": 8, "y": 100})
    wait_for_position(page, start_of(page, 5))
    expect(page.locator(".tl-bar")).to_contain_text("Segment 6")
    expect(page.locator("#clip-now")).to_contain_text(re.compile(r"looking|listening|nothing run"))

    page.locator("#timeline .tl-axis").scroll_into_view_if_needed()
    axis = page.locator("#timeline .tl-axis").bounding_box()
    assert axis is not None
    page.mouse.move(axis["x"] + 5, axis["y"] + 8)
    page.mouse.down()
    page.mouse.move(axis["x"] + axis["width"] * 0.5, axis["y"] + 8, steps=4)
    page.mouse.up()
    wait_for_position(page, 3.0)
    head = page.locator(".tl-playhead").bounding_box()
    assert head is not None
    assert abs(head["x"] - axis["x"] - axis["width"] / 2) < 12

    for modality in ("rgb", "audio"):
        segments.nth(2).locator(f".tl-{modality} .tl-badge").click()
    expect(page.locator("#whatif")).to_contain_text("2 cells switched", timeout=WAIT_MS)
    expect(page.locator("#answer .answer-hand")).to_contain_text("2 cells")
    expect(segments.nth(2).locator(".tl-hand")).to_have_count(2)
    page.locator(".tl-bar [data-switch=audio]").click()
    expect(page.locator("#whatif")).to_contain_text("1 cell switched", timeout=WAIT_MS)
    page.locator("#whatif [data-reset]").click()
    expect(page.locator("#whatif")).to_contain_text("Nothing is switched", timeout=WAIT_MS)

    ran = page.locator('.tl-seg[data-rgb="used"], .tl-seg[data-audio="used"]').first
    ran.dblclick(position={"x": 8, "y": 180})
    expect(page.locator(".opened .frames img")).to_have_count(8, timeout=WAIT_MS)
    expect(page.locator(".opened")).to_contain_text("kHz")
    expect(page.locator(".opened")).to_contain_text("billion MACs possible")
    page.locator(".opened [data-explain]").click()
    expect(page.locator(".opened img.light").first).to_be_visible(timeout=WAIT_MS)


def test_the_next_clip_needs_no_clearing_and_a_bad_one_says_why(page: Page, clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "<b>broken.mp4"
    broken.write_bytes(b"this is not a clip")
    upload(page, broken)
    expect(page.locator("#status")).to_contain_text("not a video or sound file", timeout=WAIT_MS)
    assert page.locator("#status b").count() == 0  # a name is text, never markup
    upload(page, write_clip(tmp_path / "long.mp4", seconds=660, fps=1, gop=500))
    expect(page.locator("#status")).to_contain_text("lasts 11 minutes; this page takes up to 10", timeout=WAIT_MS)
    expect(page.locator("#results")).to_be_hidden()
    analyse(page, clip)
    analyse(page, write_clip(tmp_path / "tone.mp3", picture=None, sound=tone(2.0), audio_codec="mp3"))
    expect(page.locator("#notes")).to_contain_text("no picture")
    assert "picture missing" in (page.locator(".tl-seg").first.get_attribute("aria-label") or "")


def test_asked_for_nothing_it_says_so_and_leaves_the_example(page: Page) -> None:
    options(page, 5)
    page.locator("#again").click()
    expect(page.locator("#status")).to_contain_text("Choose a clip first")
    expect(page.locator("#timeline .tl-seg")).to_have_count(10)
    expect(page.locator("#answer")).to_contain_text("lion")


def test_cancel_stops_and_the_next_analysis_works(page: Page, clip: Path) -> None:
    options(page, 60)
    upload(page, clip)
    page.locator("#cancel").click(timeout=WAIT_MS)
    expect(page.locator("#status")).to_contain_text("Cancelled", timeout=WAIT_MS)
    options(page, 3)
    page.locator("#again").click()
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(page.locator("#timeline .tl-seg")).to_have_count(3, timeout=WAIT_MS)


def test_the_whole_curve_can_be_drawn(page: Page, clip: Path) -> None:
    options(page, 4)
    analyse(page, clip)
    page.locator("[data-curve]").click()
    expect(page.locator("#whatif svg circle")).to_have_count(16, timeout=WAIT_MS)
    expect(page.locator("[data-curve]")).to_have_count(0)


def test_what_browsers_do_not_play_gets_a_preview(page: Page, tmp_path: Path) -> None:
    analyse(page, write_clip(tmp_path / "camera.avi", seconds=2.0, codec="mpeg4", sound=tone(2.0), audio_codec="mp3"))
    expect(page.locator(".player-remark")).to_contain_text("lighter copy", timeout=WAIT_MS)
    page.wait_for_function("document.getElementById('clip-player').videoWidth > 0")
    page.locator(".tl-seg").last.click(position={"x": 8, "y": 100})
    wait_for_position(page, start_of(page, 9))


def test_a_clip_can_be_recorded_with_camera_and_microphone(page: Page) -> None:
    record = page.locator("[data-record]")
    record.click()
    expect(page.locator(".record-say")).to_contain_text("Recording with sound")
    page.wait_for_timeout(3000)
    record.click()
    expect(page.locator("#banner")).to_contain_text("recording.webm", timeout=WAIT_MS)
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(page.locator("#model")).to_contain_text("with sound", timeout=WAIT_MS)


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("segments", [3, 60])
def test_few_and_many_segments_stay_readable(page: Page, clip: Path, segments: int, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    options(page, segments)
    analyse(page, clip)
    boxes = page.locator(".tl-seg").evaluate_all("all => all.map(s => s.getBoundingClientRect())")
    assert len(boxes) == segments
    assert min(box["width"] for box in boxes) >= 9
    assert all(b["left"] - a["left"] >= 9 for a, b in pairwise(boxes))  # no two lie on each other
    assert any(page.locator(".tl-answer b, .tl-stretch b").all_inner_texts())
    expect(page.locator(".tl-table tbody tr")).to_have_count(segments)
    assert sideways(page) <= 1
    tab_to(page, ".tl-seg")
    page.keyboard.press("End")  # the far end scrolls into sight, and stays below the lanes' names
    page.wait_for_function("""() => {
        const seen = document.activeElement.getBoundingClientRect();
        return seen.left >= 0 && seen.right <= innerWidth;
    }""")


def sideways(page: Page) -> int:
    """By how many pixels the whole page could be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_the_focus_is_always_seen_and_goes_down_the_page(page: Page) -> None:
    page.locator("#options button").first.click()
    page.locator("h1").click()
    stops = []
    while len(stops) < 100:
        page.keyboard.press("Tab")
        stop = page.evaluate("""() => {
            const at = document.activeElement;
            if (at === document.body) return null;
            const rings = [at, at.closest("label")].filter(Boolean).map((e) => getComputedStyle(e));
            const ring = rings.some((r) => r.outlineStyle !== "none" && parseFloat(r.outlineWidth) >= 2);
            const card = at.closest(".card, #head");
            const cards = [...document.querySelectorAll("#head, .card")];
            const own = at.tagName === "VIDEO";  // the player's buttons are the browser's, and so are their rings
            return { ring: ring || own, card: cards.indexOf(card), what: at.outerHTML.slice(0, 120) };
        }""")
        if stop is None:
            break
        stops.append(stop)
    assert 20 < len(stops) < 100
    assert [stop["what"] for stop in stops if not stop["ring"]] == []
    assert all(a["card"] <= b["card"] for a, b in pairwise(stops))


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_state_fits_and_has_no_fault_that_axe_knows(
    visit: Callable[..., Page], clip: Path, tmp_path: Path, width: int, theme: str
) -> None:
    page = visit(f"/?__theme={theme}", width)
    page.locator(".tl-bar .tl-switch").first.wait_for()
    assert page.evaluate("document.body.classList.contains('dark')") == (theme == "dark")

    def sound() -> None:
        page.wait_for_timeout(300)  # colours that fade have arrived
        assert faults(page) == []
        assert sideways(page) <= 1  # the timeline scrolls sideways by itself, the page does not

    sound()
    targets = page.locator("#ways button:visible, .tl-bar button, .whatif button, #examples button").evaluate_all(
        "all => all.map(b => [b.textContent, b.getBoundingClientRect().height])"
    )
    assert all(height >= 24 for _, height in targets), targets
    analyse(page, clip)
    sound()
    page.locator(".tl-bar [data-open]").click()
    page.locator(".opened [data-explain]").click()
    expect(page.locator(".opened img.light").first).to_be_visible(timeout=WAIT_MS)
    sound()
    page.locator("#compare").click()
    expect(page.locator("#compared .verdict")).to_be_visible(timeout=WAIT_MS)
    sound()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is not a clip")
    upload(page, broken)
    expect(page.locator("#status")).to_contain_text("not a video or sound file", timeout=WAIT_MS)
    sound()


def test_five_visitors_at_once_see_their_own_clip_and_no_other(visit: Callable[..., Page], tmp_path: Path) -> None:
    clips = [
        write_clip(
            tmp_path / f"of-visitor-{i}.mp4", seconds=2.0 + 0.5 * i, sound=tone(2.0 + 0.5 * i, hertz=200 + 250 * i)
        )
        for i in range(5)
    ]
    pages = [visit() for _ in clips]
    for page, path in zip(pages, clips, strict=True):
        upload(page, path)
    for page, path in zip(pages, clips, strict=True):
        expect(page.locator("#model")).to_contain_text(path.name, timeout=WAIT_MS)
        with page.expect_download(timeout=WAIT_MS) as download:
            page.locator("#take-json").click()
        assert json.loads(Path(download.value.path()).read_text())["clip"]["name"] == path.name
        shown = page.content()
        assert [other.name for other in clips if other.name in shown] == [path.name]


def test_another_model_says_what_it_knows_and_judges_the_clip_anew(page: Page, clip: Path) -> None:
    expect(page.locator("#known")).to_contain_text("4 things: cat, dog, drum and sea waves")
    page.get_by_role("radio", name="toy-indoors (5 things)").check()
    expect(page.locator("#known")).to_contain_text("5 things: cat, clock, drum, piano and radio")
    expect(page.locator("#banner")).to_contain_text("Recorded example")  # which no press has replaced
    analyse(page, clip)
    expect(page.locator("#model")).to_contain_text("toy-indoors, version 0")
    page.get_by_role("radio", name="toy (4 things)").check()
    expect(page.locator("#model")).to_contain_text("toy, version 0", timeout=WAIT_MS)
    named = page.locator("#answer .rank-name").all_inner_texts()
    assert set(named) <= {"cat", "dog", "drum", "sea waves"}
