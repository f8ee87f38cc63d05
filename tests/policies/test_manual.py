"""Switching cells by hand: what is told is run, what was run is remembered, and deciding stays on the bill."""

from pathlib import Path

import pytest

from adamml import ManualPolicy, Recognizer, Scored, get_policy
from tests.clips import tone, write_clip
from tests.toy_app import toy_recognizer


@pytest.fixture(scope="module")
def small() -> Recognizer:
    return toy_recognizer()


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("hand") / "clip.mp4", seconds=2.0, sound=tone(2.0))


def test_exactly_the_told_cells_are_run(small: Recognizer, short: Path) -> None:
    grid = ({"rgb": True, "audio": False}, {"rgb": False, "audio": True}, {"rgb": False, "audio": False})
    answer = small.open(short, segments=3).analyze(ManualPolicy(grid=grid))
    assert [dict(segment.decisions) for segment in answer.segments] == list(grid)
    assert answer.policy == "by-hand"
    assert answer.macs.decide == 0  # nobody was asked


def test_overruling_a_policy_keeps_its_probabilities_and_its_cost(small: Recognizer, short: Path) -> None:
    session = small.open(short, segments=2)
    own = session.analyze("adamml")
    grid = ({"rgb": True, "audio": True},) * 2
    overruled = session.analyze(ManualPolicy(grid=grid, base=get_policy("adamml")))
    assert overruled.macs.decide == own.macs.decide > 0
    assert [s.probabilities for s in overruled.segments] == [s.probabilities for s in own.segments]
    assert overruled.scores == pytest.approx(session.analyze("all").scores)


def test_a_cell_is_run_once_and_remembered(small: Recognizer, short: Path) -> None:
    session = small.open(short, segments=2)
    assert not session.has_run(0, "rgb")
    grid = ({"rgb": True, "audio": False}, {"rgb": False, "audio": True})
    first = session.analyze(ManualPolicy(grid=grid))
    assert session.has_run(0, "rgb")
    assert not session.has_run(1, "rgb")
    assert session.analyze(ManualPolicy(grid=grid)).seconds.rgb == first.seconds.rgb  # as measured the first time


def test_what_a_clip_lacks_stays_off(small: Recognizer, tmp_path: Path) -> None:
    mute = write_clip(tmp_path / "mute.mp4", seconds=1.5)
    answer = small.open(mute, segments=1).analyze(ManualPolicy(grid=({"rgb": True, "audio": True},)))
    assert answer.segments[0].decisions == {"rgb": True, "audio": False}


def test_a_grid_must_fit_the_clip(small: Recognizer, short: Path) -> None:
    with pytest.raises(ValueError, match="the grid has 1 rows"):
        small.open(short, segments=2).analyze(ManualPolicy(grid=({"rgb": True, "audio": True},)))
    with pytest.raises(ValueError, match="row 0 of the grid"):
        ManualPolicy(grid=({"rgb": True},))


def test_the_last_score_on_the_way_is_the_answer(
    small: Recognizer, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(small.ready.card), "temperature", lambda *_: 0.4)  # as sure as the answer, on the way too
    session = small.open(short, segments=2)
    *steps, finished = session.run("all")
    scored = [event for event in steps if isinstance(event, Scored)]
    assert len(scored) == 4
    assert scored[-1].clip_scores == pytest.approx(finished.analysis.scores)
    assert scored[-1].segment_scores == pytest.approx(finished.analysis.segments[1].scores)
