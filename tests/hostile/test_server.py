"""The real server under visitors who mean no good, or who just leave."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.clips import tone, write_clip
from tests.hostile.visitor import Visitor, free_port, listening, said, server

HERE = Path(__file__).resolve()


@pytest.fixture(scope="module")
def left(temp: Path, clip: Path) -> Path:
    """What a server leaves that was killed with a clip in its hands."""
    with server(temp) as (url, process):
        Visitor(url).upload(clip).raise_for_status()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    (left,) = temp.glob(".adamml-*")
    return left


@pytest.fixture(scope="module")
def running(temp: Path, left: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """The server that comes after it."""
    with server(temp) as both:
        yield both


@pytest.fixture(scope="module")
def url(running: tuple[str, subprocess.Popen]) -> str:
    return running[0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", seconds=2.0, sound=tone(2.0))


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes seconds even on the miniature: 60 segments of it, that is."""
    return write_clip(tmp_path_factory.mktemp("clips") / "long.mp4", seconds=60.0, fps=10, sound=tone(60.0))


def test_a_killed_server_starts_again_on_clean_ground(url: str, temp: Path, left: Path, clip: Path) -> None:
    assert not left.exists()
    assert len(list(temp.iterdir())) == 1
    assert Visitor(url).analyze(clip) == "answered"


@pytest.mark.parametrize("path", ["/etc/passwd", str(HERE), "app/run.py", "../../etc/passwd", "/proc/self/environ"])
def test_no_file_but_its_own_is_handed_out(url: str, path: str) -> None:
    answer = httpx.get(f"{url}/gradio_api/file={path}")
    assert answer.status_code in (403, 404)
    assert "root:" not in answer.text


@pytest.mark.parametrize("scheme", ["http", "HTTP", "https", "ftp", "file"])
def test_the_server_fetches_nothing_for_strangers(url: str, clip: Path, scheme: str) -> None:
    port = free_port()
    with listening(port) as knocks:
        target = f"{scheme}://127.0.0.1:{port}/clip.mp4"
        assert httpx.get(f"{url}/gradio_api/file={target}").status_code == 403
        assert httpx.get(f"{url}/gradio_api/proxy={target}").status_code == 403
        visitor = Visitor(url)
        assert visitor.join("analyse", [visitor.file(target), "all", 3, 0]).status_code == 400
        time.sleep(0.2)
    assert knocks == []


@pytest.mark.parametrize("path", ["/etc/passwd", str(HERE), "", "\0", "x" * 5000, "../clip.mp4", "/proc/self/fd/0"])
def test_only_what_was_uploaded_is_analyzed(url: str, path: str) -> None:
    visitor = Visitor(url)
    answer = visitor.join("analyse", [visitor.file(path), "all", 3, 0])
    assert answer.status_code == 400
    assert answer.text == "Files are taken by upload only."


def test_what_is_no_file_meets_a_message(url: str) -> None:
    for value in (None, 7, "text", [1], {"x": 1}):
        visitor = Visitor(url)
        visitor.join("analyse", [value, "all", 3, 0]).raise_for_status()
        assert said(list(visitor.listen()))  # a refusal, and a stream that ends


@pytest.mark.parametrize(
    ("policy", "segments", "spacing"),
    [("none such", 3, 0), ("../../x", 3, 0), ("all", 10**9, 0), ("all", -1, 0), ("all", 0, 0), ("all", 3, 1e-12)],
)
def test_numbers_from_outside_are_held_in_bounds(
    url: str, clip: Path, policy: str, segments: int, spacing: float
) -> None:
    visitor = Visitor(url)
    sent = visitor.upload(clip).json()[0]
    visitor.join("analyse", [visitor.file(sent), policy, segments, spacing]).raise_for_status()
    until = time.monotonic() + 60
    assert said(list(visitor.listen()))
    assert time.monotonic() < until
    assert Visitor(url).analyze(clip) == "answered"


def test_requests_and_uploads_beyond_the_limits_are_cut_off(url: str, tmp_path: Path) -> None:
    visitor = Visitor(url)
    assert visitor.http.post("/queue/join", content=b"[" * 5_000_000).status_code == 413
    assert visitor.http.post("/queue/join", content=b"[" * 100_000).status_code in (400, 422)
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(101_000_000)
    many = [("files", ("a.mp4", b"x" * 40_000_000)) for _ in range(3)]
    with suppress(httpx.TransportError):  # cut off while it was still sending
        assert visitor.upload(large).status_code >= 400
    with suppress(httpx.TransportError):
        assert visitor.http.post("/upload", files=many).status_code >= 400


