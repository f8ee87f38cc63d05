"""A decoder that dies, hangs or lies costs one request and leaves nothing; what a good one says is always the same."""

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from adamml.media import (
    Clip,
    ClipError,
    DecoderDiedError,
    DecoderMemoryError,
    DecoderTimeoutError,
    display_frames,
    display_sound,
    draw_storyboard,
    ipc,
    make_preview,
    plays_in_browsers,
    prestart,
    probe,
    settings_for,
)
from adamml.media.decoder import Decoders
from adamml.media.forkserver import fork_server
from adamml.media.tmp_dirs import private_folder
from tests.clips import tone, write_clip

LARGE = np.zeros((1080, 1920, 3), np.uint8)
APART, HERE = settings_for("local", isolated=True), settings_for("local", isolated=False)


def decoders() -> list[psutil.Process]:
    """All decoding processes: what the nursery has started."""
    prestart()
    assert fork_server._process is not None
    return psutil.Process(fork_server._process.pid).children()


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No decoder outlives its test, and no descriptor either."""
    prestart()
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert until(lambda: not decoders())
    assert until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 s: more frames than a decoder makes ahead of being asked for them."""
    return write_clip(tmp_path_factory.mktemp("long") / "long.mkv", seconds=20.0, fps=10, sound=tone(20.0), rate=24_000)


def test_apart_and_here_give_the_same_bits(long_clip: Path, tmp_path: Path) -> None:
    apart, here = Clip(long_clip, APART, 7), Clip(long_clip, HERE, 7)
    assert apart.info == here.info
    assert apart.segments == here.segments
    one, other = apart.frames(apart.segments), here.frames(here.segments)
    assert list(one) == list(other) == list(range(7))
    assert all(np.array_equal(one[index], other[index]) for index in one)
    assert np.array_equal(apart.samples(), here.samples())
    assert all(np.array_equal(apart.window(s), here.window(s)) for s in apart.segments)
    assert draw_storyboard(apart) == draw_storyboard(here)
    shown = [list(display_frames(clip.info, fps=10, box=(100, 100))) for clip in (apart, here)]
    assert [frame.time for frame in shown[0]] == [frame.time for frame in shown[1]]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(*shown, strict=True))
    heard = [np.concatenate(list(display_sound(clip.info))) for clip in (apart, here)]
    assert np.array_equal(*heard)
    assert plays_in_browsers(long_clip, APART) == plays_in_browsers(long_clip, HERE)
    made = [make_preview(long_clip, tmp_path / f"{s.isolated}.mp4", s).read_bytes() for s in (APART, HERE)]
    assert made[0] == made[1]
    apart.close()


