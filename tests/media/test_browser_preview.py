"""Previews for browsers: made where they are needed, whole or not at all, and as long as the clip."""

from pathlib import Path

import av
import pytest

from adamml import ClipError, browser_preview, check_clip
from tests.clips import tone, write_clip


@pytest.mark.parametrize(
    ("name", "codec", "sound_codec", "plays"),
    [
        ("plain.mp4", "libx264", "aac", True),
        ("camera.avi", "mpeg4", "mp3", False),
        ("film.mkv", "libx264", "aac", False),
        ("phone.mp4", "libx265", "aac", False),
    ],
)
def test_only_what_browsers_do_not_play_gets_a_preview(
    tmp_path: Path, name: str, codec: str, sound_codec: str, plays: bool
) -> None:
    clip = write_clip(tmp_path / name, seconds=1.2, sound=tone(1.2), codec=codec, audio_codec=sound_codec)
    made = browser_preview(clip, tmp_path)
    assert (made is None) == plays
    if made is not None:
        with av.open(str(made)) as container:
            assert container.streams.video[0].codec_context.name == "h264"
            assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
            assert container.streams.audio[0].codec_context.name == "aac"
        assert check_clip(made).duration == pytest.approx(check_clip(clip).duration, abs=0.15)
        assert browser_preview(made, tmp_path) is None  # a preview plays


def test_a_sound_file_of_a_kind_that_browsers_lack_gets_sound_alone(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "tone.mkv", picture=None, sound=tone(1.5), audio_codec="aac")
    made = browser_preview(clip, tmp_path)
    assert made is not None
    assert not check_clip(made).has_video
    assert check_clip(made).has_audio


def test_a_broken_file_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(b"this is not a clip")
    folder = tmp_path / "previews"
    folder.mkdir()
    with pytest.raises(ClipError):
        browser_preview(broken, folder)
    assert list(folder.iterdir()) == []