def test_one_visitor_cannot_read_anothers_results(url: str, clip: Path) -> None:
    mine, other = Visitor(url), Visitor(url)
    sent = mine.upload(clip).json()[0]
    event = mine.join("analyse", [mine.file(sent), "all", 3, 0]).json()["event_id"]
    assert said(list(mine.listen())) == "answered"
    for path in (f"session_hash={other.session}", "session_hash=guess", "session_hash="):
        assert clip.name not in overheard(other, f"/queue/data?{path}")
    for path in (f"/call/analyze/{event}", f"/call/v2/analyze/{event}", "/monitoring", "/monitoring/summary"):
        assert clip.name not in overheard(other, path)
    # What a visitor plays with is kept in their session: the same press from another one finds nothing.
    wish = {"fn_index": mine.function("_request"), "data": [None], "session_hash": other.session, "trigger_id": 1}
    other.http.post("/queue/join", json=wish | {"event_data": {"number": 1, "reset": True}}).raise_for_status()
    assert clip.name not in json.dumps(list(other.listen()))


def test_a_hostile_name_is_only_ever_text(url: str, clip: Path) -> None:
    for name in ("<img src=x onerror=alert(1)>.mp4", "../../escape.mp4", "=cmd|x.mp4", "a\r\nSet-Cookie: b.mp4"):
        visitor = Visitor(url)
        sent = visitor.upload(clip, name)
        sent.raise_for_status()
        assert "set-cookie" not in sent.headers
        visitor.join("analyse", [visitor.file(sent.json()[0]), "all", 3, 0]).raise_for_status()
        messages = list(visitor.listen())
        assert said(messages) == "answered"
        for message in messages:
            for value in (message.get("output") or {}).get("data") or []:
                assert "<img src=x" not in json.dumps(value if isinstance(value, str) else "")


def test_a_closed_tab_gives_its_turn_up(url: str, clip: Path, long_clip: Path) -> None:
    visitor = Visitor(url)
    sent = visitor.upload(long_clip).json()[0]
    visitor.join("picked", [visitor.file(sent), None]).raise_for_status()  # the page's own events
    assert "is-waiting" in json.dumps(list(visitor.listen()))
    visitor.join("analyze_clip", [None, "all", 60, 0, None, 0.5, None]).raise_for_status()
    for message in visitor.listen():
        if message["msg"] == "process_generating" and "is-running" in json.dumps(message):
            break  # and hang up, in the middle of it
    visitor.http.close()
    began = time.monotonic()
    assert Visitor(url).analyze(clip) == "answered"
    assert time.monotonic() - began < 30


def test_the_log_names_no_clip(url: str, temp: Path, tmp_path: Path, clip: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:3000])
    for path, name in ((clip, "private-holiday.mp4"), (broken, "private-broken.mp4")):
        Visitor(url).analyze(path, name=name)
    logs = "".join(path.read_text() for path in temp.parent.glob("server-*.log"))
    assert "Running on local URL" in logs
    assert "private" not in logs


def test_uploads_are_private_and_the_folder_holds_nothing_else(
    running: tuple[str, subprocess.Popen], temp: Path
) -> None:
    (folder,) = temp.glob(".adamml-*")
    assert folder.stat().st_mode & 0o077 == 0
    assert {path.name for path in folder.iterdir()} <= {"uploads", "previews", "exports"}


def test_a_stop_in_the_middle_ends_soon_and_leaves_nothing(
    running: tuple[str, subprocess.Popen], temp: Path, long_clip: Path
) -> None:
    """The last of all, since it ends the server."""
    url, process = running
    busy = [Visitor(url) for _ in range(3)]
    for visitor in busy:
        sent = visitor.upload(long_clip).json()[0]
        visitor.join("analyse", [visitor.file(sent), "all", 60, 0]).raise_for_status()
    listeners = [threading.Thread(target=_listen, args=(visitor,), daemon=True) for visitor in busy]
    for listener in listeners:
        listener.start()
    time.sleep(1.0)
    children = psutil.Process(process.pid).children(recursive=True)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert time.monotonic() - began < 45
    assert list(temp.iterdir()) == []
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == [], "no decoder outlives the page"


def overheard(visitor: Visitor, path: str) -> str:
    """All that an address says, also where it breaks off."""
    heard = ""
    with suppress(httpx.RemoteProtocolError), visitor.http.stream("GET", path) as answer:
        for text in answer.iter_text():
            heard += text
    return heard


def _listen(visitor: Visitor) -> None:
    with suppress(httpx.HTTPError):  # the server stops, which is what is being tested
        list(visitor.listen())
