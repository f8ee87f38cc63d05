"""Example clips on request: whole and right or not there, nothing unasked, and a sentence for whatever goes wrong."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from adamml import Example, ExampleError, ExampleUnreachableError, fetch_example, list_examples, local_example
from adamml.cli import main
from adamml.datasets import examples
from adamml.files import exclusive_lock
from adamml.weights.download import TRIES
from tests.fake_release import FakeRelease, shelf

DATA = bytes(range(256)) * 500
ROUGH = b"rough" * 1000


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeRelease]:
    """A server with two clips, one of whose size is known roughly, and a list that names them."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("ADAMML_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("adamml.weights.download.PAUSE", 0)
    monkeypatch.setattr(examples, "LIST", tmp_path / "list.json")
    with shelf() as server:
        server.files |= {"/clips/one.mp4": DATA, "/clips/two.mkv": ROUGH}
        write_list(
            example(server, "one", "/clips/one.mp4", DATA),
            example(server, "two", "/clips/two.mkv", ROUGH, size=4000, exact_size=False),
        )
        yield server


def example(
    server: FakeRelease, name: str, path: str, data: bytes, *, size: int | None = None, exact_size: bool = True
) -> Example:
    return Example(
        name=name,
        title=name.capitalize(),
        label="jogging",
        about="Somebody runs.",
        url=server.address + path,
        size=size or len(data),
        exact_size=exact_size,
        sha256=hashlib.sha256(data).hexdigest(),
        license="CC BY 3.0",
        credit="Ada",
    )


def write_list(*listed: Example) -> None:
    examples.LIST.write_text(json.dumps([asdict(each) for each in listed]))


def files(tmp_path: Path) -> list[str]:
    """What the cache holds, locks aside."""
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".lock")


def test_a_clip_is_fetched_once(server: FakeRelease, tmp_path: Path) -> None:
    assert local_example("one") is None
    said: list[str] = []
    path = fetch_example("one", say=said.append)
    assert path == tmp_path / "cache" / "examples" / "one.mp4"
    assert path.read_bytes() == DATA
    assert said == ["one: 0.1 MB from 127.0.0.1"]
    assert local_example("one") == fetch_example("one", say=said.append) == path
    assert len(server.seen) == len(said) == 1
    assert files(tmp_path) == ["one.mp4"]


