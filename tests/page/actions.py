"""What a visitor's hands do, and what their eyes check."""

from pathlib import Path

from playwright.sync_api import Page, expect

WAIT_MS = 120_000


def upload(page: Page, path: Path) -> None:
    page.locator("#ways input[type=file]").set_input_files(path)


def analyze(page: Page, path: Path) -> None:
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


def sideways(page: Page) -> int:
    """By how many pixels the whole page could be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def height_of(page: Page, selector: str) -> float:
    """Where an element begins on the whole page, in pixels from its top."""
    return page.evaluate("s => document.querySelector(s).getBoundingClientRect().top + scrollY", selector)
