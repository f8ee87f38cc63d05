"""Behind the page: five visitors at once, bounded memory, budgets, comparisons, and what bad input meets."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

import adamml
from adamml import InstalledModel, Recognizer
from app import actions, api, budget_panel, service
from app.actions import Pair
from app.compare import comparison, verdict
from app.geometry import DENSE
from app.models import Models
from app.page import build
from app.player import preview
from app.recorded import RECORD, load
from app.segment_panel import opened
from app.service import Step
from app.session_store import SessionKey, SessionStore
from app.timeline import timeline
from app.timeline_model import from_analysis, so_far
from app.view_state import BUDGETS, ViewState, budget_looks, grid_of
from app.whatif import sentence, what_if
from tests.clips import moving_picture, number_picture, tone, write_clip
from tests.toy_app import toy_recognizer

TOY = toy_recognizer()


@pytest.fixture(autouse=True)
def toy_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.models, "_given", {"toy": TOY})


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("service") / "clip.mp4", seconds=3.0, sound=tone(3.0))


def run(path: Path, segments: int = 4, policy: str = "adamml") -> ViewState:
    *_, last = service.steps(str(path), policy, segments)
    assert last.shown is not None, last.status
    return last.shown


def test_pictures_come_first_then_decisions_then_scores(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_REDRAW_SECONDS", 0.0)
    steps: list[Step] = list(service.steps(str(clip), "all", 3))

    def first(wanted) -> int:
        return next(i for i, step in enumerate(steps) if wanted(step))

    pictures = first(lambda s: s.board is not None)
    decided = first(lambda s: s.view is not None and s.view.rows[0].cells["rgb"].state == "chosen")
    scored = first(lambda s: s.view is not None and s.view.rows[0].label is not None)
    assert pictures < decided < scored < len(steps) - 1
    assert steps[-1].shown is not None
    assert all("is-running" in step.status for step in steps[:-1])


def test_closing_the_steps_frees_the_clip(clip: Path) -> None:
    steps = service.steps(str(clip), "adamml", 4)
    for step in steps:
        if step.view is not None and step.view.waveform:
            break
    steps.close()
    began = time.monotonic()
    assert run(clip).base.label  # nothing is held on to
    assert time.monotonic() - began < 60


def test_five_visitors_at_once_each_get_their_own(tmp_path: Path) -> None:
    clips = [
        write_clip(
            tmp_path / f"visitor-{i}.mp4",
            seconds=1.5 + 0.3 * i,
            picture=(moving_picture, number_picture)[i % 2],
            sound=tone(1.5 + 0.3 * i, hertz=200 + 300 * i),
        )
        for i in range(5)
    ]
    with ThreadPoolExecutor(5) as pool:
        shown = list(pool.map(lambda path: run(path, segments=2), clips))
    assert [s.base.clip.name for s in shown] == [path.name for path in clips]
    assert len({s.key.token for s in shown}) == 5
    alone = [TOY.analyze(path, "adamml", segments=2, profile="public") for path in clips]
    assert [s.base.scores for s in shown] == [a.scores for a in alone]


def test_open_clips_are_bounded_and_a_dropped_one_comes_back(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.session_store.MAX_OPEN", 3)
    opened_paths: list[str] = []

    def open_clip(key: SessionKey):
        opened_paths.append(key.token)
        return TOY.open(key.path, segments=key.segments, profile=key.profile)

    sessions = SessionStore(open_clip)
    keys = [SessionKey(path=str(clip), segments=1, profile="public") for _ in range(5)]
    for key in keys:
        with sessions.session(key):
            pass
    assert len(sessions) == 3
    with sessions.session(keys[0]) as session:
        assert session.clip.name == clip.name
    assert opened_paths.count(keys[0].token) == 2
    with sessions.session(keys[0]):
        pass
    assert opened_paths.count(keys[0].token) == 2


def test_loaded_models_are_bounded_and_the_clips_of_a_dropped_one_go_too(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []

    def load(name: str) -> Recognizer:
        loads.append(name)
        return TOY

    places = {name: Path("models") / name for name in ("first", "second", "third")}
    here = tuple(InstalledModel(name=name, card=TOY.card, where=where) for name, where in places.items())
    monkeypatch.setattr(Recognizer, "load", load)
    monkeypatch.setattr(adamml, "installed_models", lambda: here)
    monkeypatch.setattr(adamml, "resolve", places.get)
    monkeypatch.setattr(adamml, "card_of", lambda name: TOY.card)
    kept = Models("second", dropped=lambda name: sessions.forget_model(name))
    sessions = SessionStore(lambda key: kept.recognizer(key.model).open(key.path, segments=1, profile="public"))
    assert list(kept.cards()) == ["second", "first", "third"]  # the default first
    assert loads == []  # saying what they know takes no weights
    for name in ("first", "second", "first", "third", "first"):
        with sessions.session(SessionKey(path=str(clip), segments=1, profile="public", model=name)):
            pass
    assert loads == ["first", "second", "third"]
    assert len(sessions) == 4  # all but that of "second", which had not been used for longest
    kept.recognizer("second")
    assert loads[-1] == "second"
    assert kept.name("unheard of") == kept.name(None) == "second"


def test_with_one_model_there_is_nothing_to_choose() -> None:
    def chooser() -> dict[str, Any]:
        blocks = build().config["components"]
        return next(block["props"] for block in blocks if block["props"].get("elem_id") == "model-choice")

    assert not chooser()["visible"]
    service.models._given = {"toy": TOY, "other": TOY}
    assert chooser()["visible"]


def test_switching_a_cell_changes_answer_and_cost_and_reset_goes_back(clip: Path) -> None:
    shown = run(clip)
    grid = tuple(dict(row) for row in grid_of(shown.base))
    grid[1]["rgb"] = not grid[1]["rgb"]
    moved = actions.switch(shown, grid)
    assert moved.switched == 1
    more = moved.current.segments[1].decisions["rgb"]
    assert (moved.current.macs.total > shown.base.macs.total) == more
    assert "1 cell switched" in sentence(moved)
    assert "is-by-hand" in timeline(moved.view())
    assert moved.reset().current == shown.base


def test_a_budget_is_compute_and_a_higher_one_never_runs_fewer_looks(clip: Path) -> None:
    shown = run(clip)
    assert (shown.budget, shown.current.policy) == (None, "adamml")  # by itself the policy is as it was
    moved = [actions.apply(shown, {"budget": budget}) for budget in BUDGETS]
    looks = [{s.index for s in each.current.segments if s.decisions["rgb"]} for each in moved]
    assert all(fewer <= more for fewer, more in pairwise(looks))
    count = len(shown.base.segments)
    assert [len(each) for each in looks] == [max(1, int(budget * count + 1e-9)) for budget in BUDGETS]
    assert [each.current.policy for each in moved][:2] == ["anytime-5%", "anytime-10%"]
    look = shown.base.alternatives["rgb"].rgb // count
    everything = shown.base.alternatives["all"].total
    for budget, each in zip(BUDGETS, moved, strict=True):
        assert each.current.macs.rgb <= max(look, budget * everything)
    recorded = [budget_looks(shown.base, budget) for budget in BUDGETS]
    assert recorded == looks  # what needs nothing new is told without running it
    tight = moved[0]
    assert tight.switched == 0
    assert "without a budget" in sentence(tight)
    assert "is-by-hand" not in timeline(tight.view())
    assert tight.reset() == replace(shown, points=tight.points)


def test_cells_are_switched_within_a_budget(clip: Path) -> None:
    tight = actions.set_budget(run(clip), 0.5)
    grid = tuple(dict(row) for row in grid_of(tight.current))
    grid[0]["rgb"] = not grid[0]["rgb"]
    moved = actions.switch(tight, grid)
    assert (moved.switched, moved.budget) == (1, 0.5)
    assert [s.decisions["rgb"] for s in moved.current.segments] == [row["rgb"] for row in grid]
    assert actions.switch(moved, grid_of(tight.current)).current is tight.current


def test_rivals_that_ended_while_something_was_asked_for_are_in_its_result(clip: Path) -> None:
    shown = run(clip)
    assert actions.set_budget(shown, 0.3).rgb is None  # they have not run
    *_, (_, _, found) = actions.rivals(shown)
    assert found is not None
    for moved in (actions.set_budget(shown, 0.3), actions.switch(shown, ({"rgb": True, "audio": False},) * 4)):
        assert moved.rgb is not None
        assert moved.rgb.scores == found["rgb"].scores
        assert moved.everything is not None
        assert moved.everything.macs == found["all"].macs


def test_where_cancel_leaves_an_analysis_it_knows_what_was_chosen_and_what_answered(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_REDRAW_SECONDS", 0.0)
    begun = [step.begun for step in service.steps(str(clip), "all", 3) if step.begun is not None]
    reached = [(each.chosen, each.done, each.total) for each in begun]
    assert reached[:4] == [(0, 0, 3), (1, 0, 3), (2, 0, 3), (3, 0, 3)]
    assert reached[-1] == (3, 3, 3)


def test_a_segment_that_is_less_than_half_sure_shows_a_guess(clip: Path) -> None:
    shown = run(clip, policy="all")
    view = shown.view()
    for score, guess in ((0.49, True), (0.5, False)):
        html = timeline(replace(view, rows=tuple(replace(row, score=score) for row in view.rows)))
        assert ("is-guess" in html) == ("best guess " in html) == ("less than half sure" in html) == guess
        assert html.count(f"<small>{'only ' if guess else ''}{score:.0%}".replace("%", "\u00a0%")) == len(view.rows)
    segment = shown.base.segments[0]
    assert segment.label is not None
    unsure = replace(segment, scores={segment.label: 0.31, "other": 0.69})
    assert adamml.wording.answer(unsure) == f"best guess: {adamml.wording.label(segment.label)} 31\u00a0%"
    assert adamml.wording.answer(unsure, known=False).startswith("nearest: ")


def test_every_budget_can_be_drawn(clip: Path) -> None:
    shown = run(clip)
    *_, (_, curve) = actions.whole_curve(shown)
    assert curve is not None
    limited = actions.set_budget(shown, 0.5)
    drawn = actions.with_points(limited, curve)
    assert (drawn.current, drawn.points) == (limited.current, curve)  # what was done meanwhile still stands
    assert [p.budget for p in curve] == list(BUDGETS)  # all was run, so all is known
    assert [p.macs for p in curve] == sorted(p.macs for p in curve)
    facts = {"measured": {"budget": [{"threshold": at, "accuracy": 90.0, "gmacs": 50.0 - at} for at in (0.3, 0.5)]}}
    assert "The clips it was tested on" in what_if(shown, facts)
    assert "The clips it was tested on" not in what_if(shown, {})


def test_a_policy_that_adamml_does_not_rate_keeps_to_no_budget(clip: Path) -> None:
    *_, last = service.steps(str(clip), "rgb", 3)
    assert last.shown is not None
    assert budget_panel.panel(last.shown) == ""
    with pytest.raises(ValueError, match="keeps to no budget"):
        actions.apply(last.shown, {"budget": 0.5})


def test_a_threshold_is_of_learned_policies_alone() -> None:
    assert service.with_threshold("adamml", 0.5) == "adamml"
    assert service.with_threshold("adamml", 0.3) == "adamml@0.30"
    assert service.with_threshold("cascade", 0.75) == "cascade@0.75"
    assert service.with_threshold("anytime", 0.3) == "anytime"
    assert service.with_threshold("rgb", 0.3) == "rgb"


@pytest.mark.parametrize(
    "asked", [{}, {"grid": None}, {"budget": "1"}, {"budget": 2}, {"budget": 0}, {"budget": float("nan")}]
)
def test_a_request_from_outside_is_checked(clip: Path, asked: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"request|grid|budget"):
        actions.apply(run(clip), asked)


@pytest.mark.parametrize("grid", [None, {"rgb": "01"}, {"rgb": "0101", "audio": "01x1"}, {"rgb": "0", "audio": "0"}])
def test_a_grid_from_outside_is_checked(clip: Path, grid: object) -> None:
    with pytest.raises(ValueError, match="grid"):
        actions.read_grid(run(clip), grid)


def test_a_comparison_says_in_one_sentence_who_wins(clip: Path) -> None:
    session = TOY.open(clip, segments=4)
    rgb, everything, audio = (session.analyze(name) for name in ("rgb", "all", "audio"))
    adaptive = session.analyze("adamml")
    cheap = verdict(Pair(left=audio, right=rgb))
    assert "listened instead of looking in 4 of 4 segments" in cheap
    assert "less compute" in cheap
    assert "Here Everything costs more." in verdict(Pair(left=everything, right=rgb))
    assert verdict(Pair(left=rgb, right=rgb)) == "Both sides are the same."
    html = comparison(Pair(left=adaptive, right=rgb))
    differing = sum(
        a.decisions[m] != b.decisions[m]
        for a, b in zip(adaptive.segments, rgb.segments, strict=True)
        for m in ("rgb", "audio")
    )
    assert html.count("differs</span></td>") >= differing


def test_what_the_clip_says_so_far_ends_with_its_answer(clip: Path) -> None:
    answer = TOY.analyze(clip, "all", segments=5)
    running = so_far(answer)
    assert running[-1][0] == answer.label
    assert running[-1][1] == pytest.approx(answer.scores[answer.label], abs=1e-6)


@pytest.mark.parametrize("segments", [3, 120])
def test_any_number_of_segments_has_a_button_and_a_row_each(clip: Path, segments: int) -> None:
    html = timeline(from_analysis(TOY.analyze(clip, "audio", segments=segments)))
    assert html.count('class="tl-seg"') == segments
    assert html.count('<th scope="row">') == segments
    assert ("is-dense" in html) == (segments > DENSE)


def test_an_opened_segment_names_what_it_cost(clip: Path) -> None:
    shown = run(clip, policy="all")
    html = opened(shown.current, actions.open_segment(shown, 0, explain=True))
    assert html.count("<figure>") == 8
    assert html.count('class="light"') == 9  # eight frames and the spectrogram
    assert "billion MACs possible" in html
    assert "kHz" in html


@pytest.mark.parametrize(("spacing", "expected"), [(2, 2), (0, 7), (0.01, 60)])
def test_segments_at_a_chosen_spacing(clip: Path, spacing: float, expected: int) -> None:
    assert service.segments_for(str(clip), 7, spacing) == expected


def test_a_longer_clip_goes_through_in_stretches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_profile", "local")
    clip = write_clip(tmp_path / "long.mp4", seconds=180, fps=1, sound=tone(180.0, rate=8000), rate=8000, gop=5)
    usable, _ = service.look_over(str(clip))
    assert usable
    *_, last = service.steps(str(clip), "audio", 3, spacing=4)
    assert last.shown is not None
    assert 45 <= len(last.shown.base.segments) <= 46  # more than one stretch of 32
    with service.sessions.session(last.shown.key) as session:
        held = [key for key in session._memory._values if key[0] in ("frames", "spectrogram")]
    assert held == []  # nothing large is kept between presses
    monkeypatch.setattr(service, "_profile", "public")
    usable, line = service.look_over(str(clip))
    assert not usable
    assert "120 s are allowed" in line


@pytest.mark.parametrize("way", ["analyze", "spacing", "again", "visit", "program", "preview"])
def test_a_clip_that_is_too_long_here_is_refused_whoever_asks(
    way: str, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_profile", "local")
    monkeypatch.setattr(service, "LONGEST_SECONDS", 2)
    says = "lasts 0 minutes; this page takes up to 0"
    if way == "preview":
        monkeypatch.setattr(adamml, "browser_preview", lambda *_, **__: pytest.fail("it was made"))
        assert preview(str(clip)) is None
    elif way in ("analyze", "spacing", "again"):
        usable, line = service.look_over(str(clip))
        assert not usable
        assert says in line
        for _ in range(2 if way == "again" else 1):
            *_, last = service.steps(str(clip), "adamml", 3, spacing=1 if way == "spacing" else 0)
            assert last.failed
            assert last.shown is None
            assert says in last.status
    else:
        visit = service.sessions.session(SessionKey(path=str(clip), segments=1, profile="local"))
        program = api._runs(str(clip), ("rgb",), api._Cut(segments=1, spacing=0), False)
        with pytest.raises(adamml.ClipError, match=says):
            visit.__enter__() if way == "visit" else next(program)
    monkeypatch.setattr(service, "LONGEST_SECONDS", 600)
    assert run(clip).base.label


def test_programs_may_name_a_threshold_as_on_the_command_line(clip: Path) -> None:
    radios = [block for block in build().blocks.values() if isinstance(block, gr.Radio)]
    asked = {radio.label: radio for radio in radios if radio.label in ("Who picks", "This", "against this")}
    assert len(asked) == 3
    for radio in asked.values():
        assert radio.preprocess("adamml@0.5") == "adamml@0.5"
        for wrong in ("adamml@", "adamml@2", "rgb@0.5", "cascade@0.5", "best", None, 3):
            with pytest.raises(gr.Error, match="is one of adamml, "):
                radio.preprocess(wrong)
    (kind,) = (radio for radio in radios if radio.label == "What to make of it")
    with pytest.raises(gr.Error, match="is one of mp4, "):
        kind.preprocess("adamml@0.5")
    *_, last = api._runs(str(clip), ("adamml@0.5",), api._Cut(segments=2, spacing=0), False)
    assert isinstance(last, adamml.Finished)
    assert last.analysis.policy == "adamml@0.50"
    assert adamml.wording.policy(last.analysis.policy) == "AdaMML at 0.50"


def test_bad_input_meets_a_message(tmp_path: Path) -> None:
    broken = tmp_path / "<b>.mp4"
    broken.write_bytes(b"nothing")
    *_, last = service.steps(str(broken), "adamml", 3)
    assert last.failed
    assert "&lt;b&gt;" in last.status
    *_, last = service.steps(None, "adamml", 3)
    assert "Choose a clip" in last.status


def test_the_recorded_example_is_of_the_shipped_model() -> None:
    import json

    example = load()
    assert example is not None
    assert RECORD.stat().st_size < 100_000
    card = json.loads((Path("checkpoints") / example.shown.base.model / "model.json").read_text())
    for weights in example.shown.base.weights.values():
        name, _, digest = weights.partition(" ")
        # A new model needs a new record: python -m app.recorded
        assert card["files"][name].startswith(digest)
    assert len(example.shown.points) == len(BUDGETS)
