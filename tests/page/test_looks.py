"""What the page looks like: sizes, themes, focus, and faults that axe-core knows."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.page.accessibility import faults
from tests.page.actions import WAIT_MS, analyze, options, sideways, tab_to, upload


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("segments", [3, 60])
def test_few_and_many_segments_stay_readable(page: Page, clip: Path, segments: int, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    options(page, segments)
    analyze(page, clip)
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
            const card = at.closest(".card, #head, #drawing");
            const cards = [...document.querySelectorAll("#head, #drawing, .card")];
            const own = at.tagName === "VIDEO";  // the player's buttons are the browser's, and so are their rings
            return { ring: ring || own, card: cards.indexOf(card), what: at.outerHTML.slice(0, 120) };
        }""")
        if stop is None:
            break
        stops.append(stop)
    assert 20 < len(stops) < 100
    assert [stop["what"] for stop in stops if not stop["ring"]] == []
    assert all(a["card"] <= b["card"] for a, b in pairwise(stops))


@pytest.mark.parametrize(
    ("theme", "width"), [("light", 360), ("dark", 1440)]
)  # every color and every width is seen once
def test_every_state_fits_and_has_no_fault_that_axe_knows(
    visit: Callable[..., Page], clip: Path, tmp_path: Path, width: int, theme: str
) -> None:
    page = visit(f"/?__theme={theme}", width)
    page.locator(".tl-bar .tl-switch").first.wait_for()
    assert page.evaluate("document.body.classList.contains('dark')") == (theme == "dark")

    def sound() -> None:
        page.wait_for_timeout(300)  # colors that fade have arrived
        assert faults(page) == []
        assert sideways(page) <= 1  # the timeline scrolls sideways by itself, the page does not

    sound()
    targets = page.locator("#ways button:visible, .tl-bar button, .whatif button, #examples button").evaluate_all(
        "all => all.map(b => [b.textContent, b.getBoundingClientRect().height])"
    )
    assert all(height >= 24 for _, height in targets), targets
    analyze(page, clip)
    sound()
    page.locator(".tl-bar [data-open]").click()
    page.locator(".opened [data-explain]").click()
    expect(page.locator(".opened img.light").first).to_be_visible(timeout=WAIT_MS)
    sound()
    page.locator("#compare-more button").first.click()
    page.locator("#compare").click()
    expect(page.locator("#compared .verdict")).to_be_visible(timeout=WAIT_MS)
    sound()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is not a clip")
    upload(page, broken)
    expect(page.locator("#status")).to_contain_text("not a video or sound file", timeout=WAIT_MS)
    sound()
