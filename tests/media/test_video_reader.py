"""Frames at moments: however few are fetched, and however, they are those that reading everything would show."""

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import pytest

from adamml.media import Clip, ClipInfo, settings_for
from adamml.media.decoding import video_reader
from adamml.media.decoding.container import decoded, open_container, packets_of, ready_to_decode
from adamml.media.decoding.video_reader import CachedVideoReader, VideoReader, frames_at
from tests.clips import moving_picture, number_picture, read_number, write_clip

SECONDS, FPS = 6.0, 25
B_FRAMES = {"preset": "medium", "bf": "3"}
KINDS: dict[str, dict] = {
    "reordered.mp4": {"coding": B_FRAMES},
    "reordered.ts": {"coding": B_FRAMES},
    "reordered.avi": {"coding": B_FRAMES},  # whose packets are numbered as they are stored
    "no-pyramid.mkv": {"coding": {"x264-params": "bframes=5:b-pyramid=none:b-adapt=0"}},
    "open-groups.ts": {"coding": {"x264-params": "open-gop=1:bframes=3:scenecut=0:keyint=48"}},
    "refreshed.mkv": {"coding": {"x264-params": "intra-refresh=1:keyint=40"}},
    "interlaced.mp4": {"coding": {"x264-params": "interlaced=1:bframes=3"}},
    "hevc.mp4": {"codec": "libx265", "coding": {"x265-params": "bframes=4:keyint=48:log-level=none"}},
    "mpeg4.avi": {"codec": "mpeg4", "coding": {"bf": "2"}},
    "vp9.webm": {"codec": "libvpx-vp9", "coding": {"deadline": "realtime", "cpu-used": "8"}},
    "uneven.mkv": {
        "coding": B_FRAMES,
        "times": [round(0.04 * i + (1.1 if i > 60 else 0) + (0.03 if i % 7 == 3 else 0), 3) for i in range(120)],
    },
}


def busy_picture(index: int, width: int, height: int) -> np.ndarray:
    """Grain, so that no two frames are alike and every damage shows."""
    grain = np.random.default_rng(index).integers(0, 40, (height, width, 3), dtype=np.uint8)
    return moving_picture(index, width, height) // 2 + grain


def information(path: Path) -> ClipInfo:
    return Clip(path, settings_for("local"), 1).info


def frames_read(info: ClipInfo) -> list[tuple[float, bytes]]:
    """(begin in seconds, picture) of everything in a file."""
    assert info.video is not None
    found: list[tuple[float, bytes]] = []
    with open_container(info.path) as container:
        stream = container.streams[info.video.stream]
        assert isinstance(stream, av.VideoStream)
        ready_to_decode(stream, info.settings)
        for frame in decoded(packets_of(container, stream), stream, info.path.name, info.settings):
            begin = found[-1][0] + 1 / FPS if found else 0.0
            if frame.pts is not None:
                begin = float(frame.pts * stream.time_base) - info.origin
            found.append((begin, frame.to_ndarray().tobytes()))
    return found


def expected(read: Sequence[tuple[float, bytes]], times: Sequence[float]) -> list[bytes]:
    """Up to the first frame that begins later: where packets are numbered as stored, the begins go to and fro."""
    latest = list(accumulate((begin for begin, _ in read), max))
    return [read[max(0, bisect_right(latest, time + video_reader.TOLERANCE_S) - 1)][1] for time in sorted(times)]


def looks(duration: float) -> Iterator[list[float]]:
    """Moments as segments have them, single ones, and few or many anywhere."""
    yield [(i + 0.5) * duration / 80 for i in range(80)]
    yield [duration - 0.1]
    yield [duration / 2]
    chance = random.Random(5)
    for count in (1, 1, 2, 3, 8, 40):
        yield sorted(chance.uniform(-0.1, duration + 0.1) for _ in range(count))


