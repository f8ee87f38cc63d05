"""The budget in compute on the page: its slider, what follows it, and the way back."""

import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.page.accessibility import faults
from tests.page.actions import WAIT_MS, analyze, options, sideways, tab_to


def looks(page: Page) -> int:
    return page.locator('#timeline .tl-seg[data-rgb="used"]').count()


def test_a_budget_limits_the_looks_by_keyboard_and_everything_follows(page: Page, clip: Path) -> None:
    analyze(page, clip)
    slider, state = page.locator("#budget-slider"), page.locator("#whatif .whatif-state")
    expect(page.locator("#budget-value")).to_have_text("none, AdaMML decides")
    assert re.fullmatch(r"no budget: AdaMML decides, .+ of compute", slider.get_attribute("aria-valuetext") or "")
    own = looks(page)

    tab_to(page, "#budget-slider")
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "5\u00a0% of compute")
    expect(page.locator("#budget-value")).to_have_text("at least one look, 10\u00a0% of this clip")
    expect(state).to_contain_text("at least one look, 10\u00a0% of this clip:", timeout=WAIT_MS)
    assert looks(page) == 1
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(state).to_contain_text("at most 20\u00a0% of everything’s compute, 2 looks:", timeout=WAIT_MS)
    expect(slider).to_be_focused()
    expect(page.locator("#budget-value")).to_have_text("at most 20\u00a0% of everything’s compute, 2 looks")
    expect(slider).to_have_attribute("aria-valuetext", "20\u00a0% of compute")
    assert looks(page) == 2
    expect(page.locator("#budget-took")).to_contain_text("2 of 10 looks")
    expect(page.locator("#savings")).to_contain_text("Anytime, looks at 20")
    expect(page.locator("#answer")).to_contain_text("It looked at 2 of 10 segments")
    expect(page.locator(".tl-hand")).to_have_count(0)  # nobody has switched anything
    assert faults(page) == []

    # Cells are switched within it; the comparison takes what is shown.
    page.locator('#timeline .tl-seg[data-rgb="used"]').first.locator(".tl-rgb .tl-badge").click()
    expect(state).to_contain_text("1 cell switched", timeout=WAIT_MS)
    page.locator("#whatif [data-curve]").click()
    expect(page.locator("#whatif svg circle")).to_have_count(20, timeout=WAIT_MS)

    page.locator("#budget [data-reset]").click()
    expect(state).to_contain_text("Nothing is switched: this is what AdaMML chose", timeout=WAIT_MS)
    expect(page.locator("#budget-value")).to_have_text("none, AdaMML decides")
    assert looks(page) == own
    for width in (390, 1024):
        page.set_viewport_size({"width": width, "height": 900})
        assert sideways(page) <= 1


def test_the_next_clip_begins_without_a_budget(page: Page, clip: Path) -> None:
    options(page, 4)
    analyze(page, clip)
    page.locator("#budget-slider").press("Home")
    expect(page.locator("#budget-value")).to_contain_text("at least one look, 25\u00a0%")
    expect(page.locator("#whatif")).to_contain_text("at least one look, 25\u00a0%", timeout=WAIT_MS)
    analyze(page, clip)
    expect(page.locator("#budget-value")).to_have_text("none, AdaMML decides", timeout=WAIT_MS)


def test_a_budget_comes_and_goes_by_link(page: Page, address: str) -> None:
    page.goto(f"{address}/?clip=drums_on_stage&policy=adamml&segments=5&budget=0.4")
    expect(page.locator("#whatif .whatif-state")).to_contain_text("at most 40\u00a0%", timeout=WAIT_MS)
    assert looks(page) == 2
    page.locator("#take-link").click()
    expect(page.locator("#taken input")).to_have_value(page.url)


def test_the_threshold_is_an_option_of_the_learned_policy(page: Page, clip: Path) -> None:
    options(page, 5)
    page.locator("#threshold input[type=number]").fill("0")
    page.locator("#threshold input[type=number]").press("Tab")
    analyze(page, clip)
    # A clip of one's own begins as usual; the threshold is for the next look at it.
    expect(page.locator("#threshold input[type=number]")).to_have_value("0.5")
    page.locator("#threshold input[type=number]").fill("0")
    page.locator("#threshold input[type=number]").press("Tab")
    page.locator("#again").click()
    expect(page.locator("#savings")).to_contain_text("AdaMML at 0.00", timeout=WAIT_MS)
    assert looks(page) == 5


def test_a_file_asked_for_right_after_the_budget_holds_what_the_budget_gives(page: Page, clip: Path) -> None:
    options(page, 4)
    analyze(page, clip)
    with page.expect_download(timeout=WAIT_MS) as download:
        page.evaluate("""() => {
            const slider = document.getElementById("budget-slider");
            slider.value = 5;
            for (const kind of ["input", "change"]) slider.dispatchEvent(new Event(kind, { bubbles: true }));
            document.getElementById("take-json").click();
        }""")
    assert download.value.suggested_filename.endswith("-anytime-5.json")
    taken = json.loads(Path(download.value.path()).read_text())
    assert sum(segment["decisions"]["rgb"] for segment in taken["segments"]) == 1
