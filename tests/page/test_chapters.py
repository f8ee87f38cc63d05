"""Chapters below the timeline: what a clip is from when on."""

import re

from playwright.sync_api import Page, expect

from adamml import ClipFacts
from app.timeline import timeline
from app.timeline_model import Cell, Row, TimelineModel
from tests.page.accessibility import faults
from tests.page.actions import sideways, wait_for_position


def view(said: str, *, duration: float = 90.0, offset: float = 0.0, live: bool = False) -> TimelineModel:
    """One segment per letter: g or d."""
    names = {"g": "playing guitar", "d": "playing drums"}
    step = duration / len(said)
    rows = tuple(
        Row(
            index=i,
            start=i * step,
            end=i * step + 1,
            cells={m: Cell(state="used", probability=0.9, policy=True) for m in ("rgb", "audio")},
            label=names[letter],
            score=0.9,
            scores={name: 0.9 if name == names[letter] else 0.1 for name in names.values()},
        )
        for i, letter in enumerate(said)
    )
    clip = ClipFacts(name="long.mp4", duration=duration, has_video=True, has_audio=True)
    return TimelineModel(clip=clip, rows=rows, label="playing guitar", score=0.6, offset=offset, live=live)


def test_only_long_clips_with_several_answers_have_chapters() -> None:
    assert timeline(view("gggddd")).count("data-seek") == 2
    assert "data-seek" not in timeline(view("gggddd", duration=20.0))
    assert timeline(view("g" * 15 + "d" * 15, duration=20.0)).count("data-seek") == 2
    assert "data-seek" not in timeline(view("gggggg"))
    assert "data-seek" not in timeline(view("gggddd", live=True))
    # The clip is a part that begins a minute into its file.
    assert re.findall(r"<span>([0-9:]+)</span> playing", timeline(view("gggddd", offset=60.0))) == ["1:00", "1:45"]


def test_a_chapter_leads_to_its_beginning_by_mouse_and_keyboard(page: Page) -> None:
    # Put where results are put: what the model of these tests answers is never certain.
    html = timeline(view("gggddd"))
    page.locator("#timeline .tl").evaluate("(e, html) => { e.outerHTML = html; }", html)
    buttons = page.get_by_role("navigation", name="Chapters").get_by_role("button")
    expect(buttons).to_have_text(["0:00 playing guitar", "0:45 playing drums"])
    page.evaluate("Object.defineProperty(document.getElementById('clip-player'), 'currentTime', { writable: true })")
    buttons.nth(1).click()
    wait_for_position(page, 45.0)
    expect(buttons.nth(1)).to_have_attribute("aria-current", "true")
    expect(page.locator(".tl-seg").nth(3)).to_have_class(re.compile("is-selected"))
    buttons.first.focus()
    page.keyboard.press("Enter")
    wait_for_position(page, 0.0)
    expect(buttons.first).to_have_attribute("aria-current", "true")
    assert faults(page) == []
    # In cells as narrow as those of a long clip, a short word stays whole.
    many = timeline(view("gd" * 10, duration=300.0)).replace("playing guitar", "drum")
    page.locator("#timeline .tl").evaluate("(e, html) => { e.outerHTML = html; }", many)
    lines = "e => { const r = document.createRange(); r.selectNodeContents(e); return r.getClientRects().length; }"
    word = page.locator("#timeline .tl-answer b").first
    expect(word).to_have_text("drum")
    assert word.evaluate(lines) == 1
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert sideways(page) <= 1
