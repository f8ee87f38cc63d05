"""A clip's name is only ever text: on the page, in messages, in spreadsheets, captions, reports and notebooks."""

import csv
import io
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import adamml
from adamml import Analysis, Recognizer, Storyboard
from adamml.render.overlay import STRIP_HEIGHT, WIDTH, Strip
from adamml.render.waveform import WaveformCard
from app import panels, status_line
from app.export_panel import OFFERS, file_name
from app.player import player
from app.session_store import SessionKey
from app.view_state import ViewState
from tests.clips import tone, write_clip
from tests.hostile.bases import base
from tests.hostile.names import NAMES
from tests.hostile.pipeline import through
from tests.toy_app import toy_recognizer

FORMULA = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture(scope="module")
def small() -> Recognizer:
    return toy_recognizer()


@pytest.fixture(scope="module")
def analysis(small: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    path = write_clip(tmp_path_factory.mktemp("names") / "plain.mp4", seconds=1.0, sound=tone(1.0))
    return small.analyze(path, "all", segments=2)


class _Reader(HTMLParser):
    """Which elements and attributes there are, and what text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: Counter[str] = Counter()
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts[f"{tag} {sorted(name for name, _ in attrs)}"] += 1

    def handle_data(self, data: str) -> None:
        self.words += data


def called(analysis: Analysis, name: str) -> Analysis:
    return replace(analysis, clip=replace(analysis.clip, name=name))


def page_of(analysis: Analysis) -> str:
    """Every panel of a result, the banner, the player and a message, in one."""
    key = SessionKey(path=f"/tmp/{analysis.clip.name}", segments=2, profile="public")
    board = Storyboard(thumbnails=(None, None), waveform=())
    shown = ViewState(key=key, base=analysis, current=analysis, board=board)
    drawn = [text for text in panels.draw(shown).values() if isinstance(text, str)]
    name = analysis.clip.name
    return "".join([*drawn, panels.banner(name, name), player(key.path, name), status_line.problem(name)])


@pytest.mark.parametrize("name", NAMES)
def test_no_name_adds_an_element_or_an_attribute(analysis: Analysis, name: str) -> None:
    for show in (page_of, Analysis._repr_html_):
        plain, hostile = _Reader(show(analysis)), _Reader(show(called(analysis, name)))
        assert hostile.parts == plain.parts
    assert name.strip() in _Reader(status_line.problem(name)).words


@pytest.mark.parametrize("name", [*NAMES, "\r=1", " \t =1", "\u00a0=1", "\ufeff=1"])
def test_no_name_is_a_formula_or_a_second_row(analysis: Analysis, name: str) -> None:
    text = called(analysis, name).to_csv()
    rows = list(csv.reader(io.StringIO(text)))
    assert [len(row) for row in rows] == [len(rows[0])] * 3
    for row in rows:
        assert not row[0].lstrip().lstrip("\ufeff\u200b").startswith(FORMULA)
    assert Analysis.from_json(called(analysis, name).to_json()).clip.name == name


@pytest.mark.parametrize("name", NAMES)
def test_no_name_makes_a_caption(analysis: Analysis, name: str) -> None:
    plain, hostile = adamml.as_webvtt(analysis), adamml.as_webvtt(called(analysis, name))
    assert hostile.count("-->") == plain.count("-->")
    assert len(hostile.splitlines()) == len(plain.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_the_folder_for_downloads(analysis: Analysis, name: str) -> None:
    for form, *_ in OFFERS:
        written = file_name(called(analysis, name), form)
        assert Path(written).name == written
        assert written.isascii()
        assert not written.startswith((".", "-"))
        assert 0 < len(written) < 100


def test_names_are_drawn_as_they_are(analysis: Analysis, tmp_path: Path) -> None:
    for number, name in enumerate(
        ("$\\frac{1}{0}$ $x.mp4", "\u202egnp.mp4", "a\nb\tc\0d.mp4", "日本語 🎬.mp4", "%s{0}")
    ):
        out = tmp_path / f"{number}.png"
        adamml.render_report(called(analysis, name), out)
        with Image.open(out) as picture:
            assert picture.size[0] > 500


@pytest.mark.parametrize("name", [*NAMES, "W" * 5000, "\u202egnp.mp4", "a\u0301\u0302" * 90, "\u0930\u093f\n" * 40])
def test_no_name_leaves_its_place_in_the_video(analysis: Analysis, name: str) -> None:
    peaks = np.ones(8, np.float32)
    plain, hostile = (Strip(shown, peaks).at(0.5) for shown in (analysis, called(analysis, name)))
    changed = np.argwhere((plain != hostile).any(-1))
    if changed.size:  # in the last line, at its right
        assert changed[:, 0].min() >= STRIP_HEIGHT - 30
        assert changed[:, 1].min() >= WIDTH - 360
    card = WaveformCard(name, peaks, 1.0, (WIDTH, 300)).at(0.5)
    bare = WaveformCard("", peaks, 1.0, (WIDTH, 300)).at(0.5)
    rows = np.argwhere((card != bare).any(-1))
    assert not rows.size or rows[:, 0].max() < 48


@pytest.mark.parametrize("name", [name for name in NAMES if "/" not in name][::4])
def test_a_message_about_a_file_of_any_name_is_one_line(small: Recognizer, tmp_path: Path, name: str) -> None:
    for content in (b"nothing", base("h264.mp4")[:2000]):
        path = tmp_path / str(len(content)) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        ended = through(small, path)
        assert ended.analysis is None
        assert ended.message.isprintable()
