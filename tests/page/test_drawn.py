"""What the page says and draws of a result, without a browser: charts, reasons, wording."""

import dataclasses
import json
import re
from html import unescape
from pathlib import Path

import pytest

from adamml import Analysis, ClipFacts, Macs
from adamml.render.fonts import font
from adamml.render.overlay import Strip
from app import charts, page, savings, service, summary
from app.actions import Pair
from app.arriving import uploaded
from app.compare import verdict
from app.geometry import lay_out
from app.known import known
from app.recorded import load
from app.timeline import timeline
from app.timeline_model import Cell, Row, TimelineModel
from app.view_state import BOTH, RGB, ViewState
from app.whatif import sentence, what_if

CLIP = ClipFacts(name="clip.mp4", duration=60.0, has_video=True, has_audio=True)


@pytest.fixture(scope="module")
def shown() -> ViewState:
    example = load()
    assert example is not None
    return example.shown


def rgb_of(shown: ViewState) -> Analysis:
    assert shown.rgb is not None
    return shown.rgb


def model(labels: list[str | None], *, live: bool = False) -> TimelineModel:
    """One segment a second; None is a segment in which nothing ran."""
    rows = tuple(
        Row(
            index=i,
            start=float(i),
            end=i + 1.0,
            cells={m: Cell(state="waiting" if name is None else "used") for m in ("rgb", "audio")},
            label=name,
            score=0.9,
            scores=None if name is None else {name: 0.9, "rest": 0.1},
        )
        for i, name in enumerate(labels)
    )
    said = next((name for name in labels if name), None)
    return TimelineModel(clip=CLIP, rows=rows, label=said, score=0.9, live=live)


def test_reset_lives_as_soon_as_the_budget_has_moved(shown: ViewState) -> None:
    assert "data-reset disabled" in what_if(shown, {})
    assert "data-reset disabled" not in what_if(dataclasses.replace(shown, budget=0.4, limited=shown.base), {})


def test_next_to_nothing_is_never_the_reason_of_a_cost(shown: ViewState) -> None:
    dear = dataclasses.replace(shown.base, policy="adamml", macs=Macs(decide=1000, rgb=38 * 10**9, audio=10**9))
    cheap = dataclasses.replace(rgb_of(shown), policy="audio", macs=Macs(audio=10**9))
    said = verdict(Pair(left=dear, right=cheap))
    assert "deciding" not in said
    assert "looking took 38.0 billion MACs more" in said


def test_a_way_without_choices_is_not_said_to_have_chosen_and_meets_itself_nowhere(shown: ViewState) -> None:
    rgb = rgb_of(shown)
    alone = dataclasses.replace(shown, base=rgb, current=rgb)
    assert "chose" not in sentence(alone)
    assert "answer-rgb" not in summary.card(alone)
    assert savings.card(alone).count(">RGB only<") == 1


def test_a_running_answer_ends_where_the_run_is() -> None:
    running = model(["dog", "dog", None, None], live=True)
    figure = charts.scores(running, lay_out([(i, i + 1.0) for i in range(4)], 60.0))
    assert figure["data"][0]["y"] == [0.9, 0.9, None, None]
    assert figure["data"][0]["connectgaps"] is False


def test_sixty_segments_are_named_by_words_or_not_at_all() -> None:
    html = timeline(model(["sea waves", "cow", "dog"] * 20))
    stretches = html.split('class="tl-stretches"')[1].split("</div>")[0]
    assert "<b></b>" in stretches  # a stretch of one segment has no room for a word
    long = timeline(model(["sea waves"] * 30 + ["cow"] * 30))
    assert "<b>sea waves</b>" in long
    assert "<b>cow</b>" in long


def test_the_switch_shows_looking_only_and_both(shown: ViewState) -> None:
    rgb = dataclasses.replace(shown, way=RGB)
    assert rgb.view().fixed
    assert all(row.cells["rgb"].state == "used" for row in rgb.view().rows)
    assert "It looked at 10 of 10 segments" in summary.card(rgb)
    both = dataclasses.replace(shown, way=BOTH)
    assert "has-rival" in timeline(both.view())
    assert summary.card(both).count('class="answer-half"') == 2
    waiting = dataclasses.replace(shown, way=RGB, rgb=None)
    assert "RGB only is still running" in summary.card(waiting)


def test_bars_are_counted_shares_that_end_in_answers_and_measured_seconds(shown: ViewState) -> None:
    html = savings.card(shown)
    figure = json.loads(unescape(html.split('data-figure="')[1].split('"')[0]))
    assert [part["name"] for part in figure["data"]] == ["deciding", "looking", "listening"]
    everything = shown.base.alternatives["all"].total
    own = sum(part["x"][0] for part in figure["data"])
    assert own == pytest.approx(100 * shown.base.macs.total / everything, abs=0.1)
    assert [note["text"].count("s<br>playing keyboard") for note in figure["layout"]["annotations"]] == [1, 1, 1]
    assert "seconds" not in html.split("<details")[0].split("billion MACs")[0].lower()
    unknown = savings.card(dataclasses.replace(shown, rgb=None, everything=None))
    assert unescape(unknown).count("not run yet") == 4  # in the drawing and in the table


def test_how_much_was_looked_at_is_said_in_plain_words(shown: ViewState) -> None:
    assert summary.use_sentence(shown.base).startswith("It looked at 6 of 10 segments (67\u00a0% of this clip's time)")
    deaf = tuple(
        dataclasses.replace(
            s, decisions={"rgb": False, "audio": True}, modality_scores={"rgb": None, "audio": s.scores}
        )
        for s in shown.base.segments
    )
    said = summary.use_sentence(dataclasses.replace(shown.base, segments=deaf))
    assert said.startswith("It listened to 10 of 10 segments (100\u00a0% of this clip's time) and never looked")


def test_style_sheets_say_nothing_that_gradio_would_break() -> None:
    """It writes its own scope before each selector after a comma, which inside of :has never fits."""
    folder = Path(page.__file__).parent
    for sheet in ("style.css", "timeline.css"):
        rules = re.sub(r"/\*.*?\*/", "", (folder / sheet).read_text(encoding="utf-8"), flags=re.DOTALL)
        for start in (found.end() for found in re.finditer(r":has\(", rules)):
            depth, end = 1, start
            while depth:
                depth += {"(": 1, ")": -1}.get(rules[end], 0)
                end += 1
            assert "," not in rules[start:end], rules[start:end]


def test_old_wordings_are_gone(shown: ViewState) -> None:
    card = service.models.card()
    assert card is not None
    texts = [known(card), what_if(shown, {}), Path(page.__file__).read_text(encoding="utf-8")]
    for gone in ("Only what was not run yet is run", "Anything else it takes for", "counts each time"):
        assert not any(gone in text for text in texts)


def test_the_name_in_an_exports_footer_is_cut_and_the_policy_is_not(shown: ViewState) -> None:
    import numpy as np

    def footer(name: str) -> np.ndarray:
        clip = dataclasses.replace(shown.base.clip, name=name)
        return Strip(dataclasses.replace(shown.base, clip=clip), np.zeros(0)).at(1.0)[200:]

    room = round(font(13).getlength("AdaMML")) + 4
    short, long = footer("a.mp4"), footer("a very long name of a clip from a telephone, with its date.mp4")
    assert (short[:, -14 - room : -14] == long[:, -14 - room : -14]).all()


def test_only_what_was_uploaded_here_arrives(tmp_path: Path) -> None:
    assert uploaded({"path": "/etc/passwd"}) is None
    assert uploaded({"path": str(tmp_path)}) is None
    assert uploaded(None) is None
