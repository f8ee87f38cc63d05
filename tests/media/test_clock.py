"""One clock for every reader of a file, and it is that of players: FFmpeg's own frames and times are the measure."""

from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from adamml import Recognizer, browser_preview
from adamml.datasets.cut import cut
from adamml.media import Clip, ClipInfo, display_frames, display_sound, probe, settings_for, subclip_of
from tests.clips import number_picture, read_number, tone, write_clip
from tests.media.timed_clips import FPS, copied, frames_played, number_in, rising, shifted, shown, telling, time_heard

LOCAL = settings_for("local")
TICK = 1 / FPS
CODING = {"preset": "medium", "bf": "2", "crf": "12", "x264-params": "scenecut=0"}  # key frames where `gop` says


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 s with a key frame every 2 s."""
    return telling(tmp_path_factory.mktemp("whole") / "whole.mp4", coding=CODING)


def agrees(clip: Clip, begins: float, slack: float = TICK) -> None:
    """Picture and sound are those of `begins` seconds later in the file that the clip was made of."""
    for time, number in shown(clip):
        assert number / FPS == pytest.approx(time + begins, abs=slack + 1e-3)
    samples = clip.samples()
    for time in np.arange(0.2, clip.info.duration - 0.2, 0.25):
        assert time_heard(samples, float(time)) == pytest.approx(time + begins, abs=slack)


def test_an_ordinary_clip_begins_with_its_picture_and_its_sound(whole: Path) -> None:
    """The packet that a sound decoder needs to get going is heard by nobody."""
    clip = Clip(whole, LOCAL, 6)
    assert clip.info.duration == pytest.approx(8.0, abs=1e-3)
    assert clip.info.video is not None
    assert clip.info.audio is not None
    assert (clip.info.video.start, clip.info.audio.start) == pytest.approx((0, 0), abs=1e-3)
    agrees(clip, 0.0)


@pytest.fixture(scope="module")
def trimmed(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is left of it from 3.5 s on, its packets from 2 s on: an edit list hides the first 1.5 s."""
    return copied([whole], tmp_path_factory.mktemp("trim") / "trimmed.mp4", shifted(-3.5, least=2.0))


def test_what_an_edit_list_hides_is_neither_shown_nor_counted(trimmed: Path, tmp_path: Path) -> None:
    played = frames_played(trimmed)
    assert played[0][0] == pytest.approx(0, abs=TICK)  # FFmpeg hides it
    clip = Clip(trimmed, LOCAL, 6)
    assert clip.info.duration == pytest.approx(4.5, abs=0.02)
    assert clip.info.video is not None
    assert clip.info.video.packets == len(played)
    agrees(clip, 3.5)
    for frame in display_frames(clip.info, fps=FPS, box=(160, 120)):
        assert number_in(frame.pixels) / FPS == pytest.approx(frame.time + 3.5, abs=TICK + 1e-3)
    heard = np.concatenate(list(display_sound(clip.info)))[:, 0] / 32767
    assert time_heard(heard, 2.0, rate=48_000) == pytest.approx(5.5, abs=TICK)
    part = Clip(trimmed, LOCAL, 3, start=1.0, end=3.0)
    agrees(part, 4.5)


