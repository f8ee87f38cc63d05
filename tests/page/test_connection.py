"""The connection to the server breaks: the page says so, keeps what is there, and goes on when the server answers."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.accessibility import faults
from tests.page.actions import WAIT_MS, analyze, options, upload


class Cable:
    """A way to the server that can be cut: what goes through breaks off, and nothing new comes through until `mend`."""

    def __init__(self, address: str) -> None:
        self.server = ("127.0.0.1", int(address.rpartition(":")[2]))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.whole, self.most, self.lock = True, 0, threading.Lock()
        self.open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        with self.lock:
            self.whole = False
            for end in self.open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self.open.clear()

    def cut_after(self, sent: int) -> None:
        """Cut it as soon as a browser has sent so many bytes through one connection."""
        self.most = sent

    def mend(self) -> None:
        self.most, self.whole = 0, True

    def close(self) -> None:
        self.listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                with self.lock:
                    if not self.whole:
                        near.close()
                        continue
                    far = socket.create_connection(self.server)
                    self.open |= {near, far}
                for way in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._carry, args=way, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        carried = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                carried += len(data)
                if up and self.most and carried > self.most:
                    return self.cut()
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cable(address: str) -> Iterator[Cable]:
    cable = Cable(address)
    yield cable
    cable.close()


@pytest.fixture
def page(browser: Browser, cable: Cable) -> Iterator[Page]:
    """One visitor at the other end of the cable; whether the page was loaded anew can be told."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(cable.address)
    page.locator("#timeline .tl-seg").first.wait_for()
    page.wait_for_function("document.querySelector('.lost') && window.gradio_config.app_id")
    page.evaluate("window.stays = true")
    yield page
    context.close()
    assert errors == []


def stays(page: Page) -> bool:
    return page.evaluate("window.stays === true")


def test_a_lost_connection_is_said_and_the_analysis_can_be_made_again(page: Page, cable: Cable, clip: Path) -> None:
    options(page, 60)
    upload(page, clip)
    page.locator(".tl.is-live .tl-seg[data-label]:not([data-label=''])").first.wait_for()
    cable.cut()
    said = page.locator(".lost")
    expect(said).to_contain_text(re.compile(r"server was lost\. The analysis stopped with \d+ of 60 segments answered"))
    expect(page.locator(".lost [data-send-again]")).to_be_hidden()
    expect(page.locator("#timeline .tl-seg")).to_have_count(60)
    assert page.locator("#timeline .tl-seg[data-label]:not([data-label=''])").count() > 0
    expect(page.locator("#answer")).to_contain_text("So far")
    expect(page.locator("#banner")).to_contain_text(clip.name)
    expect(page.locator("#status")).to_be_hidden()
    expect(page.locator("#cancel")).to_be_hidden()
    expect(page.locator("[data-testid=toast-body]")).to_have_count(0)
    assert faults(page) == []

    cable.mend()
    expect(said).to_contain_text("The server answers again", timeout=WAIT_MS)
    assert stays(page)
    expect(page.locator("#status")).not_to_contain_text("Done")
    expect(page.locator("#timeline .tl-seg")).to_have_count(60)
    said.get_by_role("button", name="Try again").click()
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(said).to_be_hidden()
    expect(page.locator("#timeline .tl-seg")).to_have_count(60)
    expect(page.locator("#whatif .whatif")).to_be_visible(timeout=WAIT_MS)
    assert stays(page)


def test_an_upload_that_was_cut_off_says_so_and_can_be_tried_again(page: Page, cable: Cable, tmp_path: Path) -> None:
    path = tmp_path / "half way.wav"
    path.write_bytes(b"RIFF" + bytes(6_000_000))
    cable.cut_after(1_000_000)
    upload(page, path)
    problem = page.locator(".incoming-problem")
    expect(problem).to_contain_text("The connection broke while half way.wav was sent, so it was cut off")
    expect(page.locator(".incoming")).to_be_hidden()
    expect(page.locator("#banner")).to_contain_text("Recorded example")
    expect(page.locator("#answer")).to_contain_text("playing keyboard")
    problem.get_by_role("button", name="Try again").click()
    expect(problem).to_contain_text("was cut off")  # there is still no server
    cable.mend()
    problem.get_by_role("button", name="Try again").click()
    # Sent whole this time: it is the server that finds out that this is no sound.
    expect(page.locator("#status")).to_contain_text("half way.wav", timeout=WAIT_MS)
    expect(problem).to_be_empty()
    assert stays(page)


def test_what_was_switched_meanwhile_is_computed_when_the_connection_is_back(page: Page, cable: Cable) -> None:
    cable.cut()
    page.locator("#timeline .tl-seg").nth(2).locator(".tl-audio .tl-badge").click()
    expect(page.locator(".lost")).to_contain_text("What is shown stays here")
    expect(page.locator("#answer")).to_contain_text("playing keyboard")
    cable.mend()
    expect(page.locator("#whatif")).to_contain_text("1 cell switched", timeout=WAIT_MS)
    expect(page.locator(".lost")).to_be_hidden()  # nothing was stopped, so there is nothing to try again
    assert stays(page)


def test_a_server_that_was_started_anew_is_asked_nothing_before_it_has_the_clip(
    page: Page, cable: Cable, clip: Path
) -> None:
    options(page, 4)
    analyze(page, clip)
    expect(page.locator("#rivals .status")).to_have_count(0, timeout=WAIT_MS)
    answer = page.locator("#answer .answer-label").inner_text()
    page.route("**/gradio_api/app_id", lambda route: route.fulfill(json={"app_id": 1}))
    cable.cut()
    page.locator("#timeline .tl-seg").nth(2).locator(".tl-rgb .tl-badge").click()
    expect(page.locator(".lost")).to_contain_text("The server answers again", timeout=WAIT_MS)
    cable.mend()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/queue/join" in r.url else None)
    page.locator("#timeline .tl-seg").nth(1).locator(".tl-rgb .tl-badge").click()
    assert asked == []
    expect(page.locator("#banner")).to_contain_text(clip.name)
    expect(page.locator("#answer .answer-label")).to_have_text(answer)
    with page.expect_request(lambda r: "/queue/join" in r.url, timeout=WAIT_MS):
        page.locator(".lost [data-send-again]").click()
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(page.locator("#whatif")).to_contain_text("Nothing is switched", timeout=WAIT_MS)