def test_the_parent_never_loads_the_decoder(clip: Path) -> None:
    """And the decoder never loads torch: neither the page nor the model is in its reach."""
    code = f"""
import sys
from pathlib import Path
from adamml.media import Clip, settings_for
clip = Clip(Path({str(clip)!r}), settings_for("public"), 2)
clip.frames(clip.segments), clip.samples()
assert "av" not in sys.modules, "the parent has loaded PyAV"
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    child = "import sys, adamml.media.decoding.worker; assert not {'torch', 'gradio', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", child], check=True, timeout=120)


def test_a_stream_comes_in_order_and_may_be_left(long_clip: Path) -> None:
    clip = Clip(long_clip, APART, 12)
    stream = clip.stream(list(reversed(clip.segments)))
    assert [next(stream)[0] for _ in range(3)] == [0, 1, 2]
    worker = decoders()
    assert len(worker) == 1
    # Another request while frames are on their way is served beside them.
    assert clip.samples().size == round(clip.info.duration * 24_000)
    assert next(stream)[0] == 3
    stream.close()  # type: ignore[attr-defined]
    assert until(lambda: not worker[0].is_running() or worker[0].pid not in {p.pid for p in decoders()})
    assert len(clip.frames(clip.segments)) == 12
    clip.close()


def test_the_decoder_works_ahead_and_no_further(long_clip: Path) -> None:
    """It decodes while the parent is busy, but what it has made and nobody has fetched is bounded."""
    clip = Clip(long_clip, APART, 40)
    stream = clip.stream(clip.segments)
    next(stream)
    (worker,) = decoders()
    assert until(lambda: worker.status() == psutil.STATUS_SLEEPING and _idle(worker))
    assert worker.memory_info().rss < 300e6
    assert [index for index, _ in stream] == list(range(1, 40))
    clip.close()


def _idle(worker: psutil.Process) -> bool:
    spent = sum(worker.cpu_times()[:2])
    time.sleep(0.2)
    return sum(worker.cpu_times()[:2]) == spent


def test_a_decoder_that_is_killed_costs_that_request(long_clip: Path, clip: Path) -> None:
    opened = Clip(long_clip, APART, 12)
    stream = opened.stream(opened.segments)
    next(stream)
    decoders()[0].kill()
    with pytest.raises(DecoderDiedError, match=r"long\.mkv"):
        list(stream)
    assert len(opened.frames(opened.segments)) == 12  # the same clip, and another one
    assert probe(clip, APART).duration == pytest.approx(4.0, abs=0.1)
    opened.close()


def test_a_decoder_that_crashes_is_reported(clip: Path) -> None:
    opened = Clip(clip, APART, 2)
    decoders()[0].send_signal(signal.SIGSEGV)
    assert until(lambda: decoders()[0].status() == psutil.STATUS_ZOMBIE)
    with pytest.raises(DecoderDiedError, match="crashed"):
        opened.frames(opened.segments)
    assert len(opened.frames(opened.segments)) == 2
    opened.close()


def test_a_decoder_that_hangs_is_given_up_in_time(clip: Path) -> None:
    opened = Clip(clip, replace(APART, max_wait=1.0), 2)
    decoders()[0].suspend()
    began = time.monotonic()
    with pytest.raises(DecoderTimeoutError, match="1 s"):
        opened.frames(opened.segments)
    assert time.monotonic() - began < 5
    assert not decoders()
    opened.close()


def test_processor_time_is_limited_by_the_system(clip: Path) -> None:
    opened = Clip(clip, replace(APART, max_wait=3.0), 2)
    (worker,) = decoders()
    assert worker.rlimit(psutil.RLIMIT_CPU) == (7, 7)
    assert worker.rlimit(psutil.RLIMIT_AS) == (APART.max_memory, APART.max_memory)
    assert worker.rlimit(psutil.RLIMIT_FSIZE) == (APART.max_bytes, APART.max_bytes)
    assert worker.rlimit(psutil.RLIMIT_NOFILE)[1] == 64
    assert worker.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    opened.close()


def test_memory_is_limited(tmp_path: Path) -> None:
    """Frames of 36 MB, a dozen of them held: too much for 300 MB, of which 200 are the libraries."""
    path = write_clip(tmp_path / "large.mkv", seconds=0.2, size=(3840, 2160), codec="mpeg4")
    with pytest.raises((DecoderMemoryError, DecoderDiedError)):
        Clip(path, replace(APART, max_memory=210_000_000), 1)
    clip = Clip(path, settings_for("public"), 1)
    assert clip.frames(clip.segments)[0].shape == (8, 224, 224, 3)
    clip.close()


class Scripted:
    """Stands in for a decoding process: says what it was given to say, whatever is asked."""

    ours = True

    def __init__(self, served: int, *answers: dict) -> None:
        self.served = served
        self.connection, self._other = socket.socketpair()
        for answer in answers:
            ipc.send(self._other, answer)

    def end(self) -> int:
        self.connection.close()
        self._other.close()
        return 0

    kill = end


def test_a_decoder_that_ran_short_of_memory_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What earlier requests have left behind costs time, and neither this request nor those after it."""
    worn = Scripted(2, {"n": 0}, {"n": 1}, {"end": "memory"})
    new = Scripted(0, {"n": 0}, {"n": 1}, {"n": 2}, {"end": "done"})
    waiting = [worn, new]
    asked = Decoders("a.mp4", APART)
    monkeypatch.setattr(asked, "_take", lambda fresh: waiting.pop(0))
    assert [said["n"] for said, _ in asked.ask("frames", 5.0)] == [0, 1, 2]
    assert worn.connection.fileno() == -1  # ended, and not to be asked again
    small = Scripted(0, {"end": "memory"})
    waiting.append(small)
    with pytest.raises(DecoderMemoryError, match="takes more than"):
        list(asked.ask("frames", 5.0))
    new.end()


def test_looks_backwards_take_no_more_memory_each(tmp_path: Path) -> None:
    size = (1920, 1080)
    path = write_clip(tmp_path / "large.mp4", seconds=2.4, fps=10, size=size, gop=12, picture=lambda *_: LARGE)
    clip = Clip(path, APART, 6)
    taken = []
    for segment in reversed(clip.segments):
        clip.frames([segment])
        (process,) = decoders()
        taken.append(process.memory_info().vms)
    clip.close()
    assert max(taken[2:]) < taken[1] + 20_000_000


