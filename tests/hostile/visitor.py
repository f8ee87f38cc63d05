"""A visitor without a browser: uploads, asks and listens as the page's script does, or as it never would."""

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def listening(port: int) -> Iterator[list[str]]:
    """A port that notes who knocks."""
    knocks: list[str] = []
    stop = threading.Event()

    def accept(listener: socket.socket) -> None:
        listener.settimeout(0.1)
        while not stop.is_set():
            with suppress(TimeoutError):
                connection, address = listener.accept()
                knocks.append(str(address))
                connection.close()

    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = threading.Thread(target=accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield knocks
        finally:
            stop.set()
            thread.join()


def end(process: subprocess.Popen) -> None:
    """Stop a process, gently at first."""
    process.terminate()  # nothing to one that has ended
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def server(temp: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """The real page on the miniature model, in a process of its own, its temporary files below `temp`."""
    port = free_port()
    env = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(temp)}
    command = [sys.executable, "-m", "tests.toy_app", "--port", str(port), *options]
    with (temp.parent / f"server-{port}.log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 300
        while True:
            try:
                httpx.get(url, timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None, "the server stopped"
                assert time.monotonic() < until, "the server does not start"
                time.sleep(0.3)
        yield url, process
    finally:
        end(process)


class Visitor:
    """One browser tab, so to speak."""

    def __init__(self, url: str, session: str | None = None) -> None:
        self.session = session or secrets.token_hex(6)
        self.http = httpx.Client(base_url=f"{url}/gradio_api", timeout=300)
        self._functions: dict[str, int] | None = None

    def function(self, name: str) -> int:
        """The number of a named event."""
        if self._functions is None:
            config = httpx.get(str(self.http.base_url).replace("/gradio_api/", "/config"), timeout=60).json()
            self._functions = {each["api_name"]: each["id"] for each in config["dependencies"]}
        return self._functions[name]

    def upload(self, path: Path, name: str | None = None) -> httpx.Response:
        with path.open("rb") as file:
            return self.http.post("/upload", files={"files": (name or path.name, file)})

    def file(self, path: str) -> dict[str, Any]:
        """How a request names an uploaded file."""
        return {"path": path, "meta": {"_type": "gradio.FileData"}}

    def join(self, name: str, data: list[Any]) -> httpx.Response:
        """Ask for an event; its answers come by `listen`."""
        body = {"data": data, "fn_index": self.function(name), "session_hash": self.session, "trigger_id": 1}
        return self.http.post("/queue/join", json=body)

    def listen(self) -> Iterator[dict[str, Any]]:
        """Messages, until the server closes the stream."""
        with self.http.stream("GET", "/queue/data", params={"session_hash": self.session}) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line[5:])
                    yield message
                    if message["msg"] == "close_stream":
                        return

    def analyze(self, path: Path, policy: str = "all", segments: int = 3, name: str | None = None) -> str:
        """Upload and analyze: "answered", or the words of the refusal."""
        sent = self.upload(path, name)
        if sent.status_code != 200:
            return sent.text
        asked = self.join("analyse", [self.file(sent.json()[0]), policy, segments, 0])
        if asked.status_code != 200:
            return str(asked.json()["detail"])
        return said(list(self.listen()))


def said(messages: list[dict[str, Any]]) -> str:
    """What the messages of one analysis come to: "answered", or the words of the problem."""
    problem = ""
    for message in messages:
        text = json.dumps(message.get("output") or {})
        if '"modality_scores"' in text:
            return "answered"
        if "is-problem" in text:
            problem = text[text.index("is-problem") :]
        if message["msg"] == "process_completed" and not message["success"]:
            problem = str((message.get("output") or {}).get("error") or "refused")
    return problem
