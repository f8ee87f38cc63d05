"""A file may last longer than a clip may, where only a part of it is used."""

from dataclasses import replace
from pathlib import Path

import pytest

from adamml.media import Clip, ClipLimitError, MediaSettings, make_preview, probe, probe_part
from adamml.media.limits import settings_for
from tests.clips import tone, write_clip

SHORT = replace(settings_for("public"), max_seconds=3.0, max_file_seconds=20.0, isolated=False)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """9 s in a format that browsers do not play."""
    return write_clip(
        tmp_path_factory.mktemp("part") / "long.avi", seconds=9.0, codec="mpeg4", sound=tone(9.0), audio_codec="mp3"
    )


def test_a_part_may_be_taken_of_a_file_that_is_too_long_itself(long_clip: Path) -> None:
    with pytest.raises(ClipLimitError, match="up to 3 s are allowed"):
        Clip(long_clip, SHORT, 2)
    clip = Clip(long_clip, SHORT, 2, start=5.0, end=8.0)
    assert clip.info.duration == pytest.approx(3.0, abs=0.05)
    assert clip.part == pytest.approx((5.0, 8.0), abs=0.05)
    assert clip.has_sound(clip.segments[0])
    with pytest.raises(ClipLimitError, match=r"A part of .* may last up to 3 s, not 4 s"):
        Clip(long_clip, SHORT, 2, start=4.0, end=8.0)


@pytest.mark.parametrize(
    "settings", [replace(SHORT, max_file_seconds=8.0), replace(SHORT, max_bytes=1000), replace(SHORT, max_frames=10)]
)
def test_the_other_limits_hold_for_the_whole_file(long_clip: Path, settings: MediaSettings) -> None:
    with pytest.raises(ClipLimitError):
        Clip(long_clip, settings, 2, start=5.0, end=8.0)


def test_a_limit_on_clips_that_is_higher_is_that_of_files_too() -> None:
    assert replace(SHORT, max_seconds=60.0).of_parts.max_seconds == 60.0


def test_a_preview_of_a_part_shows_that_part(long_clip: Path, tmp_path: Path) -> None:
    made = make_preview(long_clip, tmp_path / "preview.mp4", SHORT, 5.0, 7.0)
    assert probe(made, SHORT).duration == pytest.approx(2.0, abs=0.1)
    whole, part = probe_part(made, SHORT, None, None)
    assert whole is part
