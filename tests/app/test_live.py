"""Pieces of a live camera on the server: the newest one waits, the others are deleted, and none is left in the end."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import adamml
from adamml.results.analysis import Macs, SegmentResult
from app import live, live_panel, service
from app.fair_queue import BusyError
from app.live import Piece, Watches
from app.live_panel import Seen
from app.uploads import UPLOADS, Uploads
from tests.clips import tone, write_clip
from tests.toy_app import toy_recognizer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where uploads lie."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    monkeypatch.setattr(live, "WATCHES", Watches())
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"


@pytest.fixture
def upload(folder: Path) -> Callable[[str], str]:
    def upload(name: str) -> str:
        place = folder / name
        place.mkdir()
        write_clip(place / "piece.mp4", seconds=1.4, sound=tone(1.4))
        return str(place / "piece.mp4")

    return upload


def request(tab: str = "tab") -> Any:
    return SimpleNamespace(session_hash=tab, client=None)


def event(**data: Any) -> Any:
    return SimpleNamespace(_data=data)


async def brought(path: str, number: int, *, tab: str = "tab", run: int = 1) -> None:
    await live.bring(event(path=path, number=number, start=1.3 * number, run=run), request(tab))


def test_the_newest_piece_waits_and_the_ones_before_are_deleted(upload: Callable[[str], str]) -> None:
    async def visit() -> None:
        watch = live.WATCHES.begin("tab", 1)
        paths = [upload(name) for name in "abc"]
        for number, path in enumerate(paths):
            await brought(path, number)
        assert [Path(path).exists() for path in paths] == [False, False, True]
        assert watch.take() == Piece(path=paths[2], number=2, start=2.6)
        assert watch.take() is None

    asyncio.run(visit())


def test_what_comes_after_switching_off_or_of_another_run_is_deleted(
    folder: Path, upload: Callable[[str], str]
) -> None:
    async def visit() -> None:
        live.WATCHES.begin("tab", 1)
        await brought(upload("a"), 0)
        await brought(upload("b"), 0, run=2)
        await live.end(event(run=1), request())
        await brought(upload("c"), 1)
        await brought(upload("d"), 0, tab="another tab")

    asyncio.run(visit())
    assert list(folder.iterdir()) == []


def test_a_file_that_another_tab_holds_stays(upload: Callable[[str], str]) -> None:
    path = upload("a")
    UPLOADS.hold("somebody else", Path(path))
    asyncio.run(brought(path, 0))
    assert Path(path).exists()
    UPLOADS.leave("somebody else")


def test_a_path_that_is_no_upload_is_left_alone(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "private.mp4"
    outside.write_bytes(b"x")
    asyncio.run(brought(str(outside), 0))
    assert outside.exists()


def test_a_tab_has_one_session_and_the_server_some(folder: Path) -> None:
    async def visit() -> None:
        watches = Watches(most=2)
        first = watches.begin("one", 1)
        again = watches.begin("one", 2)
        assert first.ended
        assert not again.ended
        watches.end(first)  # whose tab goes on with the next one
        assert watches.of("one", 2) is again
        watches.begin("two", 1)
        with pytest.raises(BusyError, match="live already"):
            watches.begin("three", 1)
        watches.end(again)
        watches.begin("three", 1)

    asyncio.run(visit())


def test_a_session_answers_piece_by_piece_until_it_is_switched_off(
    folder: Path, upload: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.models, "recognizer", lambda name: toy_recognizer())
    paths, said = [upload("a"), upload("b")], []

    async def visit() -> None:
        steps = live.watch("toy", event(run=1), request())
        async for html in steps:
            said.append(html)
            if "data-seconds" in html:
                await brought(paths[0], 0)
            elif 'data-number="0"' in html:
                await brought(paths[1], 4)
            elif 'data-number="4"' in html:
                await live.end(event(run=1), request())

    asyncio.run(visit())
    assert 'data-seconds="1.280"' in said[1]
    assert "2 pieces answered, 3 passed over" in said[-1]
    assert said[-1].count("lane-rgb") == said[-1].count("lane-audio") == 2
    assert said[-1].count("live-gap") == 2  # a mark in each lane
    assert list(folder.iterdir()) == []


def test_a_piece_that_cannot_be_read_is_passed_over_and_several_in_a_row_end_it(
    folder: Path, upload: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.models, "recognizer", lambda name: toy_recognizer())
    good, said = upload("good"), list[str]()

    async def bring_broken(number: int) -> None:
        (folder / str(number)).mkdir()
        (folder / str(number) / "piece.webm").write_bytes(b"no film")
        await brought(str(folder / str(number) / "piece.webm"), number)

    async def visit() -> None:
        async for html in live.watch("toy", event(run=1), request()):
            said.append(html)
            number = len(said) - 2
            if "data-seconds" in html or number > 1:
                await bring_broken(number)
            elif number == 1:
                await brought(good, number)

    asyncio.run(visit())
    assert "could not be read" in said[2]
    assert 'data-number="1"' in said[3]
    assert len(said) == 2 + 2 + live.UNREADABLE
    assert "data-ended" in said[-1]
    assert "piece.webm" in said[-1]
    assert list(folder.iterdir()) == []


def test_a_model_that_is_not_there_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> adamml.Recognizer:
        raise adamml.CheckpointError("there is none")

    monkeypatch.setattr(service.models, "recognizer", missing)

    async def visit() -> list[str]:
        return [html async for html in live.watch("toy", event(run=1), request())]

    assert f'data-ended="{service.NO_MODEL}"' in asyncio.run(visit())[-1]


def test_parts_of_uploads_that_broke_off_go(folder: Path) -> None:
    old, new = folder / "tmpold", folder / "tmpnew"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (0, 0))
    Uploads().sweep()
    assert list(folder.iterdir()) == [new]


def seen(*, known: bool = True, looked: int = 1, answered: int = 3, newest: int = 2) -> Seen:
    cells = {"rgb": True, "audio": False}
    segment = SegmentResult(
        index=0,
        start=0.0,
        end=1.3,
        available={"rgb": True, "audio": False},
        decisions=cells,
        probabilities={"rgb": 0.7, "audio": None},
        modality_scores={"rgb": {"cat": 0.9, "sea_waves": 0.1}, "audio": None},
        scores={"cat": 0.9, "sea_waves": 0.1},
        label="cat",
    )
    step = adamml.LiveStep(
        segments=(segment,),
        scores={"cat": 0.2, "sea_waves": 0.8},
        label="sea_waves",
        known=known,
        heard={"Rain <b>, drops": 0.5},
        answered=answered,
        macs=Macs(rgb=looked * 10**9, decide=10**8),
        looking=answered * 10**9,
    )
    return Seen(step=step, numbers=(newest,), kind="thing")


def test_the_panel_says_doubt_savings_sounds_and_what_was_passed_over() -> None:
    html = live_panel.drawn(1, seen())
    for words in (
        "sea waves",
        "80\u00a0% sure",
        "63\u00a0% less",
        "3 pieces answered, 0 passed over",
        "Rain &lt;b&gt; 0.50",
    ):
        assert words in html
    assert "is-used" in html
    assert "is-missing" in html
    assert "recognized with any certainty" in live_panel.drawn(1, seen(known=False))
    assert '<b class="loss">3' in live_panel.drawn(1, seen(looked=4))
    assert "cannot keep up" in live_panel.drawn(1, seen(newest=8))
