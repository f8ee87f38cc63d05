"""Where the page is served: what is wrong is one line that names the option, before anything heavy is loaded."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from adamml.cli import main
from app.address import AddressError, free_address

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "ADAMML_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else has."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def free(taken: int) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_environment_says_where_unless_the_command_does(free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_NAME", "127.0.0.2")
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(free))
    asked = free_address()
    assert (asked.host, asked.port) == ("127.0.0.2", free)
    asked = free_address("localhost")
    assert (asked.host, asked.port) == ("localhost", free)
    monkeypatch.setenv("GRADIO_SERVER_PORT", "none of them")
    assert free_address(port=free).port == free


@pytest.mark.parametrize(
    ("name", "value", "host", "port", "message"),
    [
        ("GRADIO_SERVER_PORT", "http", None, None, "GRADIO_SERVER_PORT is 'http', which is no port"),
        ("GRADIO_SERVER_PORT", "-1", None, None, "GRADIO_SERVER_PORT is '-1'"),
        ("GRADIO_SERVER_PORT", "70000", None, None, "a port lies between 1 and 65535, not 70000"),
        ("GRADIO_SERVER_PORT", "", None, 0, "not 0; choose one with --port"),
        ("GRADIO_SERVER_NAME", "no.such.host.invalid", None, None, "there is no host 'no.such.host.invalid'"),
        ("GRADIO_SERVER_NAME", "", "192.0.2.1", None, "nothing can be served at 192.0.2.1"),
    ],
)
def test_what_is_no_address_is_refused(
    name: str, value: str, host: str | None, port: int | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(AddressError, match=message):
        free_address(host, port)


def test_a_port_that_is_taken_is_refused(taken: int) -> None:
    for host in (None, "localhost", "0.0.0.0"):
        with pytest.raises(AddressError, match=rf"port {taken} of .* is taken; choose another one with --port"):
            free_address(host, taken)


@pytest.mark.parametrize("command", [["-m", "app"], ["app/__main__.py"], ["-m", "adamml.cli", "app"]])
def test_a_page_that_cannot_be_served_is_one_line(command: list[str], taken: int) -> None:
    environment = os.environ | {"GRADIO_SERVER_PORT": str(taken)}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    line = f"adamml: port {taken} of 127.0.0.1 is taken; choose another one with --port\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GRADIO_SERVER_PORT", "http", "which is no port"),
        ("ADAMML_PROFILE", "endless", "profile must be one of"),
    ],
)
def test_an_environment_that_makes_no_sense_is_one_line(name: str, value: str, says: str, free: int) -> None:
    environment = os.environ | {"GRADIO_SERVER_PORT": str(free)} | {name: value}
    done = subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("adamml: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_the_command_leaves_to_the_environment_what_it_was_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setitem(sys.modules, "app.run", SimpleNamespace(main=asked.append))
    assert main(["app"]) == 0
    assert main(["app", "--port", "8000", "--host", "0.0.0.0", "--profile", "local"]) == 0
    assert asked == [[], ["--host=0.0.0.0", "--port=8000", "--profile=local"]]
