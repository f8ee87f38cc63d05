"""The decoder gives the right frames and samples at the right times, whatever the file is like."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamml import ClipError, check_clip
from adamml.inputs import PUBLISHED_INPUT
from adamml.media import Clip, ClipLimitError, MediaSettings, UnreadableClipError, draw_storyboard, settings_for
from adamml.media.sampling import examined_share, plan_segments
from tests.clips import number_picture, read_number, tone, write_clip

LOCAL = settings_for("local")


def numbers_shown(path: Path, segments: int) -> list[list[int]]:
    clip = Clip(path, LOCAL, segments)
    frames = clip.frames(clip.segments)
    return [[read_number(frame) for frame in frames[s.index]] for s in clip.segments]


def test_frames_at_the_published_rate_are_the_published_indices(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", seconds=200 / 29.97, fps=Fraction(2997, 100), picture=number_picture)
    clip = Clip(path, LOCAL, 5)
    expected = [[round(t * 29.97) for t in s.frame_times] for s in clip.segments]
    assert expected[0] == [0, 4, 8, 12, 16, 20, 24, 28]
    assert numbers_shown(path, 5) == expected


@pytest.mark.parametrize(("fps", "suffix"), [(10, "mp4"), (25, "mkv"), (Fraction(30000, 1001), "mkv"), (60, "mp4")])
def test_other_rates_show_what_is_on_screen_at_that_time(tmp_path: Path, fps: Fraction | int, suffix: str) -> None:
    path = write_clip(tmp_path / f"a.{suffix}", seconds=4, fps=fps, picture=number_picture)
    clip = Clip(path, LOCAL, 3)
    frames = clip.frames(clip.segments)
    for s in clip.segments:
        for time, frame in zip(s.frame_times, frames[s.index], strict=True):
            last = round(4 * fps) - 1
            assert read_number(frame) == min(last, int(time * float(fps) + 0.06))


def test_variable_rate_follows_the_time_stamps(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.2, 1.0, 1.05, 1.1, 1.9, 2.0, 2.02, 2.5]
    path = write_clip(tmp_path / "vfr.mp4", times=times, picture=number_picture)
    clip = Clip(path, LOCAL, 2)
    frames = clip.frames(clip.segments)
    for s in clip.segments:
        for time, frame in zip(s.frame_times, frames[s.index], strict=True):
            assert read_number(frame) == max(i for i, begins in enumerate(times) if begins <= time + 0.002)


def test_asking_for_one_segment_gives_what_asking_for_all_gives(tmp_path: Path) -> None:
    """Seeking and reading on meet the same frames."""
    path = write_clip(tmp_path / "long.mp4", seconds=9.5, picture=number_picture, gop=20)
    clip = Clip(path, LOCAL, 6)
    together = clip.frames(clip.segments)
    for segment in reversed(clip.segments):
        assert np.array_equal(clip.frames([segment])[segment.index], together[segment.index])


def test_rotation_is_undone(tmp_path: Path) -> None:
    upright = write_clip(tmp_path / "up.mp4", seconds=0.5)
    turned = tmp_path / "turned.mp4"
    with av.open(str(upright)) as source, av.open(str(turned), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(90)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    plain, rotated = Clip(upright, LOCAL, 1), Clip(turned, LOCAL, 1)
    a, b = plain.frames(plain.segments)[0][0], rotated.frames(rotated.segments)[0][0]
    assert np.abs(np.rot90(a).astype(int) - b).mean() < np.abs(a.astype(int) - b).mean()


def test_sound_lies_where_the_file_says(tmp_path: Path) -> None:
    """A tone that begins at 2 s is silent in the first segment's window and loud in the last one's."""
    sound = np.concatenate([np.zeros((1, 48_000), np.float32), tone(2.0)], axis=1)
    clip = Clip(write_clip(tmp_path / "a.mp4", seconds=4.0, sound=sound), LOCAL, 4)
    loudness = [float(np.abs(clip.window(s)).max()) for s in clip.segments]
    assert loudness[0] < 0.05 < 0.3 < loudness[-1]


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (96_000, 6), (48_000, 1)])
def test_any_rate_and_channels_become_24_khz_mono(tmp_path: Path, rate: int, channels: int) -> None:
    sound = tone(2.0, rate=rate, channels=channels, hertz=1000.0)
    path = write_clip(
        tmp_path / "a.mkv", seconds=2.0, sound=sound, rate=rate, audio_codec="flac" if channels < 6 else "aac"
    )
    clip = Clip(path, LOCAL, 1)
    spectrum = np.abs(np.fft.rfft(clip.window(clip.segments[0])))
    assert np.argmax(spectrum) == pytest.approx(1000 * 1.28, abs=2)
    assert clip.samples().size == pytest.approx(clip.info.duration * 24_000, abs=1)


def test_sound_that_ends_early_is_missing_only_later(tmp_path: Path) -> None:
    clip = Clip(write_clip(tmp_path / "a.mp4", seconds=8.0, sound=tone(3.0)), LOCAL, 8)
    heard = [clip.has_sound(s) for s in clip.segments]
    assert heard[:3] == [True] * 3
    assert heard[-3:] == [False] * 3
    assert all(clip.has_picture(s) for s in clip.segments)


def test_picture_that_ends_early_is_missing_only_later(tmp_path: Path) -> None:
    clip = Clip(write_clip(tmp_path / "a.mp4", seconds=3.0, sound=tone(8.0)), LOCAL, 8)
    assert clip.info.duration == pytest.approx(8.0, abs=0.1)
    seen = [clip.has_picture(s) for s in clip.segments]
    assert seen[0]
    assert not seen[-1]


def test_length_is_measured_where_the_header_has_none(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mkv", seconds=3.0, sound=tone(3.0))
    live = tmp_path / "live.mkv"
    with av.open(str(whole)) as source, av.open(str(live), "w", options={"live": "1"}) as out:
        streams = {s.index: out.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    with av.open(str(live)) as container:
        assert container.duration is None
    assert check_clip(live, "local").duration == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("share", [0.33, 0.5, 0.9])
def test_a_truncated_file_is_used_as_far_as_it_goes(tmp_path: Path, share: float) -> None:
    whole = write_clip(tmp_path / "a.mkv", seconds=3.0, sound=tone(3.0))
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    clip = Clip(cut, LOCAL, 2)
    assert 0 < clip.info.duration < 3.2
    assert set(clip.frames(clip.segments)) == {0, 1}


def test_damaged_packets_are_passed_over(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", seconds=3.0)
    data = bytearray(path.read_bytes())
    for place in np.random.default_rng(0).integers(len(data) // 3, len(data), 200):
        data[place] ^= 0x55
    path.write_bytes(data)
    clip = Clip(path, LOCAL, 3)
    assert all(frames.shape == (8, 224, 224, 3) for frames in clip.frames(clip.segments).values())


@pytest.mark.parametrize("size", [(2, 2), (64, 400), (500, 66)])
def test_odd_sizes_become_the_same_crop(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write_clip(tmp_path / "a.mkv", seconds=0.4, size=size, codec="mpeg4")
    clip = Clip(path, LOCAL, 1)
    assert clip.frames(clip.segments)[0].shape == (8, 224, 224, 3)


def test_very_narrow_frames_are_refused_by_name(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", seconds=0.4, size=(1024, 16), codec="mpeg4")
    clip = Clip(path, LOCAL, 1)
    with pytest.raises(UnreadableClipError, match="too narrow"):
        clip.frames(clip.segments)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.mp4", b""),
        ("text.mp4", b"hello " * 100),
        ("noise.mp4", bytes(range(256)) * 40),
        ("zip.mp4", b"PK\x03\x04" * 50),
    ],
)
def test_what_is_no_clip_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableClipError, match=name):
        check_clip(path)


@pytest.mark.parametrize("kind", ["m3u8", "concat"])
def test_playlists_open_nothing(tmp_path: Path, clip: Path, kind: str) -> None:
    text = f"#EXTM3U\n#EXTINF:4,\n{clip}\n" if kind == "m3u8" else f"ffconcat version 1.0\nfile '{clip}'\n"
    path = tmp_path / f"list.{kind}"
    path.write_text(text)
    with pytest.raises(ClipError):
        check_clip(path)


def test_folders_and_missing_files_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.mp4", Path("http://127.0.0.1:9/a.mp4")):
        with pytest.raises(ClipError):
            check_clip(path)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_bytes": 1000}, "MB"),
        ({"max_seconds": 2.0}, "up to 2 s"),
        ({"max_frames": 10}, "frames"),
        ({"max_width": 100, "max_height": 100}, "pixels"),
        ({"max_streams": 1}, "streams"),
    ],
)
def test_limits_are_named(clip: Path, limits: dict, message: str) -> None:
    generous = {"profile": "test", "max_bytes": 10**9, "max_seconds": 1e4}
    with pytest.raises(ClipLimitError, match=message):
        Clip(clip, MediaSettings(**(generous | limits)), 2)


def test_storyboard_has_a_picture_per_segment_and_an_outline(clip: Path) -> None:
    board = draw_storyboard(Clip(clip, LOCAL, 5))
    assert len(board.thumbnails) == 5
    assert all(jpeg is not None and jpeg[:2] == b"\xff\xd8" for jpeg in board.thumbnails)
    assert max(board.waveform) == 1
    assert min(board.waveform) >= 0


@settings(max_examples=200, deadline=None)
@given(st.floats(0.01, 5000), st.integers(1, 400))
def test_segments_always_lie_inside_the_clip(duration: float, count: int) -> None:
    plan = plan_segments(duration, count)
    assert len(plan) == count
    slack = 1 / 29.97
    for s in plan:
        assert 0 <= s.start < s.end
        assert s.end - s.start <= PUBLISHED_INPUT.picture.seconds + 1e-6
        assert all(0 <= t <= duration + slack for t in s.frame_times)
    assert [s.start for s in plan] == sorted(s.start for s in plan)
    share = examined_share([(s.start, s.end) for s in plan], duration)
    assert 0 < share <= 1
    if duration > 2 * count:
        assert share == pytest.approx(count * PUBLISHED_INPUT.picture.seconds / duration, rel=0.02)
