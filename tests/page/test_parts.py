"""A clip that is too long to be analyzed whole: a part of it is chosen on its filmstrip."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.clips import tone, write_clip
from tests.page.accessibility import faults
from tests.page.actions import WAIT_MS, options, start_of, upload, wait_for_position


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """11 minutes, one more than this page analyzes at once."""
    sound = tone(660.0, rate=8000)
    return write_clip(tmp_path_factory.mktemp("long") / "long.mp4", seconds=660, fps=1, gop=10, sound=sound, rate=8000)


def window(page: Page) -> tuple[float, str]:
    slider = page.locator(".part-window")
    return float(slider.get_attribute("aria-valuenow") or "nan"), slider.get_attribute("aria-valuetext") or ""


def patient(page: Page) -> None:
    """A clip whose length the browser does not tell within 3 s is sent; a busy browser tells later."""
    page.evaluate(
        "const set = setTimeout; window.setTimeout = (f, ms, ...rest) => ms === 3000 ? 0 : set(f, ms, ...rest)"
    )


def test_a_part_of_a_clip_that_is_too_long_is_chosen_and_analyzed(page: Page, long_clip: Path) -> None:
    patient(page)
    uploads: list[str] = []
    page.on("request", lambda r: uploads.append(r.url) if r.url.endswith("/upload") else None)
    options(page, 3)
    upload(page, long_clip)
    expect(page.locator(".part-say")).to_contain_text("long.mp4 lasts 11:00, and up to 10:00 of it", timeout=WAIT_MS)
    page.wait_for_function("Number(document.querySelector('.part canvas').dataset.drawn) >= 5")
    assert uploads == []  # the filmstrip is drawn from the visitor's own disk
    expect(page.locator("#banner")).to_contain_text("Recorded example")  # which stays until then
    expect(page.locator("#answer")).to_contain_text("playing keyboard")
    assert faults(page) == []

    expect(page.locator(".part-window")).to_be_focused()
    assert window(page) == (0.0, "from 0 seconds to 10 minutes")
    page.keyboard.press("ArrowRight")
    assert window(page) == (1.0, "from 1 second to 10 minutes 1 second")
    page.keyboard.press("End")
    assert window(page) == (60.0, "from 1 minute to 11 minutes")
    box, frame = (page.locator(s).bounding_box() for s in (".part-film", ".part-window"))
    assert box is not None
    assert frame is not None
    page.mouse.move(frame["x"] + 100, frame["y"] + 20)
    page.mouse.down()
    page.mouse.move(frame["x"] + 100 - box["width"] * 30 / 660, frame["y"] + 20, steps=3)
    page.mouse.up()
    start, _ = window(page)
    assert start == pytest.approx(30.0, abs=1.5)

    page.locator("[data-part-analyze]").click()
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    assert len(uploads) == 1
    expect(page.locator("#banner")).to_contain_text("0:30 to 10:30 of 11:00")
    expect(page.locator("#notes")).to_contain_text("Only 0:30 to 10:30 of the file was analyzed")
    label = page.locator(".tl-seg").nth(1).get_attribute("aria-label") or ""
    said = re.search(r"Segment 2, ([\d.]+) to", label)
    assert said is not None
    begins = start_of(page, 1)
    assert float(said[1]) == pytest.approx(begins + start, abs=0.06)  # the file's own time
    page.locator(".tl-seg").first.focus()  # its cells are narrow: a press beside an icon is hard to aim
    page.keyboard.press("ArrowRight")
    wait_for_position(page, begins + start)
    expect(page.locator("#clip-now")).to_contain_text(f"{begins + start:.1f} s")
    expect(page.locator(".tl-bar")).to_contain_text(f"{begins + start:.1f} to")
    with page.expect_download(timeout=WAIT_MS) as download:
        page.locator("#take-json").click()
    assert download.value.suggested_filename == "long-0-30-to-10-30-adamml.json"
    taken = json.loads(Path(download.value.path()).read_text())
    assert taken["clip"]["duration"] == pytest.approx(600.0, abs=1.1)
    assert any(f"Only {start:.2f} s to" in note for note in taken["notes"])

    # Another part of the same file needs no second upload; what is shown stays until it is asked for.
    page.locator("[data-another-part]").click()
    assert window(page)[0] == pytest.approx(start, abs=0.11)
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator("#banner")).to_contain_text("0:00 to 10:00 of 11:00", timeout=WAIT_MS)
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    assert len(uploads) == 1


def test_what_the_browser_cannot_read_is_offered_by_the_server_and_can_be_left(page: Page, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "camera.avi", seconds=620, fps=1, gop=10, codec="mpeg4")
    upload(page, path)
    expect(page.locator(".part-say")).to_contain_text("camera.avi lasts 10:20", timeout=WAIT_MS)
    expect(page.locator("#banner")).to_contain_text("Recorded example")
    page.keyboard.press("Escape")
    expect(page.locator(".part")).to_be_hidden()
    expect(page.locator("#answer")).to_contain_text("playing keyboard")


@pytest.mark.parametrize("width", [390, 1440])
def test_a_finger_moves_the_part(visit: Callable[..., Page], long_clip: Path, width: int) -> None:
    page = visit(width=width)
    upload(page, long_clip)
    page.locator(".part:not([hidden])").wait_for()
    box = page.locator(".part-film").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    y = box["y"] + 30
    for kind, share in (("touchStart", 0.4), ("touchMove", 0.43), ("touchMove", 0.46)):
        points = [{"x": box["x"] + box["width"] * share, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert window(page)[0] == pytest.approx(660 * 0.06, abs=3)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 1
