"""What visitors stumbled over once, each as they would meet it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.page.accessibility import faults
from tests.page.actions import WAIT_MS, analyze, options, sideways, tab_to, upload


def bytes_sent(page: Page) -> dict[str, int]:
    """Fetch the page anew; what each address took on the way, by name."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    names: dict[str, str] = {}
    sent: dict[str, int] = {}

    def finished(event: dict) -> None:
        sent[names.get(event["requestId"], "")] = event["encodedDataLength"]

    session.on("Network.responseReceived", lambda e: names.__setitem__(e["requestId"], e["response"]["url"]))
    session.on("Network.loadingFinished", finished)
    page.reload()
    page.locator("#timeline .tl-seg").first.wait_for()
    page.locator(".chart[data-drawn]").first.wait_for()
    return sent


def test_the_first_load_is_light_and_plotly_comes_after_it(page: Page) -> None:
    sent = bytes_sent(page)
    library = {name for name in sent if name.endswith("plotly.min.js")}
    assert len(library) == 1
    clips = {name for name in sent if "/file=" in name}
    assert sum(size for name, size in sent.items() if name not in library | clips) < 400_000


def test_nothing_jumps_while_the_page_loads(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((all) => all.getEntries().forEach((e) => {"
        "if (!e.hadRecentInput) window.shift += e.value; })).observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(address)
    page.locator(".chart[data-drawn]").nth(1).wait_for()
    assert page.evaluate("window.shift") < 0.1
    context.close()


def test_one_screen_shows_clip_timeline_answer_and_savings(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(".chart[data-drawn]").nth(1).wait_for()
    for part in ("#clip-player", ".tl-track", "#answer .ranked", "#way", "#savings .chart"):
        box = page.locator(part).first.bounding_box()
        assert box is not None
        assert box["y"] >= 0, part
        assert box["y"] + box["height"] <= 905, part
    source, lanes = (page.locator(f"#{name}-card").bounding_box() for name in ("source", "timeline"))
    assert source is not None
    assert lanes is not None
    assert (source["x"], source["width"]) == (lanes["x"], lanes["width"])


@pytest.mark.parametrize("width", [360, 390, 720, 1024, 1440])
def test_no_card_leaves_a_hole_beside_it(page: Page, width: int) -> None:
    """720 is 1440 at 200 % zoom."""
    page.set_viewport_size({"width": width, "height": 900})
    page.locator(".chart[data-drawn]").nth(1).wait_for()
    holes = page.evaluate("""() => {
        const seen = [...document.querySelectorAll(".card")].filter((c) => c.getClientRects().length);
        const boxes = seen.map((c) => c.getBoundingClientRect());
        const right = Math.max(...boxes.map((b) => b.right));
        return boxes.filter((b) => b.right < right - 2 && !boxes.some((o) => o.left >= b.right - 2
            && o.top < b.bottom && o.bottom > b.top)).map((b) => [b.left, b.top, b.width, b.height]);
    }""")
    assert holes == []
    assert sideways(page) <= 1


@pytest.mark.parametrize("width", [390, 1440])
def test_two_answers_beside_each_other_keep_to_their_boxes(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("radio", name="both", exact=True).check()
    expect(page.locator(".answer-half")).to_have_count(2)
    expect(page.locator(".tl-seg .tl-rival").first).to_be_visible()
    for part in ("#answer", "#savings", *([".tl-scroll"] if width > 1000 else [])):
        assert page.locator(part).evaluate("e => e.scrollWidth - e.clientWidth") <= 1, part


def test_the_switch_flips_in_place_and_keeps_both(page: Page, clip: Path) -> None:
    options(page, 4)
    analyze(page, clip)
    expect(page.locator("#answer .answer-rgb")).to_be_visible(timeout=WAIT_MS)  # RGB only ran by itself
    expect(page.locator("#savings")).not_to_contain_text("not run yet")
    own = page.locator("#answer .ranked").inner_text()
    page.get_by_role("radio", name="RGB only", exact=True).check()
    expect(page.locator("#timeline .tl-seg[data-rgb=used]")).to_have_count(4, timeout=WAIT_MS)
    expect(page.locator(".tl[data-fixed]")).to_have_count(1)
    page.get_by_role("radio", name="both", exact=True).check()
    expect(page.locator(".answer-half")).to_have_count(2, timeout=WAIT_MS)
    expect(page.locator(".tl-seg .tl-rival")).to_have_count(4)
    page.locator("#way").get_by_role("radio", name="AdaMML").check()
    expect(page.locator(".answer-half")).to_have_count(0, timeout=WAIT_MS)
    assert page.locator("#answer .ranked").inner_text() == own
    assert faults(page) == []


def test_the_next_clip_is_judged_by_the_usual_policy(page: Page, clip: Path) -> None:
    analyze(page, clip)
    options(page, 3)
    page.locator("#policy").get_by_role("radio", name=re.compile("RGB only")).check()
    page.locator("#again").click()
    expect(page.locator("#whatif")).to_contain_text("leaves nothing to choose", timeout=WAIT_MS)
    upload(page, clip)
    expect(page.locator("#whatif")).to_contain_text("what AdaMML chose", timeout=WAIT_MS)


def test_a_wrong_kind_of_file_is_refused_with_a_sentence(page: Page, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("no clip")
    upload(page, notes)
    problem = page.locator(".incoming-problem")
    expect(problem).to_have_text("notes.txt is no video or sound file, so it was not uploaded.")
    expect(problem).to_be_visible()
    expect(page.locator("[data-testid=toast-body]")).to_have_count(0)
    expect(page.locator("#banner")).to_contain_text("Recorded example")


def test_of_two_refusals_only_the_last_one_stands(page: Page, tmp_path: Path) -> None:
    broken, notes = tmp_path / "broken.mp4", tmp_path / "README.md"
    broken.write_bytes(b"nothing of a clip")
    notes.write_text("no clip")
    said, refused = page.locator("#status .is-problem"), page.locator(".incoming-problem")
    upload(page, broken)
    expect(said).to_be_visible()
    upload(page, notes)
    expect(refused).to_be_visible()
    expect(said).to_be_hidden()
    upload(page, broken)
    expect(said).to_be_visible()
    expect(refused).to_be_hidden()
    upload(page, notes)
    expect(refused).to_be_visible()
    page.locator("#examples button:visible").first.click()
    expect(refused).to_be_hidden()


def test_a_page_that_is_loaded_anew_says_what_was_there(page: Page, clip: Path) -> None:
    page.reload()
    page.locator("#timeline .tl-seg").first.wait_for()
    expect(page.locator(".record-say")).to_have_text("")
    options(page, 2)
    analyze(page, clip)
    page.reload()
    expect(page.locator(".record-say")).to_contain_text(f"{clip.name} was deleted with its result")
    page.locator("#examples button:visible").first.click()
    expect(page.locator(".record-say")).to_have_text("")
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    page.reload()
    expect(page.locator(".record-say")).to_contain_text("has to be analyzed once more")
    page.locator(".record-say button").click()
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)


def test_examples_that_wait_to_the_right_fade_out_there(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    row = page.locator("#examples")
    assert row.evaluate("e => e.scrollWidth > e.clientWidth")
    more = "e => getComputedStyle(e).getPropertyValue('--more')"
    assert row.evaluate(more) == "44px"
    row.evaluate("e => { e.scrollLeft = e.scrollWidth; }")
    page.wait_for_function("getComputedStyle(document.getElementById('examples')).getPropertyValue('--more') === '0px'")


def test_the_models_name_beside_the_answer_leads_to_its_card(page: Page) -> None:
    page.locator("#answer .answer-model").click()
    page.wait_for_function("document.getElementById('details-card').getBoundingClientRect().top < innerHeight")


def test_a_clip_is_seen_at_once_and_can_be_called_back(page: Page, clip: Path) -> None:
    held: list[Route] = []
    page.route("**/gradio_api/upload*", lambda route: held.append(route))
    took = page.evaluate("""async () => {
        const input = document.querySelector("#ways input[type=file]");
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(3e6)], "mine.mp4", { type: "video/mp4" }));
        input.files = files.files;
        const began = performance.now();
        input.dispatchEvent(new Event("change"));
        return document.querySelector(".incoming").hidden ? null : performance.now() - began;
    }""")
    assert took < 100
    expect(page.locator(".incoming [role=status]")).to_contain_text(re.compile(r"mine\.mp4: \d\.\d of 3\.0 MB"))
    page.locator(".incoming [data-stop]").click()
    expect(page.locator(".incoming")).to_be_hidden()
    expect(page.locator("#banner")).to_contain_text("Recorded example")


def test_what_is_said_of_the_answer_marks_eye_and_ear_in_this_tab_only(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.locator("[data-right='']").click()
    page.locator(".feedback input").fill("playing piano")
    before = len(asked)
    page.locator(".feedback form button").click()
    expect(page.locator("[data-told]")).to_contain_text("said “playing piano”")
    assert page.locator("#timeline .tl-audio[data-judged=right]").count() > 0
    assert page.locator("#timeline .tl-rgb[data-judged=wrong]").count() > 0
    assert [url for url in asked[before:] if "queue/join" in url] == []


def test_the_tour_is_led_and_left_by_keyboard(page: Page) -> None:
    tab_to(page, "[data-tour]")
    page.keyboard.press("Enter")
    for step in range(1, 9):
        expect(page.locator(".tour small")).to_have_text(f"{step} of 8")
        assert page.locator(".is-toured").count() == 1
        if step == 3:
            assert faults(page) == []
        page.keyboard.press("Enter")
    expect(page.locator(".tour")).to_have_count(0)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator(".tour")).to_have_count(0)
    expect(page.locator("[data-tour]")).to_be_focused()


def test_the_comparison_takes_few_presses_of_tab(page: Page) -> None:
    page.locator("#compare-more button").first.click()
    page.locator("#compare").wait_for()
    page.locator("#compare-more button").first.focus()
    stops = 0
    while stops < 18:
        stops += 1
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id === 'compare'"):
            break
    assert stops <= 4


def test_forced_colors_keep_bars_and_selections(visit: Callable[..., Page]) -> None:
    page = visit()
    page.emulate_media(forced_colors="active")
    bars = page.locator("#answer .rank-bar i").first.evaluate("e => getComputedStyle(e).backgroundColor")
    ground = page.locator("#answer .rank-bar").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert bars != ground
    chosen = page.locator("#way label:has(input:checked)").evaluate("e => getComputedStyle(e).backgroundColor")
    other = page.locator("#way label:has(input:not(:checked))").first.evaluate(
        "e => getComputedStyle(e).backgroundColor"
    )
    assert chosen != other


def test_exports_are_away_while_something_is_analyzed(page: Page, clip: Path) -> None:
    options(page, 60)
    upload(page, clip)
    page.locator(".tl.is-live").wait_for()
    page.evaluate("""() => new Promise((done) => {
        const look = () => document.querySelector(".tl.is-live")
            ? (window.away ??= document.querySelector("#takeaway").getClientRects().length === 0, done()) : done();
        look();
    })""")
    assert page.evaluate("window.away ?? true")
    expect(page.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(page.locator("#takeaway")).to_be_visible(timeout=WAIT_MS)


def test_scores_are_shown_by_class_or_by_eye_and_ear_and_lead_to_their_moment(page: Page) -> None:
    page.locator(".tl-scores .chart[data-drawn]").first.wait_for()
    assert page.locator(".tl-scores .scatterlayer .trace").count() >= 3
    page.locator("[data-parts]").click()
    expect(page.locator("[data-scores=parts] .chart[data-drawn]")).to_be_visible()
    expect(page.locator(".tl-lines p:visible")).to_contain_text("picture")
    axis, chart = (page.locator(s).bounding_box() for s in (".tl-axis", "[data-scores=parts] .chart"))
    assert axis is not None
    assert chart is not None
    assert abs(axis["x"] - chart["x"]) < 1.5
    assert abs(axis["width"] - chart["width"]) < 1.5
