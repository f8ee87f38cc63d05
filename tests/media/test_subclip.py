"""A part of a file is treated like a file that holds only that part."""

from pathlib import Path

import numpy as np
import pytest

from adamml import ClipError, Recognizer
from adamml.media import Clip, ClipPartError, draw_storyboard, settings_for
from tests.clips import number_picture, read_number, tone, write_clip

LOCAL = settings_for("local")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A clip of 8 s, and one that holds only its seconds 2 to 6."""
    folder, sound = tmp_path_factory.mktemp("part"), tone(8.0)
    whole = write_clip(folder / "whole.mkv", seconds=8, picture=number_picture, sound=sound, audio_codec="flac")
    cut = write_clip(
        folder / "cut.mkv",
        seconds=4,
        picture=lambda index, *size: number_picture(index + 50, *size),
        sound=sound[:, 48_000:144_000],
        audio_codec="flac",
    )
    return whole, cut


@pytest.mark.parametrize("segments", [1, 3, 7])
def test_a_part_is_sampled_like_the_trimmed_file(files: tuple[Path, Path], segments: int) -> None:
    part, cut = Clip(files[0], LOCAL, segments, start=2.0, end=6.0), Clip(files[1], LOCAL, segments)
    assert part.info.duration == pytest.approx(cut.info.duration, abs=0.002)
    assert part.segments == cut.segments
    shown, expected = part.frames(part.segments), cut.frames(cut.segments)
    for segment in cut.segments:
        numbers = [read_number(frame) for frame in shown[segment.index]]
        assert numbers == [read_number(frame) for frame in expected[segment.index]]
        assert min(numbers) >= 50
        assert max(numbers) < 150
        assert part.has_picture(segment)
        assert part.has_sound(segment)
        assert np.abs(part.window(segment) - cut.window(segment)).max() < 1e-3
    assert np.abs(part.samples() - cut.samples()).max() < 1e-3
    assert len(draw_storyboard(part).waveform) == len(draw_storyboard(cut).waveform)


def test_an_open_end_is_the_clips_own(files: tuple[Path, Path]) -> None:
    late = Clip(files[0], LOCAL, 2, start=5.0)
    assert late.info.duration == pytest.approx(3.0, abs=0.01)
    assert read_number(late.frames(late.segments)[0][0]) == 125
    early = Clip(files[0], LOCAL, 2, end=1.5)
    assert early.info.duration == pytest.approx(1.5)
    assert read_number(early.frames(early.segments)[0][0]) == 0
    assert Clip(files[0], LOCAL, 2, end=8.05).info.duration == pytest.approx(8.0, abs=0.01)  # a rounded length


def test_a_part_without_sound_has_none(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", seconds=6.0, sound=tone(2.0))
    part = Clip(path, LOCAL, 2, start=4.0)
    assert part.info.audio is None
    assert not any(part.has_sound(segment) for segment in part.segments)
    assert all(part.has_picture(segment) for segment in part.segments)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (3.0, 3.0, "must end after its start"),
        (3.0, 1.0, "must end after its start"),
        (-1.0, 2.0, "cannot start at"),
        (float("nan"), None, "cannot start at"),
        (2.0, float("nan"), "must end after"),
        (9.0, None, "lasts 8.00 s"),
        (7.0, 9.0, "lasts 8.00 s"),
    ],
)
def test_a_part_that_does_not_exist_is_refused(
    files: tuple[Path, Path], start: float | None, end: float | None, message: str
) -> None:
    with pytest.raises(ClipPartError, match=message):
        Clip(files[0], LOCAL, 2, start=start, end=end)


def test_an_analysis_of_a_part_says_so(files: tuple[Path, Path], toy: Recognizer) -> None:
    analysis = toy.analyze(files[0], "audio", segments=2, start=2.0, end=6.0)
    assert analysis.clip.duration == pytest.approx(4.0, abs=0.01)
    assert all(segment.end <= 4.01 for segment in analysis.segments)
    assert any("2.00 s to 6.00 s" in note for note in analysis.notes)
    assert (
        analysis.segments[0].modality_scores == toy.analyze(files[1], "audio", segments=2).segments[0].modality_scores
    )
    with pytest.raises(ClipError):
        toy.open(files[0], start=20.0)
