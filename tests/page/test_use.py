"""Using the page: uploads, keys, pointer, what if, cancel, other models, many visitors."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.clips import tone, write_clip
from tests.page.actions import WAIT_MS, analyze, height_of, options, start_of, tab_to, upload, wait_for_position


def test_a_worked_example_is_there_before_anything_is_pressed(page: Page) -> None:
    expect(page.locator("#banner")).to_contain_text("Recorded example: Pianist lights out")
    expect(page.locator("#answer .answer-label")).to_contain_text("playing keyboard")
    expect(page.locator("#timeline .tl-seg")).to_have_count(10)
    expect(page.locator(".tl-table tbody tr")).to_have_count(10)
    expect(page.locator("#answer .answer-rgb")).to_contain_text("RGB only, looking at every segment, says the same")
    expect(page.locator("#savings .main-svg").first).to_be_visible()
    expect(page.locator("#whatif svg circle")).not_to_have_count(0)
    page.wait_for_function("document.getElementById('clip-player').readyState > 0")
    expect(page.get_by_role("button", name="Analyze your own clip")).to_be_visible()


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
    page.keyboard.press("End")
    expect(page.locator("#answer")).to_contain_text("It looked at 10 of 10 segments", timeout=WAIT_MS)
    expect(page.locator("#budget-slider")).to_be_focused()

    tab_to(page, "#compare-more button")
    page.keyboard.press("Enter")
    tab_to(page, "#compare")
    page.keyboard.press("Enter")
    expect(page.locator("#compared .verdict")).to_contain_text("answer", timeout=WAIT_MS)
    expect(page.locator("#compared .versus")).to_contain_text("RGB only")


def test_space_opens_the_file_chooser_too(page: Page) -> None:
    tab_to(page, "#upload")
    with page.expect_file_chooser(timeout=30_000):
        page.keyboard.press("Space")


def test_pointing_seeks_scrubs_switches_opens_and_explains(page: Page, clip: Path) -> None:
    analyze(page, clip)
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
    ran.dblclick(position={"x": 8, "y": 130})
    expect(page.locator(".opened .frames img")).to_have_count(8, timeout=WAIT_MS)
    expect(page.locator(".opened")).to_contain_text("kHz")
    expect(page.locator(".opened")).to_contain_text("billion MACs possible")
    page.locator(".opened [data-explain]").click()
    expect(page.locator(".opened img.light").first).to_be_visible(timeout=WAIT_MS)


def test_a_press_is_not_lost_when_a_result_arrives_before_it_is_let_go(page: Page, clip: Path) -> None:
    analyze(page, clip)
    segment = page.locator("#timeline .tl-seg").nth(2)
    page.locator("#timeline").scroll_into_view_if_needed()
    segment.locator(".tl-rgb .tl-badge").click()
    segment.locator(".tl-audio .tl-badge").hover()
    page.mouse.down()
    expect(page.locator("#whatif")).to_contain_text("1 cell switched", timeout=WAIT_MS)
    page.mouse.up()
    expect(page.locator("#whatif")).to_contain_text("2 cells switched", timeout=WAIT_MS)


def test_with_everything_off_something_is_run_and_the_page_says_so(page: Page, clip: Path) -> None:
    analyze(page, clip)
    segments = page.locator("#timeline .tl-seg")
    was = height_of(page, "#timeline")
    for modality in ("rgb", "audio"):
        for segment in segments.all():
            if segment.get_attribute(f"data-{modality}") == "used":
                segment.locator(f".tl-{modality} .tl-badge").click()
    expect(page.locator("#whatif")).to_contain_text("With everything off there would be no answer", timeout=WAIT_MS)
    assert height_of(page, "#timeline") == was  # playing moves nothing away under the pointer
    # Which leaves the result as it was perhaps: the page hears that all the same, and goes on answering.
    segments.nth(4).locator(".tl-rgb .tl-badge").click()
    expect(page.locator("#whatif")).to_contain_text("switched", timeout=WAIT_MS)
    expect(segments.nth(4)).to_have_attribute("data-rgb", "used", timeout=WAIT_MS)


def test_the_next_clip_needs_no_clearing_and_a_bad_one_says_why(page: Page, clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "<b>broken.mp4"
    broken.write_bytes(b"this is not a clip")
    upload(page, broken)
    expect(page.locator("#status")).to_contain_text("not a video or sound file", timeout=WAIT_MS)
    assert page.locator("#status b").count() == 0  # a name is text, never markup
    expect(page.locator("#banner")).to_contain_text("Recorded example")  # what is refused replaces nothing
    expect(page.locator("#timeline .tl-seg")).to_have_count(10)
    analyze(page, clip)
    analyze(page, write_clip(tmp_path / "tone.mp3", picture=None, sound=tone(2.0), audio_codec="mp3"))
    expect(page.locator("#notes")).to_contain_text("no picture")
    assert "picture missing" in (page.locator(".tl-seg").first.get_attribute("aria-label") or "")


def test_asked_for_nothing_it_says_so_and_leaves_the_example(page: Page) -> None:
    options(page, 5)
    page.locator("#again").click()
    expect(page.locator("#status")).to_contain_text("Choose a clip first")
    expect(page.locator("#timeline .tl-seg")).to_have_count(10)
    expect(page.locator("#answer")).to_contain_text("playing keyboard")


def test_cancel_stops_and_the_next_analysis_works(page: Page, clip: Path) -> None:
    options(page, 60)
    upload(page, clip)
    page.locator("#cancel").click(timeout=WAIT_MS)
    stopped = re.compile(r"Stopped: what to run was chosen in \d+ of 60 segments, and has answered \d+\.")
    expect(page.locator("#status")).to_contain_text(stopped, timeout=WAIT_MS)
    expect(page.locator("#timeline .tl-seg")).to_have_count(60)  # what was there stays
    page.locator("#continue").click()
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    options(page, 3)
    page.locator("#again").click()
    expect(page.locator("#timeline .tl-seg")).to_have_count(3, timeout=WAIT_MS)
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(page.locator("#timeline .tl-seg")).to_have_count(3, timeout=WAIT_MS)


def test_the_whole_curve_can_be_drawn(page: Page, clip: Path) -> None:
    options(page, 4)
    analyze(page, clip)
    page.locator("[data-curve]").click()
    expect(page.locator("#whatif svg circle")).to_have_count(20, timeout=WAIT_MS)
    expect(page.locator("[data-curve]")).to_have_count(0)


def test_what_browsers_do_not_play_gets_a_preview(page: Page, tmp_path: Path) -> None:
    analyze(page, write_clip(tmp_path / "camera.avi", seconds=2.0, codec="mpeg4", sound=tone(2.0), audio_codec="mp3"))
    expect(page.locator(".player-remark")).to_contain_text("lighter copy", timeout=WAIT_MS)
    page.wait_for_function("document.getElementById('clip-player').videoWidth > 0")
    page.locator(".tl-seg").last.click(position={"x": 8, "y": 100})
    wait_for_position(page, start_of(page, 9))


def test_a_clip_can_be_recorded_with_camera_and_microphone(page: Page) -> None:
    record = page.locator("[data-record]")
    record.click()
    expect(page.locator(".record-say")).to_contain_text("Recording starts in")
    expect(page.locator(".record-say")).to_contain_text("Recording with sound")
    page.wait_for_timeout(3000)
    record.click()
    expect(page.locator("#banner")).to_contain_text("recording.webm", timeout=WAIT_MS)
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(page.locator("#model")).to_contain_text("with sound", timeout=WAIT_MS)


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
    analyze(page, clip)
    expect(page.locator("#model")).to_contain_text("toy-indoors, version 0")
    page.get_by_role("radio", name="toy (4 things)").check()
    expect(page.locator("#model")).to_contain_text("toy, version 0", timeout=WAIT_MS)
    named = page.locator("#answer .rank-name").all_inner_texts()
    assert set(named) <= {"cat", "dog", "drum", "sea waves"}
