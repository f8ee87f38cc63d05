"""Addresses that strangers give for clips: what is fetched, and what nobody is ever asked for."""

import ipaddress
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import remote_clip
from app.remote_clip import RemoteClipError, fetch, is_public
from tests.fake_release import FakeRelease
from tests.https_shelf import HOST, https_shelf, make_certificate, rules_for

MOST = 100_000
CLIP = b"a clip, for all that the fetching cares" * 100


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def web(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRelease]:
    with https_shelf(certificate) as server:
        server.files["/films/a%20b.mp4"] = CLIP
        monkeypatch.setattr(remote_clip, "RULES", rules_for(certificate, server.server_address[1]))
        yield server


def at(web: FakeRelease, path: str, host: str = HOST) -> str:
    return f"https://{host}:{web.server_address[1]}{path}"


def fetched(address: str, folder: Path, most: int = MOST) -> Path:
    place = Path(tempfile.mkdtemp(dir=folder))
    for _ in fetch(address, place, most):
        pass
    (path,) = place.iterdir()
    return path


def refusal(address: str, folder: Path, most: int = MOST) -> str:
    with pytest.raises(RemoteClipError) as error:
        fetched(address, folder, most)
    return str(error.value)


def test_a_clip_arrives_under_a_harmless_name(web: FakeRelease, tmp_path: Path) -> None:
    path = fetched(at(web, "/films/a%20b.mp4?signature=secret"), tmp_path)
    assert path.read_bytes() == CLIP
    assert path.name == "a b.mp4"
    web.files["/x/..%2F..%2Fetc%2F%3Cb%3E.mp4"] = CLIP
    path = fetched(at(web, "/x/..%2F..%2Fetc%2F%3Cb%3E.mp4"), tmp_path)
    assert path.parent.parent == tmp_path
    assert path.name == "_b_.mp4"


def test_a_redirect_to_another_public_place_is_followed(web: FakeRelease, tmp_path: Path) -> None:
    web.redirects["/moved"] = at(web, "/films/a%20b.mp4")
    web.redirects["/near"] = "films/a%20b.mp4"
    assert fetched(at(web, "/moved"), tmp_path).read_bytes() == CLIP
    assert fetched(at(web, "/near"), tmp_path).read_bytes() == CLIP


@pytest.mark.parametrize(
    "address",
    [
        *("http://example.org/a.mp4", "file:///etc/passwd", "FILE:///etc/passwd", "ftp://example.org/a.mp4"),
        *("data:video/mp4;base64,AAAA", "/etc/passwd", "../clip.mp4", "", "clip.mp4", "//example.org/a", "https:///a"),
        *("gopher://example.org/", "javascript:alert(1)", "https://", "\0", "https://[::1"),
    ],
)
def test_only_https_is_spoken(address: str, tmp_path: Path) -> None:
    assert "address" in refusal(address, tmp_path)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0", "0.0.0.0", "[::1]", "[::]", "localhost"),
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255"),
        *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
        *("[::127.0.0.1]", "[ff02::1]", "198.18.0.1", "192.0.2.1"),
    ],
)
def test_nothing_but_the_public_net_is_asked(host: str, tmp_path: Path) -> None:
    assert "public net" in refusal(f"https://{host}/clip.mp4", tmp_path)


@pytest.mark.parametrize("ip", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_public_net_is_public(ip: str) -> None:
    assert is_public(ipaddress.ip_address(ip))


def test_a_host_that_also_stands_for_a_private_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [(0, 0, 0, "", (ip, 0)) for ip in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    assert "public net" in refusal("https://example.org/clip.mp4", tmp_path)


def test_the_address_that_was_looked_at_is_the_one_that_is_asked(
    web: FakeRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers differently the second time gets no second time."""
    real, looked_up = socket.getaddrinfo, []

    def once(host: str, *arguments: object, **options: object) -> object:
        if host == HOST:
            looked_up.append(host)
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1" if len(looked_up) == 1 else "10.0.0.1", 0))
            ]
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    assert fetched(at(web, "/films/a%20b.mp4"), tmp_path).read_bytes() == CLIP
    assert looked_up == [HOST]


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("https://169.254.169.254/latest/meta-data", "port"),
        ("http://example.org/a.mp4", "https"),
        ("file:///etc/passwd", "https"),
        ("https://[::1", "https"),
    ],
)
def test_no_redirect_leads_elsewhere(to: str, says: str, web: FakeRelease, tmp_path: Path) -> None:
    web.redirects["/away"] = to
    assert says in refusal(at(web, "/away"), tmp_path)


def test_no_redirect_leads_to_a_private_address(web: FakeRelease, tmp_path: Path) -> None:
    web.redirects["/away"] = at(web, "/films/a%20b.mp4", host="127.0.0.2")
    assert "public net" in refusal(at(web, "/away"), tmp_path)
    web.redirects["/round"] = at(web, "/round")
    assert "more than 3 times" in refusal(at(web, "/round"), tmp_path)


def test_what_an_address_may_not_carry(web: FakeRelease, tmp_path: Path) -> None:
    assert "password" in refusal(at(web, "/films/a%20b.mp4").replace("https://", "https://me:secret@"), tmp_path)
    assert "port" in refusal("https://example.org:8443/clip.mp4", tmp_path)
    assert "longer than" in refusal("https://example.org/" + "a" * 3000, tmp_path)


def test_a_certificate_of_another_host_is_not_trusted(web: FakeRelease, tmp_path: Path) -> None:
    assert "cannot be reached" in refusal(at(web, "/films/a%20b.mp4", host="127.0.0.1"), tmp_path)


def test_a_large_file_is_cut_off_whatever_it_says_of_itself(
    web: FakeRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.files["/large.mp4"] = bytes(MOST + 1)
    assert "larger than the 0 MB" in refusal(at(web, "/large.mp4"), tmp_path)
    monkeypatch.setattr(remote_clip, "_header", lambda *_: "")  # it says nothing
    assert "larger than the 0 MB" in refusal(at(web, "/large.mp4"), tmp_path)
    assert len(fetched(at(web, "/films/a%20b.mp4"), tmp_path, most=len(CLIP)).read_bytes()) == len(CLIP)


def test_an_answer_that_is_no_file(web: FakeRelease, tmp_path: Path) -> None:
    assert "answers 404" in refusal(at(web, "/none.mp4"), tmp_path)
    web.files["/empty.mp4"] = b""
    assert "empty" in refusal(at(web, "/empty.mp4"), tmp_path)
    web.files["/half.mp4"] = CLIP
    web.breaks["/half.mp4"] = [100]
    assert "cannot be reached" in refusal(at(web, "/half.mp4"), tmp_path)


def test_who_dawdles_is_left(web: FakeRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is over before the first byte: that stands for a server that sends one now and then."""
    monkeypatch.setattr(remote_clip, "SECONDS", 0.0)
    assert "was not here after" in refusal(at(web, "/films/a%20b.mp4"), tmp_path)
