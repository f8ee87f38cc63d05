"""The container, as far as it can be told without Docker: who runs what, and what is installed and copied."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from adamml.training.model_index import front_matter
from app import health
from benchmarks.dockerfile import Container, read
from tests.hostile.visitor import free_port, server

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def container() -> Container:
    return read()


def test_nobody_in_it_is_root(container: Container) -> None:
    assert container.user not in ("", "root", "0")
    names = [name for name, _ in container.instructions]
    assert ("RUN", f"useradd --create-home --uid 1000 {container.user}") in container.instructions
    assert names.index("USER") < names.index("COPY"), "what is copied and installed is that user's"
    assert names.count("USER") == 1
    copies = [rest for name, rest in container.instructions if name == "COPY"]
    assert all(rest.startswith(f"--chown={container.user} ") for rest in copies)


def test_what_is_installed_is_the_lock_file_with_its_hashes(container: Container) -> None:
    (install,) = container.installs
    assert "--require-hashes" in install
    assert install[install.index("-r") + 1] == "requirements.lock"
    assert install.count("-r") == 1
    named = [word for word in install if not word.startswith("-")]
    assert named == ["requirements.lock"], "nothing is installed beside it"
    assert next(rest.split()[1] for name, rest in container.instructions if name == "COPY") == "requirements.lock"


def test_it_runs_what_a_space_runs_at_the_port_that_is_open(container: Container) -> None:
    assert container.command == ["python", front_matter((ROOT / "README.md").read_text())["app_file"]]
    assert (container.environment["GRADIO_SERVER_NAME"], container.environment["GRADIO_SERVER_PORT"]) == (
        "0.0.0.0",
        dict(container.instructions)["EXPOSE"],
    )
    base = dict(container.instructions)["FROM"]
    assert base.startswith(f"python:{front_matter((ROOT / 'README.md').read_text())['python_version']}-")


def test_what_it_runs_is_not_kept_out_of_it(container: Container) -> None:
    kept_out = (ROOT / ".dockerignore").read_text().split()
    for command in (container.command, container.health):
        assert (ROOT / command[1]).is_file()
        assert not any(command[1].startswith(entry) for entry in kept_out)
    assert ".git" in kept_out


def test_the_health_check_tells_a_page_that_answers_from_none(container: Container, tmp_path: Path) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()

    def status(port: int) -> int:
        environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
        return subprocess.run(
            [sys.executable, *container.health[1:]], cwd=ROOT, env=environment, timeout=600
        ).returncode

    assert status(free_port()) == 1
    with server(temp) as (url, _):
        assert httpx.get(f"{url}{health.PATH}").status_code == 200
        assert status(int(url.rpartition(":")[2])) == 0