@pytest.mark.parametrize("start", [0.5, 1.3])  # where a key frame lies, and where none does
def test_a_part_of_a_trimmed_clip_is_cut_where_players_see_it(trimmed: Path, tmp_path: Path, start: float) -> None:
    info = probe(trimmed, LOCAL)
    made, way = cut(trimmed, tmp_path / "part", start, 2.0, info)
    assert way == ("copied" if start == 0.5 else "encoded")
    agrees(Clip(made, LOCAL, 4), 3.5 + start)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_picture_stands_until_the_next_and_the_last_until_the_end(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"a.{suffix}", times=[0.0, 4.0, 8.0], picture=number_picture, sound=tone(12.0))
    clip = Clip(path, LOCAL, 9)
    assert clip.info.duration == pytest.approx(12.0, abs=0.1)
    assert clip.info.video is not None
    assert clip.info.video.end == pytest.approx(12.0, abs=0.1)
    seen = shown(clip)
    assert len(seen) == 9 * 8
    assert not clip.notes
    assert all(number == min(2, int((time + 0.01) // 4)) for time, number in seen)


def test_one_picture_with_sound_stands_as_long_as_that(tmp_path: Path) -> None:
    clip = Clip(write_clip(tmp_path / "still.mkv", times=[0.0], sound=tone(10.0)), LOCAL, 5)
    assert clip.info.duration == pytest.approx(10.0, abs=0.1)
    assert all(clip.has_picture(segment) for segment in clip.segments)


def test_one_picture_of_a_broadcast_stands_as_long_as_its_sound(tmp_path: Path) -> None:
    """Its size is in none of the packets that are looked at first."""
    clip = Clip(write_clip(tmp_path / "still.ts", times=[0.0], picture=number_picture, sound=tone(10.0)), LOCAL, 5)
    assert (clip.info.width, clip.info.height) == (160, 120)
    assert clip.info.video is not None
    assert clip.info.video.end == pytest.approx(10.0, abs=0.1)
    assert {number for _, number in shown(clip)} == {0}


def test_an_animated_picture_is_shown_as_long_as_it_says(tmp_path: Path) -> None:
    path, tick = tmp_path / "slow.gif", Fraction(1, 100)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("gif", rate=100)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "rgb8"
        for index in range(4):  # the third lasts until the fourth
            frame = av.VideoFrame.from_ndarray(number_picture(index, 160, 120), format="rgb24").reformat(format="rgb8")
            frame.pts, frame.time_base = index * 1200, tick
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with av.open(str(path)) as container:
        length = (container.duration or 0) / 1e6
    assert length > 36
    clip = Clip(path, LOCAL, 6)
    assert clip.info.duration == pytest.approx(length, abs=0.01)
    assert {number for time, number in shown(clip) if time < 35.9} == {0, 1, 2}


@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_pictures_without_the_one_that_they_depend_on_are_not_shown(whole: Path, tmp_path: Path, suffix: str) -> None:
    """As in a broadcast that is recorded from anywhere on: what comes later is not shown before its time."""
    dropped = []

    def cut(packet: av.Packet) -> bool:
        if packet.stream.type == "video" and not dropped:
            dropped.append(packet)
            return False
        return True

    path = copied([whole], tmp_path / f"cut.{suffix}", cut)
    first, _ = frames_played(path)[0]
    clip = Clip(path, LOCAL, 8)
    assert first > 1.5  # seconds, of the next key frame
    assert clip.info.video is not None
    assert clip.info.video.start == pytest.approx(first - clip.info.origin, abs=0.001)
    assert not clip.has_picture(clip.segments[0])
    assert clip.has_sound(clip.segments[0])
    assert all(number / FPS == pytest.approx(max(time, first), abs=TICK + 0.1) for time, number in shown(clip))
    assert any("depend on one that this file lacks" in note for note in clip.notes)


def test_time_stamps_that_begin_late_are_those_of_the_player(whole: Path, tmp_path: Path, toy: Recognizer) -> None:
    late = copied([whole], tmp_path / "late.mp4", shifted(5.0, least=0.0))
    played = frames_played(late)
    clip = Clip(late, LOCAL, 8)
    assert clip.info.duration == pytest.approx(13.0, abs=TICK)
    assert shown(clip)
    for time, number in shown(clip):
        assert number == max(0, bisect_right([begin for begin, _ in played], time + 2e-3) - 1)
    assert [clip.has_picture(segment) for segment in clip.segments][:2] == [False, False]
    assert time_heard(clip.samples(), 4.0) is None
    assert time_heard(clip.samples(), 7.0) == pytest.approx(2.0, abs=TICK)
    assert any("5.0" in note or "4.9" in note for note in clip.notes)
    # Browsers do not agree about such a file; what they are given begins at 0 by everybody's clock.
    made = browser_preview(late, tmp_path)
    assert made is not None
    first = frames_played(made)
    assert first[0][0] == 0
    shown_at = {time: number_in(frame.to_ndarray(format="rgb24")) for time, frame in first}
    for time in (0.0, 5.5, 7.0, 10.0):
        begun = max(begin for begin in shown_at if begin <= time + 1e-3)
        assert shown_at[begun] == pytest.approx(max(0, (time - 5) * FPS), abs=1)
    assert toy.analyze(late, "audio", segments=2).notes


def test_a_clock_that_never_stood_at_zero_counts_from_its_first_picture(whole: Path, tmp_path: Path) -> None:
    clip = Clip(copied([whole], tmp_path / "day.mkv", shifted(1000.0, least=0.0)), LOCAL, 4)
    assert clip.info.duration == pytest.approx(8.0, abs=0.05)
    agrees(clip, 0.0, slack=0.05)
    assert any("begin at 1000" in note for note in clip.notes)


def second_half(index: int, width: int, height: int) -> np.ndarray:
    return number_picture(index + 100, width, height)


@pytest.mark.parametrize("ahead", [0.0, 30.0, 1000.0])
def test_joined_broadcasts_go_on_at_the_break(tmp_path: Path, ahead: float, toy: Recognizer) -> None:
    sound = rising(8.0)
    one = telling(tmp_path / "a.ts", seconds=4, sound=sound[:, :192_000])
    two = telling(tmp_path / "b.ts", seconds=4, sound=sound[:, 192_000:], picture=second_half)
    if ahead:
        two = copied([two], tmp_path / "c.ts", shifted(ahead))
    path = tmp_path / "joined.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    clip = Clip(path, LOCAL, 7)
    # FFmpeg shows all pictures of both; its program joins them as well.
    assert len(frames_played(path)) == 200
    assert clip.info.video is not None
    assert clip.info.video.packets == 200
    assert clip.info.duration == pytest.approx(8.0, abs=0.15)
    agrees(clip, 0.0, slack=0.1)
    numbers = [number for _, number in shown(clip)]
    assert min(numbers) < 4
    assert max(numbers) > 190
    # However few are asked for, and in whatever order.
    for segment in reversed(clip.segments):
        again = [read_number(picture) for picture in clip.frames([segment])[segment.index]]
        assert again == numbers[segment.index * 8 : segment.index * 8 + 8]
    shows = [number_in(frame.pixels) for frame in display_frames(clip.info, fps=10, box=(160, 120))]
    assert shows == sorted(shows)
    notes = toy.analyze(path, "audio", segments=2).notes
    assert any("begin anew once" in note for note in notes)
    made, _ = cut(path, tmp_path / "part", 5.0, 2.0, clip.info)
    agrees(Clip(made, LOCAL, 3), 5.0, slack=0.15)


def test_a_pause_of_one_track_is_no_break(tmp_path: Path) -> None:
    """Sound that stops for 12 s while the picture goes on."""
    path = write_clip(
        tmp_path / "whole.mp4", seconds=15, fps=10, picture=number_picture, sound=rising(15.0), rate=48_000
    )

    def hole(packet: av.Packet) -> bool:
        return packet.stream.type == "video" or not 1 < (packet.pts or 0) * packet.time_base < 13

    clip = Clip(copied([path], tmp_path / "hole.ts", hole), LOCAL, 8)
    assert clip.info.duration == pytest.approx(15.0, abs=0.1)
    assert not clip.notes
    assert all(number == pytest.approx(time * 10, abs=1.5) for time, number in shown(clip))
    assert time_heard(clip.samples(), 6.0) is None
    assert time_heard(clip.samples(), 14.0) == pytest.approx(14.0, abs=0.1)


@pytest.mark.parametrize(("codec", "suffix"), [("libopus", "ogg"), ("flac", "ogg"), ("flac", "flac")])
def test_chained_sound_is_heard_to_its_end(tmp_path: Path, codec: str, suffix: str) -> None:
    sound = rising(8.0)
    halves = [
        write_clip(tmp_path / f"{k}.{suffix}", picture=None, sound=half, rate=48_000, audio_codec=codec)
        for k, half in enumerate((sound[:, :192_000], sound[:, 192_000:]))
    ]
    path = tmp_path / f"chained.{suffix}"
    path.write_bytes(b"".join(half.read_bytes() for half in halves))
    clip = Clip(path, LOCAL, 5)
    assert clip.info.duration == pytest.approx(8.0, abs=0.05)
    agrees(clip, 0.0, slack=0.05)
    assert any("begin anew" in note for note in clip.notes)


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


@pytest.mark.parametrize("kind", ["mp4", "wav", "ogg"])
def test_what_cannot_be_joined_is_said_to_be_left_out(tmp_path: Path, kind: str) -> None:
    """Where containers say how much belongs to them, or the sound behind is of another kind."""
    codec = {"mp4": "aac", "wav": "pcm_s16le", "ogg": "libopus"}[kind]
    other = {"mp4": "aac", "wav": "pcm_s16le", "ogg": "flac"}[kind]
    sound = rising(8.0)
    one = write_clip(tmp_path / f"a.{kind}", picture=None, sound=sound[:, :192_000], rate=48_000, audio_codec=codec)
    two = write_clip(tmp_path / f"b.{kind}", picture=None, sound=sound[:, 192_000:], rate=48_000, audio_codec=other)
    clip = Clip(joined(tmp_path / f"joined.{kind}", one, two), LOCAL, 3)
    assert clip.info.duration == pytest.approx(4.0, abs=0.05)
    assert any("goes on after 4.0 s" in note for note in clip.notes)
    assert not Clip(one, LOCAL, 3).notes
    assert not Clip(two, LOCAL, 3).notes


def test_a_file_in_fragments_with_its_header_twice_is_read_to_its_end(tmp_path: Path) -> None:
    sound = rising(4.0)
    path = write_clip(
        tmp_path / "a.mp4",
        picture=None,
        sound=sound,
        rate=48_000,
        options={"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"},
    )
    data = path.read_bytes()
    first = data.index(b"moof") - 4
    second = data.index(b"moof", first + 8) - 4
    path.write_bytes(data[:second] + data[:first] + data[second:])
    clip = Clip(path, LOCAL, 3)
    assert clip.info.duration == pytest.approx(4.0, abs=0.1)
    assert not clip.notes


@pytest.mark.parametrize("speed", [0.95, 1.05])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_sound_keeps_to_its_time_stamps(whole: Path, tmp_path: Path, speed: float, suffix: str) -> None:
    """The clock of the time stamps runs slower or faster than that of the samples."""

    def scaled(packet: av.Packet) -> bool:
        assert packet.pts is not None
        if packet.stream.type == "audio":
            packet.pts = packet.dts = round(packet.pts * speed)
        return True

    clip = Clip(copied([whole], tmp_path / f"drifts.{suffix}", scaled), LOCAL, 6)
    samples = clip.samples()
    off = {t: time_heard(samples, t) - t / speed for t in np.arange(0.5, 7.2, 0.3)}  # type: ignore[operator]
    assert max(abs(value) for time, value in off.items() if time < 2) < 0.1
    assert max(abs(value) for time, value in off.items() if time >= 2) < 0.05


def test_sound_without_drift_is_left_as_it_is(tmp_path: Path) -> None:
    sound = tone(6.0, rate=24_000)
    path = write_clip(tmp_path / "a.wav", picture=None, sound=sound, audio_codec="pcm_f32le")
    assert np.array_equal(Clip(path, LOCAL, 2).samples(), sound[0])


def test_a_part_keeps_what_is_known_of_its_file(tmp_path: Path, trimmed: Path) -> None:
    info = subclip_of(probe(trimmed, LOCAL), 1.0, 2.0)
    assert isinstance(info, ClipInfo)
    assert info.notes == probe(trimmed, LOCAL).notes
    assert info.video is not None
    assert all(one < other for one, other in pairwise(info.video.key_frames))
