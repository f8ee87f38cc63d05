"""Files arrive whole, or it is said why not: redirects, broken transfers, wrong checksums, refusals, no network."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from adamml.weights import download
from adamml.weights.download import MAX_JSON, MAX_REDIRECTS, TRIES, Downloader, FetchError, UnreachableError
from tests.fake_release import FakeRelease, shelf

DATA = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRelease]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0)
    with shelf() as server:
        server.files["/file"] = DATA
        yield server


def fetch(
    server: FakeRelease, target: Path, path: str = "/file", sha256: str | None = SHA256, size: int = len(DATA)
) -> str:
    with Downloader(server.address) as web:
        return web.file(server.address + path, target, size=size, sha256=sha256, progress=lambda done, of: None)


def ranges(server: FakeRelease) -> list[str | None]:
    return [asked for _, path, asked in server.seen if path == "/file"]


def test_redirects_are_followed_and_progress_is_told(server: FakeRelease, tmp_path: Path) -> None:
    server.redirects |= {"/a": "/b?signature=secret", "/b": "/file"}
    told: list[tuple[int, int]] = []
    with Downloader(server.address) as web:
        digest = web.file(
            f"{server.address}/a",
            tmp_path / "x",
            size=len(DATA),
            sha256=None,
            progress=lambda done, of: told.append((done, of)),
        )
    assert digest == SHA256
    assert (tmp_path / "x").read_bytes() == DATA
    assert told[-1] == (len(DATA), len(DATA))
    assert told == sorted(told)
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def test_a_broken_transfer_goes_on_where_it_broke_off(server: FakeRelease, tmp_path: Path) -> None:
    server.breaks["/file"] = [100_000, 50_000]
    fetch(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA
    assert ranges(server) == [None, "bytes=100000-", "bytes=150000-"]


def test_after_too_many_breaks_the_next_call_goes_on(server: FakeRelease, tmp_path: Path) -> None:
    server.breaks["/file"] = [1000] * TRIES
    with pytest.raises(UnreachableError, match=f"broke off {TRIES} times, the last time at {1000 * TRIES} of"):
        fetch(server, tmp_path / "x")
    assert not (tmp_path / "x").exists()
    fetch(server, tmp_path / "x")
    assert ranges(server)[-1] == f"bytes={1000 * TRIES}-"
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_server_without_parts_is_asked_for_the_whole(server: FakeRelease, tmp_path: Path) -> None:
    server.breaks["/file"], server.ranges = [1000], False
    fetch(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_part_of_something_longer_is_thrown_away(server: FakeRelease, tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(DATA + b"more")
    fetch(server, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_complete_part_is_checked_and_used(server: FakeRelease, tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(DATA)
    fetch(server, tmp_path / "x")
    assert server.seen == []
    (tmp_path / "x").rename(tmp_path / "y.part")
    with pytest.raises(FetchError, match="sha256"):
        fetch(server, tmp_path / "y", sha256="0" * 64)


@pytest.mark.parametrize(
    ("sha256", "size", "message"),
    [
        ("0" * 64, len(DATA), "damaged or changed"),
        (None, 1000, "longer than the stated"),
        (None, 1_000_000, f"shorter than the stated 1000000 bytes: it has {len(DATA)}"),
    ],
)
def test_another_content_is_refused_and_not_kept(
    server: FakeRelease, tmp_path: Path, sha256: str | None, size: int, message: str
) -> None:
    with pytest.raises(FetchError, match=message):
        fetch(server, tmp_path / "x", sha256=sha256, size=size)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_known_to_be_another_is_not_gone_on_with(server: FakeRelease, tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(DATA[:1000])
    with pytest.raises(FetchError, match="shorter than the stated"):
        fetch(server, tmp_path / "x", size=len(DATA) + 1)
    assert ranges(server) == ["bytes=1000-"]
    assert not list(tmp_path.iterdir())


def test_a_size_that_is_not_known_is_asked_for(server: FakeRelease) -> None:
    server.redirects["/a"] = "/file"
    with Downloader(server.address) as web:
        assert web.size(f"{server.address}/a", at_most=len(DATA)) == len(DATA)
        with pytest.raises(FetchError, match=f"said to have {len(DATA)} bytes; at most 1000 are expected"):
            web.size(f"{server.address}/file", at_most=1000)
        with pytest.raises(FetchError, match="there is nothing at"):
            web.size(f"{server.address}/none", at_most=1000)
    assert {method for method, _, _ in server.seen} == {"HEAD"}


def test_redirects_have_an_end(server: FakeRelease, tmp_path: Path) -> None:
    server.redirects["/a"] = "/a"
    with pytest.raises(FetchError, match=f"redirects more than {MAX_REDIRECTS} times"):
        fetch(server, tmp_path / "x", "/a")


def test_only_https_is_followed_away_from_this_machine(server: FakeRelease, tmp_path: Path) -> None:
    server.redirects["/a"] = "http://example.invalid/file?signature=secret"
    with pytest.raises(FetchError, match=r"http://example.invalid/file is refused: files are only fetched over https"):
        fetch(server, tmp_path / "x", "/a")
    server.redirects["/a"] = "ftp://127.0.0.1/file"
    with pytest.raises(FetchError):
        fetch(server, tmp_path / "x", "/a")


def test_what_begins_elsewhere_does_not_lead_to_this_machine(server: FakeRelease) -> None:
    with Downloader("https://example.invalid") as web, pytest.raises(FetchError, match="only fetched over https"):
        web.json(f"{server.address}/file")
    assert server.seen == []


def test_a_spent_allowance_is_explained(server: FakeRelease) -> None:
    server.refusals["/a"] = (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700000000"})
    with (
        Downloader(server.address) as web,
        pytest.raises(UnreachableError, match=r"before 22:13 UTC; wait, or .* import FILE"),
    ):
        web.json(f"{server.address}/a")


def test_what_to_do_by_hand_depends_on_what_is_fetched(server: FakeRelease) -> None:
    server.refusals["/a"] = (429, {"Retry-After": "60"})
    with (
        Downloader(server.address, by_hand="look elsewhere") as web,
        pytest.raises(UnreachableError, match="for now; wait, or look elsewhere"),
    ):
        web.json(f"{server.address}/a")


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (403, FetchError, "answers 403"),
        (404, FetchError, "there is nothing at"),
        (429, UnreachableError, "try again later"),
        (503, UnreachableError, "try again later"),
    ],
)
def test_refusals_are_named(
    server: FakeRelease, tmp_path: Path, status: int, kind: type[FetchError], message: str
) -> None:
    server.refusals["/a"] = (status, {})
    with pytest.raises(FetchError, match=message) as raised:
        fetch(server, tmp_path / "x", "/a")
    assert type(raised.value) is kind
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b'{"a": "' + b"x" * MAX_JSON + b'"}'])
def test_json_that_is_none_is_refused(server: FakeRelease, body: bytes) -> None:
    server.files["/a"] = body
    with Downloader(server.address) as web, pytest.raises(FetchError, match="JSON"):
        web.json(f"{server.address}/a")


def test_without_a_network(tmp_path: Path, server: FakeRelease) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(UnreachableError, match=r"cannot be reached .*; is there a network"):
        fetch(server, tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_seen_beforehand(server: FakeRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 90, 10))
    with pytest.raises(FetchError, match="no room for 1 MB"):
        fetch(server, tmp_path / "x")
    assert server.seen == []