@pytest.fixture
def count_decoded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many frames were decoded since it was asked last."""
    seen: list[object] = []
    one_by_one = video_reader.decoded

    def counting(*args) -> Iterator[object]:
        for frame in one_by_one(*args):
            seen.append(frame)
            yield frame

    def count() -> int:
        found = len(seen)
        seen.clear()
        return found

    monkeypatch.setattr(video_reader, "decoded", counting)
    return count


@pytest.mark.parametrize("kind", KINDS)
def test_moments_show_what_reading_everything_shows(tmp_path: Path, kind: str) -> None:
    info = information(write_clip(tmp_path / kind, seconds=SECONDS, picture=busy_picture, gop=48, **KINDS[kind]))
    read = frames_read(info)
    assert len(read) == (len(KINDS[kind]["times"]) if "times" in KINDS[kind] else SECONDS * FPS)
    for times in looks(info.duration):
        found = [frame.to_ndarray().tobytes() for _, frame, _ in frames_at(info, times)]
        assert found == expected(read, times), f"{len(times)} moments, the first at {times[0]}"


@pytest.mark.parametrize(("kind", "most"), [("reordered.mp4", 110), ("hevc.mp4", 110), ("interlaced.mp4", 150)])
def test_frames_that_nobody_sees_are_left_out(
    tmp_path: Path, count_decoded: Callable[[], int], kind: str, most: int
) -> None:
    info = information(write_clip(tmp_path / kind, seconds=SECONDS, picture=busy_picture, gop=250, **KINDS[kind]))
    list(frames_at(info, [0.4 * i for i in range(15)]))  # too near each other for jumps
    count = count_decoded()
    assert most - 50 < count <= most


def test_a_jump_onto_a_damaged_key_frame_is_taken_back(tmp_path: Path, count_decoded: Callable[[], int]) -> None:
    path = write_clip(tmp_path / "clip.mp4", seconds=SECONDS, picture=busy_picture, gop=50)
    with av.open(str(path)) as container:
        keys = [p for p in container.demux(video=0) if p.is_keyframe]
    assert len(keys) == 3
    data = bytearray(path.read_bytes())
    place, size = keys[2].pos, keys[2].size
    data[place + size // 8 : place + size // 4] = np.random.default_rng(0).bytes(size // 4 - size // 8)
    path.write_bytes(data)
    info = information(path)
    assert [frame.pts for _, frame, _ in frames_at(info, [5.0])] == [keys[1].pts * 5 // 2]
    assert count_decoded() > 125  # from the beginning, after the first frame behind the jump
    list(frames_at(info, [3.0]))
    assert count_decoded() <= 50  # the key frame before it is whole, and is jumped to


def test_moments_before_the_first_and_after_the_last_frame_have_one(tmp_path: Path) -> None:
    info = information(write_clip(tmp_path / "clip.mp4"))
    assert len(list(frames_at(info, [-5.0, 0.0, 99.0]))) == 3


def test_sparse_looks_go_on_where_the_last_one_ended(tmp_path: Path, count_decoded: Callable[[], int]) -> None:
    info = information(write_clip(tmp_path / "long-group.mp4", seconds=SECONDS, picture=number_picture, gop=250))
    some = [[0.1, 0.5], [2.0], [2.0, 2.01, 2.05], [5.9], [1.0], [7.0]]
    reader = CachedVideoReader()
    for times in some:
        found = [(time, read_number(frame.to_ndarray(format="rgb24"))) for time, frame, _ in reader.at(info, times)]
        assert found == [(t, read_number(f.to_ndarray(format="rgb24"))) for t, f, _ in frames_at(info, times)]
    reader.close()
    count_decoded()
    for times in some[:4]:
        list(reader.at(info, times))
    reader.close()
    assert count_decoded() <= 150  # each frame once, though no key frame but the first could be jumped to


def test_a_look_that_was_given_up_is_not_gone_on_from(tmp_path: Path) -> None:
    info = information(
        write_clip(tmp_path / "clip.mp4", seconds=SECONDS, picture=busy_picture, gop=250, coding=B_FRAMES)
    )
    reader = VideoReader(info)
    given_up = reader.at([1.0, 5.0])
    next(given_up)
    given_up.close()
    assert not reader.reaches(3.0)
    reader.close()
