"""A model that names sounds: what was heard is told wherever the answer is, as scores and not as shares."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from adamml import Analysis, as_webvtt, render_report
from adamml.cli.analyze import as_table
from adamml.render.overlay import Strip
from adamml.results import wording
from app import actions, costs, service, summary
from app.known import known
from app.segment_panel import opened
from app.service import Step
from tests.clips import tone, write_clip
from tests.toy_app import ACTIONS, SOUNDS, hearing_recognizer, toy_recognizer

HEARING = hearing_recognizer()
HEARD = {"Male speech, man speaking": 0.62, "<b>Music": 0.55}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("hearing") / "clip.mp4", seconds=3.0, sound=tone(3.0))


@pytest.fixture(scope="module")
def analysis(clip: Path) -> Analysis:
    return HEARING.analyze(clip, "adamml", segments=3)


@pytest.fixture(scope="module")
def told(analysis: Analysis) -> Analysis:
    segments = tuple(dataclasses.replace(s, heard=HEARD if s.index == 0 else {}) for s in analysis.segments)
    return dataclasses.replace(analysis, heard=HEARD, segments=segments)


def test_the_answer_names_the_sounds_with_their_scores(told: Analysis) -> None:
    html = summary.answer(told)
    assert "Male speech, man speaking</span> <b>0.62</b>" in html
    assert "&lt;b&gt;Music</span> <b>0.55</b>" in html
    assert "no shares" in html
    assert html.count('class="rank-name"') == 5
    assert wording.heard(told.heard, 1) == "Male speech 0.62"


def test_nothing_is_said_where_a_model_names_no_sounds(clip: Path) -> None:
    plain = toy_recognizer().analyze(clip, "all", segments=2)
    texts = [summary.answer(plain), as_webvtt(plain), plain._repr_html_(), as_table(plain)]
    assert not any("eard" in text for text in texts)


def test_an_opened_segment_names_its_own_sounds(clip: Path, told: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.models, "_given", {"hearing": HEARING})
    steps: list[Step] = list(service.steps(str(clip), "all", 2))
    shown = steps[-1].shown
    assert shown is not None
    assert shown.base.heard
    first = opened(shown.current, actions.open_segment(shown, 0, explain=True))
    assert wording.heard(shown.current.segments[0].heard) in first
    assert "bottom:100%" in first  # 15 kHz stands at the top of the picture of frequencies


def test_every_export_tells_it(told: Analysis, tmp_path: Path) -> None:
    cues = as_webvtt(told).split("\n\n")[2:]
    assert ["heard: Male speech 0.62" in cue for cue in cues] == [True, False, False]
    assert "&lt;b&gt;Music 0.55" in told._repr_html_()
    table = as_table(told)
    assert "heard    Male speech 0.62, <b>Music 0.55" in table
    report = render_report(told, tmp_path / "report.png")
    bare = dataclasses.replace(told, heard={}, segments=tuple(dataclasses.replace(s, heard={}) for s in told.segments))
    assert report.read_bytes() != render_report(bare, tmp_path / "bare.png").read_bytes()
    strips = [Strip(each, np.zeros(0)).at(told.segments[0].start + 0.1) for each in (told, bare)]
    assert (strips[0] != strips[1]).any()


def test_a_guess_is_called_one_and_too_unsure_is_said_so(told: Analysis) -> None:
    scores = dict.fromkeys(ACTIONS, 0.6 / (len(ACTIONS) - 1)) | {"washing 3": 0.4}
    guess = dataclasses.replace(told, scores=scores, label="washing 3")
    assert "best guess, only 40\u00a0% sure" in summary.answer(guess)
    unsure = summary.answer(dataclasses.replace(guess, known=False))
    assert "No action recognized with any certainty" in unsure
    assert "looks most like washing 3, a guess: 40\u00a0%" in unsure
    assert wording.headline("cow", 0.1, known=False)[0] == "Nothing recognized with any certainty"


def test_what_can_be_saved_is_looking_where_listening_is_next_to_nothing(told: Analysis) -> None:
    rgb, listens = 10_000 * len(told.segments), 10 * len(told.segments)
    macs = dataclasses.replace
    alternatives = {
        "rgb": macs(told.macs, decide=0, rgb=rgb, audio=0, fusion=0),
        "audio": macs(told.macs, decide=0, rgb=0, audio=listens, fusion=0),
        "all": macs(told.macs, decide=0, rgb=rgb, audio=listens, fusion=0),
    }
    spent = macs(told.macs, decide=100, rgb=rgb // 3, audio=listens, fusion=0)
    deaf = tuple(
        dataclasses.replace(
            s,
            decisions={"rgb": s.index == 0, "audio": False},
            modality_scores={
                "rgb": dict(told.scores) if s.index == 0 else None,
                "audio": None,
            },
            scores=dict(told.scores) if s.index == 0 else None,
            label=told.label if s.index == 0 else None,
        )
        for s in told.segments
    )
    result = dataclasses.replace(told, macs=spent, alternatives=alternatives, segments=deaf)
    sentence = summary.saving_sentence(result)
    assert sentence.count("less") == 1
    assert "looking everywhere, with or without listening" in sentence
    assert wording.saving(result).count("%") == 1
    assert "the policy itself heard 3 of 3 segments" in summary.use_sentence(result)
    html = costs.costs(result, result)
    assert "what can be saved is looking" in html
    assert "run once and counted once" in html


def test_hundreds_of_classes_are_a_list_with_a_search_field() -> None:
    html = known(HEARING.card)
    assert html.count("<li>") == len(ACTIONS) + len(SOUNDS)
    assert 'type="search"' in html
    assert 'for="known-search"' in html
    assert "<b>40 actions</b>" in html
    assert f"<b>{len(SOUNDS)} sounds</b>" in html
    few = known(toy_recognizer().card).replace("<span data-name>", "").replace("</span>", "")
    assert "4 things</b>: cat, dog, drum and sea waves" in few