def test_no_decoder_survives_its_parent(clip: Path) -> None:
    """Not even one that is suspended, when the parent is killed without a chance to tidy up."""
    code = f"""
import sys, time
from pathlib import Path
from adamml.media import Clip, settings_for
clip = Clip(Path({str(clip)!r}), settings_for("public"), 2)
stream = clip.stream(clip.segments)
next(stream)
print("ready", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        offspring = psutil.Process(parent.pid).children(recursive=True)
        assert len(offspring) == 2  # nursery and decoder
        offspring[1].suspend()
        parent.kill()
    assert not psutil.wait_procs(offspring, timeout=10)[1]


def test_a_decoder_knows_nothing_of_the_parent(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its environment, where keys may be, nor its descriptors."""
    fork_server.close()
    monkeypatch.setenv("HF_TOKEN", "secret")
    with tempfile.TemporaryFile() as private:
        os.set_inheritable(private.fileno(), True)
        opened = Clip(clip, APART, 2)
        (worker,) = decoders()
        assert "HF_TOKEN" not in Path(f"/proc/{worker.pid}/environ").read_text()
        links = [str(link.readlink()) for link in Path(f"/proc/{worker.pid}/fd").iterdir()]
        assert all(link == "/dev/null" or link.startswith("socket:") for link in links)
        assert sum(link.startswith("socket:") for link in links) == 1
        opened.close()


def test_the_nursery_is_replaced_when_it_dies(clip: Path) -> None:
    assert fork_server._process is not None
    fork_server._process.kill()
    opened = Clip(clip, APART, 2)
    assert len(opened.frames(opened.segments)) == 2
    opened.close()


def test_forgotten_clips_end_their_decoders(clip: Path) -> None:
    opened = Clip(clip, APART, 2)
    assert len(decoders()) == 1
    del opened
    assert not decoders()


def test_closing_ends_a_request_in_another_thread(long_clip: Path) -> None:
    opened = Clip(long_clip, APART, 12)
    found: list[BaseException] = []

    def work() -> None:
        try:
            for _ in opened.stream(opened.segments):
                time.sleep(0.05)
        except ClipError as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.1)
    opened.close()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(found[0], DecoderDiedError)


@pytest.mark.parametrize(
    "said",
    [
        b"\xff\xff\xff\xff",
        struct.pack(">I", 3) + b"{]}",
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 11) + b'{"a": NaN} ',
        b'\x00\x00\x00\x25{"dtype": "object", "shape": [1, 2]}  ',
        b'\x00\x00\x00\x2b{"dtype": "uint8", "shape": [99999, 99999]} ',
        b'\x00\x00\x00\x25{"dtype": "uint8", "shape": [-1, -1]} ',
        b'\x00\x00\x00\x25{"dtype": "uint8", "shape": [true]}    ',
        struct.pack(">I", 40) + b"[" * 40,
    ],
)
def test_nonsense_is_refused_by_name(said: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(ipc.WireError):
            ipc.receive(ours)


@pytest.mark.parametrize("dtype", ipc.DTYPES)
@pytest.mark.parametrize("shape", [(0,), (3, 0, 2), (2, 3, 4, 1)])
def test_arrays_arrive_as_they_were_sent(dtype: str, shape: tuple[int, ...]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
        ipc.send(theirs, {"name": "\udcff"}, array[:, ::-1] if len(shape) > 1 else array)
        header, came = ipc.receive(ours)
    assert header["name"] == "\udcff"
    assert came is not None
    assert came.dtype == dtype
    assert np.array_equal(came, array[:, ::-1] if len(shape) > 1 else array)


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [({}, None)] * 2,
        [({}, np.zeros((8, 224, 224, 3), np.float32))] * 2,
        [({}, np.zeros((8, 224, 224, 4), np.uint8))] * 2,
        [({}, np.zeros((8, 224, 224, 3), np.uint8))] * 3,
    ],
)
def test_wrong_answers_are_not_believed(clip: Path, monkeypatch: pytest.MonkeyPatch, answers: list) -> None:
    opened = Clip(clip, APART, 2)
    monkeypatch.setattr(Decoders, "ask", lambda *_, **__: (answer for answer in answers))
    with pytest.raises(DecoderDiedError):
        opened.frames(opened.segments)
    opened.close()


def test_private_folders_go_when_done_and_after_a_crash(tmp_path: Path) -> None:
    with private_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "half").write_bytes(b"x")
        with private_folder(tmp_path) as second:  # does not sweep what is in use
            assert folder.exists()
            assert second != folder
    assert list(tmp_path.iterdir()) == []
    code = f"""
import os, signal
from pathlib import Path
from adamml.media.tmp_dirs import private_folder
with private_folder(Path({str(tmp_path)!r})) as folder:
    (folder / "half").write_bytes(b"x")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert len(list(tmp_path.iterdir())) == 1
    with private_folder(tmp_path):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
