"""Does the page run where a Space runs it? `make space-check` builds a clean environment and measures.

As a Space does, and in this order: copy what git tracks into a fresh folder, make a virtual environment there, install
`requirements.txt` and nothing else, run the front matter's `app_file`. Then: seconds until the page answers, and the
process's peak memory (VmHWM from /proc, so Linux only) after one example went through the API. Printed, not judged:
the aims are a page within 60 s and less than 3 GB. `--python` uses an environment that is there already.
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

from adamml.hosting import ROOT, tracked_files

EXAMPLE = "assets/examples/guitar_by_lamplight.mp4"
ANALYSE = "/analyse"
START_LIMIT_S, RUN_LIMIT_S = 600, 1200
# Runs in the other environment: everything but the clip keeps the value that the page gives it.
CLIENT = """
import json, sys, time
from gradio_client import Client, handle_file
client = Client(sys.argv[1], verbose=False)
asked = client.view_api(return_format="dict", print_info=False)["named_endpoints"][sys.argv[3]]["parameters"]
clip = next(p["parameter_name"] for p in asked if "filepath" in str(p["python_type"]).lower())
began = time.perf_counter()
answer = client.predict(api_name=sys.argv[3], **{clip: handle_file(sys.argv[2])})
print(json.dumps({"seconds": round(time.perf_counter() - began, 1), "answer": str(answer)[:200]}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path, help="use this interpreter instead of building a clean environment")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="space-") as name:
        folder = Path(name)
        for file in tracked_files(ROOT):
            (folder / "app" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, folder / "app" / file)
        python = options.python.absolute() if options.python else build(folder)
        with page(python, folder / "app") as (process, address):
            print(f"memory {peak_mb(process.pid):8.0f} MB before any analysis", flush=True)
            analyse(python, folder / "app", address)
            print(f"memory {peak_mb(process.pid):8.0f} MB at its highest, one example analysed")


def build(folder: Path) -> Path:
    """A virtual environment with `requirements.txt`."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"]
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
        yield process, address
    finally:
        process.terminate()
        process.wait()


def analyse(python: Path, folder: Path, address: str) -> None:
    """One example through the API, with the client that gradio installs."""
    command = [python, "-c", CLIENT, address, str(folder / EXAMPLE), ANALYSE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_S)
    if done.returncode != 0:
        raise SystemExit(f"the analysis failed: {done.stderr.strip().splitlines()[-1]}")
    print(f"answer {done.stdout.strip()}", flush=True)


def peak_mb(pid: int) -> float:
    """The largest resident memory that the process has had, in MB."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.M)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
