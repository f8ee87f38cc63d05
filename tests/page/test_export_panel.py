"""Taking results away from the page, in headless Chromium: files, link, cancelling, and nothing left behind."""

import base64
import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from adamml import Analysis, render_video
from adamml.render.overlay import STRIP_HEIGHT, WIDTH, playhead
from adamml.results.timeline import lay_out
from tests.clips import tone, write_clip
from tests.page.accessibility import faults
from tests.page.actions import WAIT_MS, analyze, options
from tests.toy_app import toy_recognizer

_PLAY = """async ([data, times, spots]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const heard = await new OfflineAudioContext(2, 1, 48000).decodeAudioData(bytes.slice().buffer);
  const samples = heard.getChannelData(0);
  const loud = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
  const video = document.createElement("video");
  video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
  await new Promise((done, failed) => { video.onloadeddata = done; video.onerror = () => failed(video.error); });
  await video.play();
  await new Promise((done) => setTimeout(done, 700));
  video.pause();
  const played = video.webkitAudioDecodedByteCount;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const seen = [];
  for (const time of times) {
    await new Promise((done) => { video.onseeked = done; video.currentTime = time; });
    pen.drawImage(video, 0, 0);
    seen.push(spots.map(([x, y]) => Array.from(pen.getImageData(x, canvas.height - y, 1, 1).data.slice(0, 3))));
  }
  return { played, loud, seconds: heard.duration, width: video.videoWidth, length: video.duration, seen };
}"""


def take(page: Page, form: str) -> Path:
    with page.expect_download(timeout=WAIT_MS) as download:
        page.locator(f"#take-{form}").click()
    expect(page.locator("#taken")).to_contain_text("is ready")
    return Path(download.value.path())


def said(page: Page) -> list[dict[str, bool]]:
    return page.locator("#timeline .tl-seg").evaluate_all(
        "all => all.map(s => ({rgb: s.dataset.rgb === 'used', audio: s.dataset.audio === 'used'}))"
    )


def test_every_form_holds_what_is_shown_with_switched_cells(page: Page, clip: Path) -> None:
    options(page, 4)
    analyze(page, clip)
    before = said(page)
    page.locator("#timeline .tl-seg").nth(1).locator(".tl-rgb .tl-badge").click()
    expect(page.locator("#whatif")).to_contain_text("1 cell switched", timeout=WAIT_MS)
    after = said(page)
    assert after != before
    result = json.loads(take(page, "json").read_text())
    assert result["policy"] == "by-hand"
    assert [segment["decisions"] for segment in result["segments"]] == after
    rows = list(csv.DictReader(take(page, "csv").open()))
    assert [row["decision_rgb"] == "1" for row in rows] == [cell["rgb"] for cell in after]
    report = Image.open(take(page, "png"))
    assert report.format == "PNG"
    assert report.height > report.width
    video = take(page, "mp4")
    assert b"ftyp" in video.read_bytes()[:16]
    expect(page.locator("#taken a[download]")).to_have_attribute("download", "short-clip-by-hand.mp4")
    assert faults(page) == []


def test_the_video_plays_with_sound_and_the_right_decision_at_the_right_second(
    browser: Browser, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=4.0, fps=10, size=(320, 240), sound=tone(4.0))
    analysis = toy_recognizer().analyze(clip, "random", segments=4)
    assert len({tuple(s.decisions.values()) for s in analysis.segments}) > 1
    out = render_video(clip, analysis, tmp_path / "out.mp4")
    lanes = lay_out(analysis)
    shown = [int((cell.segment.start + cell.segment.end) / 2 * 10) / 10 for cell in lanes.cells]  # 10 frames a second
    times = [time + 0.05 for time in shown]  # well inside a frame
    # In each cell a spot of either lane, left of its word; above the lanes, where the playhead is at each second.
    cells = [round(playhead(c.left + 0.12 * (c.right - c.left), 1.0)) for c in lanes.cells]
    heads = [round(playhead(time, lanes.duration)) for time in shown]
    spots = [(x, STRIP_HEIGHT - y) for x in cells for y in (87, 131)] + [(x, STRIP_HEIGHT - 61) for x in heads]
    context = browser.new_context()
    page = context.new_page()
    data = base64.b64encode(out.read_bytes()).decode()
    told: dict[str, Any] = page.evaluate(_PLAY, [data, times, spots])
    context.close()
    assert told["width"] == WIDTH
    assert told["length"] == pytest.approx(4.0, abs=0.15)
    assert told["played"] > 0  # Chromium decoded sound while it played
    assert told["loud"] > 0.05
    assert told["seconds"] == pytest.approx(4.0, abs=0.15)
    for at, seen in enumerate(told["seen"]):
        for segment in analysis.segments:
            blue, orange = seen[2 * segment.index], seen[2 * segment.index + 1]
            assert (blue[2] - blue[0] > 60) == segment.decisions["rgb"]
            assert (orange[0] - orange[2] > 60) == segment.decisions["audio"]
        bright = [min(color) > 150 for color in seen[len(cells) * 2 :]]
        assert bright == [place == at for place in range(len(times))]  # the playhead is here, and nowhere else


