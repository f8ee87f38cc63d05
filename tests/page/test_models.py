"""Models of many classes on the page: the search field, what was heard, and examples that follow the model."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.page.accessibility import faults
from tests.page.actions import WAIT_MS, analyze, sideways, tab_to

HEARING = "kinetics-400 (40 actions)"


def test_a_search_field_finds_a_class_by_keyboard(page: Page) -> None:
    page.get_by_role("radio", name=HEARING).check()
    expect(page.locator("#known-count")).to_have_text("All 567 are listed.")
    tab_to(page, "#known-search")
    page.keyboard.type("3 playing")
    expect(page.locator("#known-count")).to_have_text("1 of 567 fit.")
    expect(page.locator("#known-list li:visible")).to_have_text(["playing 3"])
    page.keyboard.type("zebra")
    expect(page.locator("#known-count")).to_have_text("None of 567 fits.")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    expect(page.locator("#known-list li:visible")).to_have_count(567)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "known-list"  # whose content scrolls by arrow keys
    assert faults(page) == []


def test_what_was_heard_stands_beside_the_answer_and_in_the_segment(page: Page, clip: Path) -> None:
    page.get_by_role("radio", name=HEARING).check()
    expect(page.locator("#known-count")).to_be_visible()
    analyze(page, clip)
    expect(page.locator("#answer .heard li")).to_have_count(5)
    expect(page.locator("#answer .ranked li")).to_have_count(5)
    page.locator(".tl-bar [data-open]").click()
    expect(page.locator(".opened .frames img")).to_have_count(8, timeout=WAIT_MS)
    if page.locator('.tl-seg[data-index="0"]').get_attribute("data-audio") == "used":
        expect(page.locator(".opened .heard-here")).to_be_visible()
    assert faults(page) == []
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_timeout(300)
    assert sideways(page) <= 1


def test_examples_follow_the_model_and_are_fetched_only_when_pressed(page: Page) -> None:
    examples = page.locator("#examples button:visible")
    expect(examples.filter(has_text="Lion after dark")).to_have_count(1)
    page.get_by_role("radio", name=HEARING).check()
    expect(examples.filter(has_text="Lion after dark")).to_have_count(0)
    expect(examples.first).to_have_text("Pianist lights out")
    far = examples.filter(has_text="Basketball free throw")
    expect(far).to_have_text("Basketball free throw: fetch 0.1 MB from 127.0.0.1")
    gone = examples.filter(has_text="Start of a marathon")
    gone.click()
    expect(page.locator("#status [role=alert]")).to_contain_text("cannot be fetched", timeout=WAIT_MS)
    expect(page.locator("#banner")).to_contain_text("Recorded example")
    far.click()
    expect(page.locator("#banner")).to_contain_text("basketball_free_throw.mp4", timeout=WAIT_MS)
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(page.locator("#take-link")).to_be_enabled()
    expect(far).to_have_text("Basketball free throw")


def test_a_link_names_the_model(visit: Callable[..., Page]) -> None:
    page = visit("/?clip=pianist_muted&segments=2&policy=all")
    expect(page.get_by_role("radio", name=HEARING)).to_be_checked()
    expect(page.locator("#known-count")).to_be_visible()
    expect(page.locator("#model")).to_contain_text("kinetics-400, version 0", timeout=WAIT_MS)
    page.goto(page.url.split("?")[0] + "?clip=pianist_muted&segments=2&model=toy-indoors")
    expect(page.locator("#model")).to_contain_text("toy-indoors, version 0", timeout=WAIT_MS)
