"""The learned policy's probabilities as an order of looks, which certainty or a number of looks ends."""

from itertools import pairwise
from pathlib import Path

import pytest

from adamml import Analysis, Recognizer
from adamml.inference.session import CHUNK, ClipSession
from adamml.policies import AnytimePolicy, get_policy
from adamml.policies.anytime import budget_policy, by_promise
from adamml.results import wording
from tests.clips import tone, write_clip
from tests.toy_app import toy_recognizer

SEGMENTS = 6


@pytest.fixture(scope="module")
def small() -> Recognizer:
    return toy_recognizer()


@pytest.fixture(scope="module")
def session(small: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> ClipSession:
    path = write_clip(tmp_path_factory.mktemp("anytime") / "clip.mp4", seconds=6.0, sound=tone(6.0))
    return small.open(path, segments=SEGMENTS)


def looked(answer: Analysis) -> list[int]:
    return [segment.index for segment in answer.segments if segment.decisions["rgb"]]


def test_without_a_preference_looks_spread_from_the_middle() -> None:
    assert by_promise([0.5] * 7) == [3, 1, 5, 0, 2, 4, 6]


def test_a_preference_goes_before_the_middle_and_neighbors_wait() -> None:
    order = by_promise([0.1, 0.9, 0.9, 0.1, 0.1, 0.1, 0.6, 0.1])
    assert order[0] == 2
    assert order.index(6) < order.index(1)  # the other half of the clip before the neighbor that is as promising
    assert sorted(order) == list(range(8))
    assert by_promise([]) == []


def test_the_first_looks_are_those_of_a_smaller_number(session: ClipSession) -> None:
    sets = [set(looked(session.analyze(f"anytime-{k}"))) for k in range(1, SEGMENTS + 1)]
    assert [len(each) for each in sets] == list(range(1, SEGMENTS + 1))
    assert all(fewer < more for fewer, more in pairwise(sets))
    assert looked(session.analyze("anytime-50")) == list(range(SEGMENTS))


def test_a_budget_is_a_share_of_the_looks_and_never_shrinks_as_it_grows(session: ClipSession) -> None:
    shares = [0.01, 0.05, 0.1, 0.2, 0.34, 0.5, 0.75, 1.0]
    answers = [session.analyze(budget_policy(share)) for share in shares]
    assert [len(looked(answer)) for answer in answers] == [1, 1, 1, 1, 2, 3, 4, 6]
    spent = [answer.macs.total for answer in answers]
    assert spent == sorted(spent)
    assert answers[5].policy == "anytime-50%"
    assert wording.policy("anytime-12.5%") == "Anytime, looks at 12.5 %"
    for wrong in (0.0, -0.1, 1.01):
        with pytest.raises(ValueError, match="share of running everything"):
            budget_policy(wrong)
    with pytest.raises(ValueError, match="less than any look"):
        budget_policy(1e-9)
    assert get_policy(budget_policy(1 / 3)).name == "anytime-33.3333%"
    with pytest.raises(ValueError, match="goes up to 100%"):
        get_policy("anytime-101%")


def test_a_budget_is_kept_across_the_stretches_of_a_long_clip(small: Recognizer, tmp_path: Path) -> None:
    """Each stretch of a clip is decided by itself: what they round up must not add up."""
    path = write_clip(tmp_path / "clip.mp4", seconds=4.0)
    count = 2 * CHUNK + 6
    with small.open(path, segments=count) as long:
        for share in (0.01, 0.2, 0.35):
            seen = looked(long.analyze(budget_policy(share)))
            assert len(seen) == max(1, int(share * count))
        assert {index // CHUNK for index in seen} == {0, 1, 2}


def test_more_certainty_never_takes_fewer_looks(session: ClipSession) -> None:
    numbers = [len(looked(session.analyze(f"anytime@{level}"))) for level in (0.0, 0.26, 0.28, 0.3, 1.0)]
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1]) == (1, SEGMENTS)


def test_the_order_is_that_of_the_policys_own_probabilities(session: ClipSession) -> None:
    own, anytime = session.analyze("adamml"), session.analyze("anytime-2")
    assert [s.probabilities for s in anytime.segments] == [s.probabilities for s in own.segments]
    assert anytime.macs.decide == own.macs.decide > 0
    assert set(looked(anytime)) == set(by_promise([s.probabilities["rgb"] or 0.0 for s in own.segments])[:2])
    assert all(segment.decisions["audio"] for segment in anytime.segments)


def test_a_clip_without_sound_or_without_picture_is_answered(small: Recognizer, tmp_path: Path) -> None:
    mute = small.analyze(write_clip(tmp_path / "mute.mp4", seconds=2.0), policy="anytime-1", segments=3)
    assert [dict(s.decisions) for s in mute.segments].count({"rgb": True, "audio": False}) == 1
    blind = write_clip(tmp_path / "blind.mp4", seconds=2.0, picture=None, sound=tone(2.0))
    assert looked(small.analyze(blind, policy="anytime", segments=3)) == []


def test_names_say_what_ends_it() -> None:
    assert get_policy("anytime-3") == AnytimePolicy(name="anytime-3", level=None, looks=3)
    assert get_policy("anytime@0.7").name == "anytime@0.70"
    assert wording.policy("anytime@0.70") == "Anytime, until 70 % sure"
    assert wording.policy("anytime-1") == "Anytime, 1 look"
    for wrong in ("anytime-0", "anytime@1.5", "anytime@x"):
        with pytest.raises(ValueError, match="got"):
            get_policy(wrong)
    with pytest.raises(ValueError, match="one thing ends it"):
        AnytimePolicy(looks=3)


def test_long_clips_have_their_looks_spread_over_the_stretches(
    small: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adamml.inference.session.CHUNK", 3)
    path = write_clip(tmp_path / "long.mp4", seconds=6.0, sound=tone(6.0))
    answer = small.analyze(path, policy="anytime-2", segments=6)
    assert sorted(index // 3 for index in looked(answer)) == [0, 1]
