"""`adamml archive` in a browser: found, filtered and opened by keyboard, on a phone and in the dark."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page, expect

from adamml.batch.results import COLUMNS
from adamml.batch.tables import METADATA_KEY
from tests.clips import tone, write_clip
from tests.hostile.visitor import server
from tests.page.accessibility import faults
from tests.page.actions import WAIT_MS, sideways, tab_to

CLIPS = 130
WORST = "worst <b>clip & more.mp4"
PART = "long.mp4#t=4.0,9.5"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of which one clip and a part of another file are here, beside one that is not in it."""
    folder = tmp_path_factory.mktemp("archive")
    write_clip(folder / WORST, seconds=3.0, sound=tone(3.0))
    write_clip(folder / "long.mp4", seconds=12.0, sound=tone(12.0))
    write_clip(folder / "not listed.mp4", seconds=1.0)
    (folder / "out" / "clips").mkdir(parents=True)
    (folder / "out" / "batch.json").write_text(f'{{"source": "{folder}"}}')
    rows = [
        {
            **{"clip": name, "path": name.partition("#")[0]},
            **{"part_start": 4.0 if name == PART else None, "part_end": 9.5 if name == PART else None},
            **{"status": "ok", "error": None, "label": ("cat", "sea_waves")[n % 2], "duration": 10.0 + n},
            **{"selected_rgb": 0.1 * (n % 11), "selected_audio": 1.0 - n % 2, "macs_total": 10**9 * (n + 1)},
            **{"macs_if_all": 400 * 10**9, "score": 0.2 + n / 200, "known": n > 0},
        }
        for n, name in enumerate([WORST, PART, *(f"day {n:03}.mp4" for n in range(2, CLIPS))])
    ]
    failed = dict.fromkeys(COLUMNS) | {
        "clip": "broken.mp4",
        "path": "broken.mp4",
        "status": "error",
        "error": "no clip",
    }
    made_with = json.dumps({"model": "toy", "policy": "anytime-20%", "segments": 5}).encode()
    schema = pa.schema(list(COLUMNS.items()), metadata={METADATA_KEY: made_with})
    pq.write_table(pa.Table.from_pylist([*rows, failed], schema), folder / "out" / "clips" / "shard-00000.parquet")
    return folder / "out"


@pytest.fixture(scope="module")
def url(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    temp = tmp_path_factory.mktemp("server") / "temp"
    temp.mkdir()
    with ExitStack() as until_the_end:
        with pytest.MonkeyPatch.context() as patch:  # for this server alone, and not for the usual one below
            patch.setenv("TOY_ARCHIVE", str(results))
            address, _ = until_the_end.enter_context(server(temp))
        yield address


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}/archive")
    yield page
    context.close()
    assert errors == []


def test_filters_and_pages_work_by_keyboard(visit: Page) -> None:
    expect(visit.locator("#count")).to_contain_text("130 clips, the most doubtful first; page 1 of 3")
    expect(visit.locator("tbody tr").first).to_contain_text(WORST)
    tab_to(visit, "select[name=label]")
    visit.keyboard.type("sea")
    tab_to(visit, "input[name=surest]")
    visit.keyboard.press("Control+a")
    visit.keyboard.type("50")
    visit.keyboard.press("Enter")
    expect(visit.locator("#count")).to_contain_text("30 clips, the most doubtful first.")
    assert visit.locator("select[name=label]").input_value() == "sea_waves"
    visit.get_by_label("Order").select_option("dear")
    visit.get_by_role("button", name="Show").press("Enter")
    expect(visit.locator("tbody tr").first).to_contain_text("day 059.mp4")
    visit.get_by_role("link", name="All clips").press("Enter")
    visit.get_by_role("link", name="Next").press("Enter")
    expect(visit.locator("#count")).to_contain_text("page 2 of 3")
    expect(visit.locator("tbody tr").first).to_contain_text("day 050.mp4")
    visit.get_by_text("1 clip could not be analyzed").press("Enter")
    expect(visit.get_by_text("broken.mp4: no clip")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_everywhere(visit: Page, width: int, scheme: str) -> None:
    visit.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    visit.set_viewport_size({"width": width, "height": 900})
    assert sideways(visit) == 0
    assert faults(visit) == []
    ground = visit.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) < 200
    assert dark == (scheme == "dark")
    cells = visit.locator("tbody tr").first.locator("td")
    assert all(cells.nth(i).bounding_box()["width"] > 60 for i in range(6))  # type: ignore[index]


def test_a_clip_that_is_here_opens_in_the_page_and_others_do_not(visit: Page, url: str) -> None:
    expect(visit.locator("tbody a")).to_have_count(2)
    expect(visit.locator("tbody tr").nth(2)).to_contain_text("not in the folder")
    visit.get_by_role("link", name="worst").press("Enter")
    expect(visit.locator("#banner")).to_contain_text("worst", timeout=WAIT_MS)
    expect(visit.locator("#status")).to_contain_text("Done", timeout=WAIT_MS)
    expect(visit.locator("#budget-value")).to_contain_text("at most 20", timeout=WAIT_MS)  # the data set's policy


def test_a_part_of_a_file_opens_as_that_part_and_another_one_can_be_chosen(visit: Page) -> None:
    visit.get_by_role("link", name=PART).press("Enter")
    expect(visit.locator("#banner")).to_contain_text("0:04 to 0:09 of 0:12", timeout=WAIT_MS)
    expect(visit.locator("#budget-value")).to_contain_text("at most 20", timeout=WAIT_MS)
    expect(visit.locator("#timeline .tl-seg")).to_have_count(5)
    visit.get_by_role("button", name="Another part").press("Enter")
    visit.locator(".part-window").press("Enter")
    expect(visit.locator("#banner")).to_contain_text("0:00 to 0:12", timeout=WAIT_MS)


def test_no_other_file_is_handed_out(url: str, results: Path) -> None:
    folder = results.parent
    for path in (folder / "not listed.mp4", results / "batch.json", folder / "day 002.mp4", Path("/etc/passwd")):
        assert httpx.get(f"{url}/gradio_api/file={path}").status_code in (403, 404)
    assert httpx.get(f"{url}/archive", headers={"Host": "evil.example"}).status_code == 403
    assert httpx.get(f"{url}/?archived=not%20listed.mp4").status_code == 200


def test_the_usual_page_has_no_archive(address: str) -> None:
    answer = httpx.get(f"{address}/archive")
    assert "day 0" not in answer.text
    assert "could not be analyzed" not in answer.text
