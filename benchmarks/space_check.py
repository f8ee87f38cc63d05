"""Does the page run where a Space runs it? `make space-check` builds a clean environment and measures.

As a Space does, and in this order: copy what git tracks into a fresh folder, make a virtual environment there, install
`requirements.txt` and nothing else, run the front matter's `app_file`. Then: seconds until the page answers, and the
highest memory of the whole process tree (proportional set size, sampled, so Linux only) while examples go through the
API: an analysis, a comparison, an annotated video. Printed, not judged: the aims are a page within 60 s and less than
3 GB. `--python` uses an environment that is there already; `--screenshots` keeps what Chromium shows.

The container does the same with other means, and what can be told of it without Docker is: its health check is run
against the page, before and after it stands, and `--locked` installs what the Dockerfile does, from requirements.lock
with its hashes.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adamml.weights.space_upload import ROOT, tracked_files
from benchmarks.dockerfile import read
from benchmarks.memory import Peak

EXAMPLE = "assets/examples/guitar_by_lamplight.mp4"
CALLS = ("/analyze", "/compare", "/export")
START_LIMIT_S, RUN_LIMIT_S = 600, 1200
# Runs in the other environment: everything but the clip keeps the value that the page gives it.
CLIENT = """
import json, sys, time
from gradio_client import Client, handle_file
client = Client(sys.argv[1], verbose=False)
for name in sys.argv[3:]:
    began = time.perf_counter()
    answer = client.predict(api_name=name, clip=handle_file(sys.argv[2]))
    said = answer if isinstance(answer, str) else answer.get("sentence") or answer["answer"]
    print(f"call   {time.perf_counter() - began:8.1f} s  {name}: {said}", flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path, help="use this interpreter instead of building a clean environment")
    parser.add_argument("--screenshots", type=Path, help="a folder for pictures of the page")
    parser.add_argument("--locked", action="store_true", help="install as the Dockerfile does, from requirements.lock")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="space-") as name:
        folder = Path(name)
        for file in tracked_files(ROOT):
            (folder / "app" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, folder / "app" / file)
        python = options.python.absolute() if options.python else build(folder, options.locked)
        with page(python, folder / "app") as (process, address):
            with highest_memory(process.pid, "before any analysis"):
                time.sleep(15)  # the model loads in the background
            with highest_memory(process.pid, "at its highest, while the examples went through the API"):
                call(python, folder / "app", address)
            if options.screenshots:
                photograph(address, options.screenshots)


def build(folder: Path, locked: bool) -> Path:
    """A virtual environment with `requirements.txt`, or with what the Dockerfile installs."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    (of_container,) = read().installs
    what = [word for word in of_container if word != "--user"] if locked else ["-r", "requirements.txt"]
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
    subprocess.run(install, cwd=folder / "app", check=True)
    size = sum(file.stat().st_size for file in (folder / "venv").rglob("*") if not file.is_symlink())
    print(f"install {time.perf_counter() - began:7.0f} s, {size / 1e9:.1f} GB", flush=True)
    return python


@contextmanager
def page(python: Path, folder: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """Run the app file as a Space does; yields once the page answers."""
    found = re.search(r"^app_file: (\S+)$", (folder / "README.md").read_text(encoding="utf-8"), re.M)
    assert found is not None, "README.md's front matter names no app_file"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    # Nothing of this checkout may help: a Space has no PYTHONPATH.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | settings
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the page is on this machine
    began = time.perf_counter()
    if well(python, folder, environment):
        raise SystemExit("the container's health check calls a page well that is not there")
    process = subprocess.Popen([python, found[1]], cwd=folder, env=environment)
    address = f"http://127.0.0.1:{port}/"
    try:
        while True:
            if process.poll() is not None:
                raise SystemExit(f"the page ended by itself with status {process.returncode}")
            if time.perf_counter() - began > START_LIMIT_S:
                raise SystemExit(f"no page after {START_LIMIT_S} s")
            try:
                with direct.open(address, timeout=30) as answer:
                    assert answer.status == 200
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        print(f"page   {time.perf_counter() - began:8.1f} s until it answered", flush=True)
        if not well(python, folder, environment):
            raise SystemExit("the container's health check does not see that the page is there")
        yield process, address
    finally:
        process.terminate()
        process.wait()


def well(python: Path, folder: Path, environment: dict[str, str]) -> bool:
    """What the container's health check says."""
    return subprocess.run([python, *read().health[1:]], cwd=folder, env=environment).returncode == 0


def call(python: Path, folder: Path, address: str) -> None:
    """One example through every endpoint, with the client that gradio installs."""
    command = [python, "-c", CLIENT, address, str(folder / EXAMPLE), *CALLS]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=RUN_LIMIT_S)
    if done.returncode != 0:
        raise SystemExit(f"a call failed: {done.stderr.strip().splitlines()[-1]}")


@contextmanager
def highest_memory(pid: int, when: str) -> Iterator[None]:
    """Print the largest memory of a process and all that it started, in MB, while the block runs."""
    with Peak(pid) as memory:
        yield
    print(f"memory {memory.most:8.0f} MB {when}", flush=True)


def photograph(address: str, folder: Path) -> None:
    """The page as a visitor finds it, and after an example was analyzed."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(RUN_LIMIT_S * 1000)
        page.goto(address)
        page.locator("#timeline .tl-seg").first.wait_for()
        page.screenshot(path=folder / "space_start.png")
        page.locator("button.example").first.click()
        page.locator("#status .is-done, #status.is-done, .status.is-done").first.wait_for()
        page.wait_for_timeout(1000)
        page.screenshot(path=folder / "space_analyzed.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
