"""Mutated clips, and values from outside: whatever they are, what comes back is a result or a named error."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adamml import Analysis, AnalysisError, ClipError, Recognizer
from adamml.media import PROFILES, MediaSettings, SettingsError, examined_share, plan_segments, settings_for
from benchmarks.fuzz import trial
from tests.clips import tone, write_clip
from tests.toy_app import toy_recognizer

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def small() -> Recognizer:
    return toy_recognizer()


@pytest.fixture(scope="module")
def analysis(small: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    path = write_clip(tmp_path_factory.mktemp("fuzz") / "clip.mp4", seconds=1.0, sound=tone(1.0))
    return small.analyze(path, "adamml", segments=2)


def test_mutated_clips_end_in_results_or_named_errors(small: Recognizer, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        trials = list(pool.map(lambda number: trial(small, 20, number, tmp_path), range(150)))
    assert [f"{each.number} {each.name}: {each.kind}" for each in trials if each.unnamed] == []
    assert max(each.seconds for each in trials) < 30
    kinds = {each.kind for each in trials}
    assert "analyzed" in kinds, "some mutations are harmless"
    assert len(kinds) > 1, "and some are not"


def test_a_mutation_follows_from_its_seed(small: Recognizer, tmp_path: Path) -> None:
    first, again, other = (trial(small, seed, 5, tmp_path) for seed in (1, 1, 2))
    assert (first.data, first.kind) == (again.data, again.kind)
    assert first.data != other.data


@QUICK
@given(duration=st.floats(1e-3, 86_400), segments=st.integers(1, 600))
@example(duration=1e-3, segments=600)
def test_segments_lie_in_the_clip_in_order(duration: float, segments: int) -> None:
    plan = plan_segments(duration, segments)
    assert [segment.index for segment in plan] == list(range(segments))
    assert all(a.start <= b.start for a, b in pairwise(plan))
    for segment in plan:
        assert 0 <= segment.start < segment.end
        assert len(segment.frame_times) == 8
        # Ticks are whole: the last one may lie half a tick beyond a clip that is no whole number of them long.
        assert all(0 <= time <= duration + 1 / 29.97 for time in segment.frame_times)
        assert math.isfinite(segment.sound_center)
    assert 0 <= examined_share([(s.start, s.end) for s in plan], duration) <= 1


@QUICK
@given(duration=st.floats(), segments=st.integers())
def test_other_plans_are_refused_by_name(duration: float, segments: int) -> None:
    if 0 < duration <= 86_400 and 1 <= segments <= 3600:
        return
    if not duration > 0 or not 1 <= segments <= 3600:
        with pytest.raises(ValueError, match="must"):
            plan_segments(duration, segments)


@QUICK
@given(values=JSON)
def test_no_json_from_elsewhere_is_taken_for_an_analysis(values: object) -> None:
    with pytest.raises(AnalysisError):
        Analysis.from_json(json.dumps(values))


@QUICK
@given(data=st.data())
def test_an_analysis_with_any_part_exchanged_is_the_same_or_refused(analysis: Analysis, data: st.DataObject) -> None:
    values = analysis.to_dict()
    place: object = values
    while isinstance(place, (dict, list, tuple)) and place:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            if isinstance(place, (dict, list)):
                place[key] = data.draw(JSON)
            break
        place = inner
    try:
        read = Analysis.from_json(json.dumps(values))
    except AnalysisError:
        return
    assert Analysis.from_json(read.to_json()) == read
    assert read.to_csv()


@QUICK
@given(text=st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(AnalysisError):
        Analysis.from_json(text)


@QUICK
@given(
    name=st.sampled_from([f.name for f in fields(MediaSettings)]),
    text=st.text(max_size=12).filter(lambda t: "\0" not in t),
)
@example(name="max_seconds", text="nan")
@example(name="max_bytes", text="1e999")
@example(name="max_frames", text="-1")
def test_settings_from_the_environment_are_right_or_refused(name: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"ADAMML_{name.upper()}", text.encode("utf-8", "ignore").decode())
        try:
            found = settings_for("public")
        except SettingsError:
            return
    for field in fields(MediaSettings):
        value = getattr(found, field.name)
        if "least" in field.metadata:
            assert field.metadata["least"] <= value <= field.metadata["most"]
    assert found.profile == "public"
    assert set(PROFILES) == {"public", "local"}


@QUICK
@given(name=st.text(max_size=300) | st.sampled_from(["/dev/zero", "/dev/stdin", "/proc/self/mem", "/", ".", "", "~"]))
@example(name="\0")
@example(name="http://127.0.0.1:9/x.mp4")
@example(name="concat:/etc/passwd|/etc/passwd")
@example(name="pipe:0")
@example(name="\udcff")
def test_a_path_to_no_clip_is_refused_by_name(small: Recognizer, name: str) -> None:
    if Path(name.replace("\0", "")).is_file():
        return
    with pytest.raises(ClipError) as caught:
        small.open(name, segments=1, profile="public")
    assert str(caught.value)