def test_a_size_known_roughly_is_asked_for_and_bounded(server: FakeRelease, tmp_path: Path) -> None:
    said: list[str] = []
    assert fetch_example("two", say=said.append).read_bytes() == ROUGH
    assert said == ["two: about 0.0 MB from 127.0.0.1"]
    assert [method for method, _, _ in server.seen] == ["HEAD", "GET"]
    write_list(example(server, "three", "/clips/two.mkv", ROUGH, size=len(ROUGH) // 3, exact_size=False))
    with pytest.raises(ExampleError, match=r"three cannot be fetched: .* at most 3332 are expected"):
        fetch_example("three")


@pytest.mark.parametrize(
    ("instead", "message"),
    [
        (DATA[:-1] + b"x", "has the sha256 .*: damaged or changed"),
        (DATA + b"x", "is longer than the stated"),
        (DATA[:-1], "is shorter than the stated"),
    ],
)
def test_another_file_is_refused_and_not_kept(
    server: FakeRelease, tmp_path: Path, instead: bytes, message: str
) -> None:
    server.files["/clips/one.mp4"] = instead
    with pytest.raises(ExampleError, match=f"one cannot be fetched: .*{message}") as raised:
        fetch_example("one")
    assert type(raised.value) is ExampleError
    assert files(tmp_path) == []
    assert local_example("one") is None


def test_a_redirect_away_from_https_is_refused(server: FakeRelease, tmp_path: Path) -> None:
    server.redirects["/clips/one.mp4"] = "http://example.invalid/one.mp4?signature=secret"
    with pytest.raises(ExampleError, match=r"example.invalid/one.mp4 is refused: files are only fetched over https"):
        fetch_example("one")
    assert files(tmp_path) == []


def test_a_redirect_does_not_change_what_is_accepted(server: FakeRelease, tmp_path: Path) -> None:
    server.redirects["/clips/one.mp4"] = "/elsewhere"
    server.files["/elsewhere"] = DATA
    assert fetch_example("one").name == "one.mp4"
    (tmp_path / "cache" / "examples" / "one.mp4").unlink()
    server.files["/elsewhere"] = DATA[::-1]
    with pytest.raises(ExampleError, match="sha256"):
        fetch_example("one")
    assert files(tmp_path) == []


def test_a_broken_transfer_goes_on_with_the_next_call(server: FakeRelease, tmp_path: Path) -> None:
    server.breaks["/clips/one.mp4"] = [1000] * TRIES
    with pytest.raises(ExampleUnreachableError, match="run this again, and it goes on there"):
        fetch_example("one")
    assert files(tmp_path) == ["one.mp4.part"]
    assert local_example("one") is None
    assert fetch_example("one").read_bytes() == DATA
    assert server.seen[-1][2] == f"bytes={1000 * TRIES}-"


def test_without_a_network_what_is_here_is_used(server: FakeRelease, tmp_path: Path) -> None:
    here = fetch_example("one")
    server.shutdown()
    server.server_close()
    assert fetch_example("one") == here
    with pytest.raises(ExampleUnreachableError, match=r"two is not on this machine, and .*is there a network"):
        fetch_example("two")
    assert files(tmp_path) == ["one.mp4"]


def test_a_server_that_has_had_enough_is_explained(server: FakeRelease) -> None:
    server.refusals["/clips/one.mp4"] = (429, {"Retry-After": "60"})
    with pytest.raises(ExampleUnreachableError, match="download the file with a browser: adamml takes any clip"):
        fetch_example("one")


def test_a_damaged_clip_is_not_here_and_is_fetched_anew(server: FakeRelease) -> None:
    path = fetch_example("one")
    path.write_bytes(DATA[:-1])
    assert local_example("one") is None
    said: list[str] = []
    assert fetch_example("one", say=said.append).read_bytes() == DATA
    assert said[0].endswith("is damaged or of an older list, and is fetched anew")


def test_two_at_once_fetch_it_once(server: FakeRelease, tmp_path: Path) -> None:
    folder, told = tmp_path / "cache" / "examples", threading.Event()
    folder.mkdir(parents=True)
    said: list[str] = []
    paths: list[Path] = []

    def say(line: str) -> None:
        said.append(line)
        told.set()

    second = threading.Thread(target=lambda: paths.append(fetch_example("one", say=say)))
    with exclusive_lock(folder / ".one.lock", "one", lambda line: None):
        second.start()
        assert told.wait(30)
        (folder / "one.mp4").write_bytes(DATA)  # as the first process leaves it
    second.join()
    assert said == ["another process fetches one; waiting for it"]
    assert paths == [folder / "one.mp4"]
    assert server.seen == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_named(server: FakeRelease, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o500)
    with pytest.raises(ExampleError, match=r"cannot be written: .*ADAMML_CACHE names another"):
        fetch_example("one")


def test_a_cache_that_is_a_file_is_named(server: FakeRelease, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(ExampleError, match=r"cannot be written: .*ADAMML_CACHE names another"):
        fetch_example("one")
    assert server.seen == []


@pytest.mark.parametrize("name", ["three", "../one", ""])
def test_an_unknown_name_is_answered_with_the_known_ones(server: FakeRelease, name: str) -> None:
    for asked in (fetch_example, local_example):
        with pytest.raises(ExampleError, match="the examples are one, two"):
            asked(name)
    assert server.seen == []


def test_the_shipped_list_is_whole() -> None:
    listed = list_examples()
    assert len({each.name for each in listed}) == len(listed) >= 3
    for each in listed:
        assert each.url.startswith("https://")
        assert 0 < each.size < 10e6
        assert len(bytes.fromhex(each.sha256)) == 32
        assert Path(each.filename).suffix in {".mp4", ".mkv"}
        assert all((each.title, each.label, each.about, each.license, each.credit))
    assert listed[0].origin == "0.7 MB from raw.githubusercontent.com"


def test_importing_and_listing_use_no_network_and_load_nothing_heavy() -> None:
    script = """
import socket, sys
def refuse(*_): raise AssertionError("the network was used")
socket.socket.connect = socket.getaddrinfo = refuse
from adamml.cli import main
assert main(["examples", "list"]) == 0
assert not {"torch", "httpx", "av"} & set(sys.modules), "something heavy was imported"
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "adamml examples pull marathon_start" in done.stdout


def test_commands_list_and_pull(server: FakeRelease, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["examples", "pull", "one"]) == 0
    said = capsys.readouterr()
    assert said.err == "adamml: one: 0.1 MB from 127.0.0.1\n"
    assert said.out.startswith(f"one is here: {local_example('one')}\n")
    assert "CC BY 3.0; Ada" in said.out
    asked = len(server.seen)
    assert main(["examples", "list"]) == 0
    listed = capsys.readouterr().out
    assert f"one  {local_example('one')}\n    One (jogging): Somebody runs.\n    CC BY 3.0; Ada\n" in listed
    assert "two  not here; about 0.0 MB from 127.0.0.1: adamml examples pull two" in listed
    assert len(server.seen) == asked
    assert main(["examples", "pull", "--all"]) == 0
    assert "two is here" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["one", "--all"], ["one", "three"]])
def test_a_wrong_question_fetches_nothing(
    server: FakeRelease, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["examples", "pull", *arguments]) == 2
    said = capsys.readouterr()
    assert "the examples are one, two" in said.err
    assert said.err.count("\n") == 1
    assert server.seen == []


def test_one_that_cannot_be_had_keeps_no_other_back(server: FakeRelease, capsys: pytest.CaptureFixture[str]) -> None:
    del server.files["/clips/one.mp4"]
    assert main(["examples", "pull", "--all"]) == 1
    said = capsys.readouterr()
    assert "one cannot be fetched: there is nothing at" in said.err
    assert "two is here" in said.out
