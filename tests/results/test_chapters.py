"""Chapters: stretches of the same answer."""

import pytest

from adamml.results.chapters import LEAST_SCORE, MOST, SegmentAnswer, chapters


def moments(said: str, score: float = 0.9, step: float = 10.0) -> list[SegmentAnswer]:
    """One segment per letter; "." was not run, a capital letter is uncertain."""
    return [
        SegmentAnswer(
            start=step * i,
            end=step * i + 1.3,
            label=None if letter == "." else letter.lower(),
            score=LEAST_SCORE / 2 if letter.isupper() else score,
        )
        for i, letter in enumerate(said)
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ggggdddd", "0g 40d"),
        ("gg..gdd.d", "0g 50d"),  # what was not run breaks nothing
        ("ggDgdXdd", "0g 40d"),  # nor does what is uncertain
        ("ggxggddd", "0g 50d"),  # nor one segment that says something else
        ("..ggdd", "0g 40d"),  # the first reaches back to the start
        ("ggddgg", "0g 20d 40g"),
        ("gggggggg", ""),
        ("ggggggxg", ""),
        ("GGGGDDDD", ""),
        ("....", ""),
        ("", ""),
        ("gdgdgdgd", ""),
        ("aabb" * MOST, ""),
    ],
)
def test_chapters_are_stretches_of_one_certain_answer(said: str, expected: str) -> None:
    found = chapters(moments(said), 10.0 * len(said))
    assert " ".join(f"{chapter.start:.0f}{chapter.label}" for chapter in found) == expected


def test_chapters_cover_the_clip_and_name_their_first_segment() -> None:
    found = chapters(moments(".ggXdd"), 60.0)
    assert [(c.start, c.end, c.segment) for c in found] == [(0.0, 40.0, 1), (40.0, 60.0, 4)]


def test_a_long_segment_is_a_chapter_by_itself() -> None:
    long = [SegmentAnswer(start=20.0 * i, end=20.0 * i + 20.0, label=name, score=0.9) for i, name in enumerate("gd")]
    assert [chapter.label for chapter in chapters(long, 40.0)] == ["g", "d"]
