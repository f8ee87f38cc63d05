"""Looking until sure: where it looks, when it stops, and that more certainty never takes fewer looks."""

from pathlib import Path

import pytest

from adamml import Recognizer
from adamml.inference.events import Decided, Finished
from adamml.policies.confident import spread_order
from tests.clips import tone, write_clip


@pytest.mark.parametrize("count", [0, 1, 2, 10, 31])
def test_every_segment_has_its_turn_and_the_first_lie_apart(count: int) -> None:
    order = spread_order(count)
    assert sorted(order) == list(range(count))
    if count > 3:
        first, second, third = order[:3]
        assert first == count // 2
        assert second < first < third


def test_it_looks_until_it_is_sure_and_says_where_first(toy: Recognizer, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=4.0, sound=tone(4.0))
    looks = []
    with toy.open(clip, segments=5) as session:
        for level in (0.0, 0.3, 0.5, 1.0):
            events = list(session.run(f"confident@{level}"))
            result = events[-1]
            assert isinstance(result, Finished)
            decided = [event for event in events if isinstance(event, Decided)]
            assert [event.segment for event in decided] == spread_order(5)
            assert [segment.index for segment in result.analysis.segments] == list(range(5))
            assert all(segment.decisions["audio"] for segment in result.analysis.segments)
            seen = [event.segment for event in decided if event.decisions["rgb"]]
            assert seen == spread_order(5)[: len(seen)]
            looks.append(len(seen))
            if len(seen) < 5:
                assert max(result.analysis.scores.values()) >= level
    assert looks == sorted(looks)
    assert (looks[0], looks[-1]) == (1, 5)  # one look at least


def test_of_a_clip_without_sound_a_segment_is_looked_at(toy: Recognizer, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "mute.mp4", seconds=2.0)
    analysis = toy.analyze(clip, policy="confident@0.01", segments=3)
    assert [segment.decisions["rgb"] for segment in analysis.segments] == [False, True, False]