def test_a_link_brings_back_switches_and_comparison(page: Page, browser: Browser, address: str) -> None:
    page.goto(f"{address}/?clip=drums_on_stage&policy=adamml&segments=4&cells=3021&compare=shown,audio")
    expect(page.locator("#whatif")).to_contain_text("switched:", timeout=WAIT_MS)
    expect(page.locator("#compared .versus thead")).to_contain_text("Sound only", timeout=WAIT_MS)
    cells = [(True, True), (False, False), (False, True), (True, False)]
    assert said(page) == [{"rgb": rgb, "audio": audio} for rgb, audio in cells]
    page.locator("#take-link").click()
    expect(page.locator("#taken input")).to_have_value(page.url)
    assert faults(page) == []
    page.goto(f"{address}/?clip=drums_on_stage&segments=3&budget=7")  # brought into its range
    expect(page.locator("#budget-value")).to_contain_text("at most 100\u00a0%", timeout=WAIT_MS)


def test_a_links_clip_is_analysed_once_even_if_the_page_comes_in_pieces(page: Page, address: str) -> None:
    """A part of the page that comes late must not choose the clip again, which undoes what the link has switched."""
    scripts = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
    late = {path.name for path in scripts.glob("*.js") if "allow_reordering" in path.read_text(encoding="utf-8")}
    assert late  # of the file that was chosen
    held: list[Route] | None = []
    asked: list[object] = []

    def hold(route: Route) -> None:
        if held is None or route.request.url.rpartition("/")[2] not in late:
            route.continue_()
        else:
            held.append(route)

    page.route("**/assets/*.js", hold)
    page.on(
        "request", lambda r: asked.append(json.loads(r.post_data or "{}")["fn_index"]) if "/join" in r.url else None
    )
    page.goto(f"{address}/?clip=drums_on_stage&segments=2&cells=30", wait_until="commit")
    for _ in range(240):
        page.wait_for_timeout(500)
        if held:
            break
    page.wait_for_timeout(10_000)  # the rest of the page is there by now, and would go ahead without it
    waiting, held = held, None
    for route in waiting:
        route.continue_()
    expect(page.locator("#whatif")).to_contain_text("switched:", timeout=WAIT_MS)
    page.wait_for_timeout(2000)
    expect(page.locator("#whatif")).to_contain_text("switched:")
    assert len(asked) == len(set(asked))


def test_a_wrong_link_says_so_and_the_page_is_there(visit: Callable[..., Page]) -> None:
    page = visit("/?clip=%3Cb%3Enone&cells=99")
    expect(page.locator("#status")).to_contain_text("names no example")
    assert page.locator("#status b").count() == 0
    expect(page.locator("#banner")).to_contain_text("Recorded example")


def test_ones_own_clip_has_no_link_and_is_gone_when_the_tab_is_closed(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "mine.mp4", seconds=2.0, sound=tone(2.0))
    context = browser.new_context()
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(address)
    analyze(page, clip)
    expect(page.locator("#take-link")).to_be_disabled()
    expect(page.locator("#takeaway")).to_contain_text("Not for your own clips")
    source = page.locator("#clip-player").get_attribute("src") or ""
    kept = Path(source.removeprefix("gradio_api/file="))
    assert kept.read_bytes() == clip.read_bytes()
    context.close()
    for _ in range(120):
        if not kept.exists():
            break
        time.sleep(0.5)
    assert not kept.exists()


def test_cancelling_an_export_leaves_the_page_as_it_was(page: Page, tmp_path: Path) -> None:
    analyze(page, write_clip(tmp_path / "longer.mp4", seconds=40.0, sound=tone(40.0)))
    page.locator("#take-mp4").click()
    expect(page.locator("#taken")).to_contain_text("Drawing second", timeout=WAIT_MS)
    page.locator("#take-cancel").click()
    expect(page.locator("#taken")).to_contain_text("Cancelled")
    expect(page.locator("#take-cancel")).to_be_hidden()
    Analysis.from_json(take(page, "json").read_text())  # the next one works
