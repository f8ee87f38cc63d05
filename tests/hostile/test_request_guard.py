"""What is refused before anything reads it."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.error_log import failed
from app.request_guard import MAX_JSON_BYTES, RequestGuard


def ask(gate: RequestGuard, path: str, body: bytes = b"", method: str = "POST", pieces: int = 1) -> int:
    """The status of the answer; 0 where the request broke off."""
    size = -(-len(body) // pieces) or 1
    parts = [body[i : i + size] for i in range(0, len(body), size)] or [b""]
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
        for number, part in enumerate(parts)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(gate({"type": "http", "path": path, "method": method}, receive, send))
    return next((message["status"] for message in sent if message["type"] == "http.response.start"), 0)


class Behind:
    """Stands for Gradio: reads all, remembers it, says 200."""

    def __init__(self) -> None:
        self.read = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.read += message["body"]
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def gate(behind: Behind, tmp_path: Path) -> RequestGuard:
    return RequestGuard(behind, folder=tmp_path, max_upload=500_000, max_folder=1_000_000)


def named(path: object) -> bytes:
    return json.dumps({"data": [[{"deep": {"path": path}}]], "session_hash": "x"}).encode()


def test_a_request_passes_as_it_came(gate: RequestGuard, behind: Behind, tmp_path: Path) -> None:
    body = named(str(tmp_path / "a" / "clip.mp4"))
    assert ask(gate, "/gradio_api/queue/join", body, pieces=7) == 200
    assert behind.read == body


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "http://a/b.mp4", "HTTPS://a", "file:///etc/passwd", "", "..", "\0", "x" * 9999, "/proc/self"],
)
def test_files_from_elsewhere_are_refused_however_deep(gate: RequestGuard, behind: Behind, path: str) -> None:
    assert ask(gate, "/gradio_api/call/analyze", named(path)) == 400
    assert behind.read == b""


def test_a_link_or_dots_do_not_lead_out(gate: RequestGuard, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    assert ask(gate, "/run/x", named(str(tmp_path / "link" / "passwd"))) == 400
    assert ask(gate, "/run/x", named(f"{tmp_path}/../../../../etc/passwd")) == 400


def test_large_and_strange_requests(gate: RequestGuard, behind: Behind) -> None:
    assert ask(gate, "/run/x", b"1" * (MAX_JSON_BYTES + 1), pieces=9) == 413
    assert behind.read == b""
    assert ask(gate, "/run/x", b"[" * 100_000) == 200  # not understood here; what is behind says so
    assert ask(gate, "/run/x", b"\xff\xfe") == 200


def test_uploads_end_at_their_limit_and_when_the_disk_is_full(
    gate: RequestGuard, behind: Behind, tmp_path: Path
) -> None:
    assert ask(gate, "/gradio_api/upload", b"1" * 500_000, pieces=50) == 200
    assert ask(gate, "/gradio_api/upload", b"1" * 700_000, pieces=50) == 0
    (tmp_path / "full").write_bytes(bytes(1_000_001))
    assert ask(gate, "/gradio_api/upload", b"1") == 507


def test_a_clip_that_is_deleted_meanwhile_stops_no_upload(
    gate: RequestGuard, behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, look = tmp_path / "gone", os.scandir
    gone.mkdir()

    def look_late(path: Any) -> Any:
        if str(path) == str(gone):
            shutil.rmtree(gone, ignore_errors=True)
        return look(path)

    monkeypatch.setattr(os, "scandir", look_late)
    assert ask(gate, "/gradio_api/upload", b"x") == 200
    assert not gone.exists()


@pytest.mark.parametrize("path", ["file=http://a/b", "file= HTTPS://a", "proxy=https://a.hf.space/x", "file=ftp:x"])
def test_nothing_is_fetched(gate: RequestGuard, path: str) -> None:
    assert ask(gate, f"/gradio_api/{path}", method="GET") == 403
    assert ask(gate, "/gradio_api/file=/tmp/clip.mp4", method="GET") == 200


def test_a_report_names_no_clip(caplog: pytest.LogCaptureFixture) -> None:
    name = "-".join(("secret", "holiday.mp4"))
    try:
        try:
            raise FileNotFoundError(name)
        except OSError as error:
            raise RuntimeError(name) from error
    except RuntimeError as error:
        told = failed("an analysis", error)
    assert name not in caplog.text
    assert "RuntimeError after FileNotFoundError" in caplog.text
    number = told.rpartition("Report ")[2].rstrip(".)")
    assert number in caplog.text
