"""Live in a browser with Chromium's own camera: pieces leave it while it is on, decisions come back, nothing stays."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.hostile.visitor import server
from tests.page.accessibility import faults
from tests.page.actions import WAIT_MS, sideways, tab_to

# Remembers every stream and recorder that the page makes.
WATCHED = """() => {
window.tracks = []; window.recorders = [];
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted);
  window.tracks.push(...stream.getTracks());
  return stream;
};
const Recorder = window.MediaRecorder;
window.MediaRecorder = class extends Recorder {
  constructor(...given) { super(...given); window.recorders.push(this); }
};
}"""
REFUSED = "() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', '%s'); }; }"

BROKEN = """() => {
  const ask = window.fetch;
  window.fetch = (what, how) => String(what).endsWith("/upload") ? Promise.reject(new TypeError("")) : ask(what, how);
}"""


@pytest.fixture(scope="module")
def address(temp: Path) -> Iterator[str]:
    """A server whose files can be looked at."""
    with server(temp, "--profile", "local") as (url, _):
        yield url


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    page = visit()
    page.evaluate(WATCHED)
    return page


def sent(page: Page) -> list[str]:
    """Every piece on its way to the server from now on."""
    pieces: list[str] = []
    page.on("request", lambda request: pieces.append(request.url) if request.url.endswith("/upload") else None)
    return pieces


def is_off(page: Page) -> bool:
    return page.evaluate(
        "window.tracks.every((track) => track.readyState === 'ended')"
        " && window.recorders.every((recorder) => recorder.state === 'inactive')"
    )


def cells(page: Page) -> int:
    return page.locator("#live-shown .lane-rgb").count()


def switch_on(page: Page) -> None:
    page.get_by_role("button", name="Live", exact=True).click()
    expect(page.locator("#live-shown .lane-rgb").nth(1)).to_be_visible(timeout=WAIT_MS)


def test_pieces_are_sent_while_it_is_on_and_their_decisions_appear(page: Page, temp: Path) -> None:
    pieces = sent(page)
    card = page.locator("#live-card")
    expect(card).to_be_hidden()
    below = page.evaluate("document.documentElement.scrollHeight")
    switch_on(page)
    assert page.evaluate("document.documentElement.scrollHeight") == below  # nothing is pushed down
    expect(card).to_contain_text("Camera and microphone are on.")
    expect(page.locator("#live-shown [data-behind]")).to_contain_text(" s")
    expect(card.locator(".live-facts")).to_contain_text("billion MACs so far")
    expect(card.locator(".live-facts")).to_contain_text("pieces answered")
    expect(card.get_by_role("img", name="Picture: run in")).to_be_visible()
    states = page.locator("#live-shown .lane-cell").evaluate_all("all => all.map((cell) => cell.className)")
    assert all(any(f"is-{what}" in state for what in ("used", "skipped", "missing")) for state in states)
    assert len(pieces) >= 2
    card.get_by_role("button", name="Stop").click()
    assert is_off(page)
    expect(card.get_by_role("alert")).to_have_text("Camera and microphone are off.")
    expect(card.get_by_role("button", name="Start again")).to_be_focused()
    expect(page.locator("#live-shown .lane-rgb").first).to_be_visible()  # what was decided stays to be read
    until = time.monotonic() + WAIT_MS / 1000
    while left := list(temp.rglob("piece*")):
        assert time.monotonic() < until, f"kept on the server: {left}"
        page.evaluate("new Promise((done) => requestAnimationFrame(done))")
    before = len(pieces)
    page.get_by_role("radio", name="RGB only", exact=True).check()
    expect(page.locator(".tl[data-fixed]")).to_have_count(1)
    assert len(pieces) == before


def test_it_can_be_switched_on_again_and_begins_anew(page: Page) -> None:
    switch_on(page)
    page.keyboard.press("Escape")
    expect(page.locator("#live-card")).to_be_hidden()
    assert is_off(page)
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_focused()
    switch_on(page)
    expect(page.locator("#live-card")).to_contain_text("Camera and microphone are on.")


def test_leaving_the_tab_switches_it_off(page: Page) -> None:
    switch_on(page)
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    assert is_off(page)
    expect(page.locator("#live-card").get_by_role("alert")).to_contain_text("You left this tab")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("NotAllowedError", "was not allowed to use camera and microphone"),
        ("NotFoundError", "No camera or microphone was found."),
        ("NotReadableError", "Another program is using"),
        ("AbortError", "could not be used"),
    ],
)
def test_why_there_is_no_picture_is_said(page: Page, fault: str, words: str) -> None:
    pieces = sent(page)
    page.evaluate(REFUSED % fault)
    page.get_by_role("button", name="Live", exact=True).click()
    expect(page.locator("#live-card").get_by_role("alert")).to_contain_text(words)
    expect(page.locator(".live-on")).to_be_hidden()
    assert pieces == []


def test_a_lost_connection_switches_it_off(page: Page) -> None:
    switch_on(page)
    page.evaluate(BROKEN)
    expect(page.locator("#live-card").get_by_role("alert")).to_contain_text("connection to the server was lost")
    assert is_off(page)


def test_it_is_reached_by_keyboard_and_told_to_screen_readers(page: Page) -> None:
    tab_to(page, "[data-live]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-live-stop]")).to_be_focused()
    expect(page.locator("#live-shown .lane-rgb").nth(1)).to_be_visible(timeout=WAIT_MS)
    assert page.locator("#live-shown [role=status], #live-shown [aria-live]").count() == 0  # not with every piece
    assert faults(page) == []
    page.keyboard.press("Enter")
    assert is_off(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_it_fits_and_is_readable_everywhere(visit: Callable[..., Page], width: int, scheme: str) -> None:
    page = visit(f"/?__theme={scheme}", width)
    switch_on(page)
    assert sideways(page) == 0
    box = page.locator("#live-card").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert faults(page) == []
