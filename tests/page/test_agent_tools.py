"""An agent's client on the page: three tools, clips by address, answers to read, and refusals in sentences."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client

from app.agent_tools import _notified
from app.call_progress import tell
from tests.clips import tone, write_clip
from tests.fake_release import FakeRelease
from tests.hostile.visitor import Visitor, free_port, listening, server
from tests.https_shelf import HOST, https_shelf, make_certificate

Told = tuple[float, float | None, str | None]
ARGUMENTS = {
    "analyze": ["clip", "policy", "segments", "spacing"],
    "compare": ["clip", "left", "right", "segments", "spacing"],
    "export": ["clip", "kind", "policy", "segments"],
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeRelease]:
    """What passes for the public net: a clip, one that is too large, and one that is none."""
    folder = tmp_path_factory.mktemp("web")
    certificate = make_certificate(folder)
    with https_shelf(certificate) as shelf:
        shelf.files["/films/short.mp4"] = write_clip(folder / "clip.mp4", seconds=3.0, sound=tone(3.0)).read_bytes()
        shelf.files["/text.mp4"] = b"this is not a clip"
        shelf.files["/huge.mp4"] = b"0"
        shelf.headers["/huge.mp4"] = {"Content-Length": str(10**12)}
        shelf.redirects["/inwards.mp4"] = f"https://10.0.0.1:{shelf.server_address[1]}/clip.mp4"
        shelf.certificate = certificate  # type: ignore[attr-defined]
        yield shelf


@pytest.fixture(scope="module")
def url(web: FakeRelease, temp: Path) -> Iterator[str]:
    stands_in = f"{web.certificate}:{web.server_address[1]}"  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOY_WEB", stands_in)
        with server(temp, "--mcp") as (address, _):
            yield address


def at(web: FakeRelease, path: str) -> str:
    return f"https://{HOST}:{web.server_address[1]}{path}"


@asynccontextmanager
async def connected(url: str) -> Any:
    async with (
        streamable_http_client(f"{url}/gradio_api/mcp/") as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        yield session


def tools(url: str) -> list[types.Tool]:
    async def ask() -> list[types.Tool]:
        async with connected(url) as session:
            return (await session.list_tools()).tools

    return asyncio.run(ask())


def call(url: str, tool: str, told: list[Told] | None = None, **arguments: Any) -> types.CallToolResult:
    """The client checks the answer against the tool's own schema. `told` hears how far the call is."""

    async def hear(share: float, whole: float | None, message: str | None) -> None:
        assert told is not None
        told.append((share, whole, message))

    async def ask() -> types.CallToolResult:
        async with connected(url) as session:
            await session.list_tools()
            return await session.call_tool(tool, arguments, progress_callback=None if told is None else hear)

    return asyncio.run(ask())


def text_of(result: types.CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, types.TextContent))


def test_three_tools_and_nothing_else_are_offered(url: str) -> None:
    listed = tools(url)
    assert {tool.name: list(tool.inputSchema["properties"]) for tool in listed} == ARGUMENTS
    for tool in listed:
        assert len(tool.description or "") > 80
        assert "upload" not in (tool.description or "")
        assert tool.inputSchema["required"] == ["clip"]
        assert tool.inputSchema["properties"]["clip"]["type"] == "string"
        assert all(each["description"] for each in tool.inputSchema["properties"].values())
        assert tool.outputSchema is not None
    described = httpx.get(f"{url}/gradio_api/mcp/schema").json()
    assert {each["name"]: each["inputSchema"] for each in described} == {t.name: t.inputSchema for t in listed}


def test_analyze_answers_with_a_digest(url: str, web: FakeRelease) -> None:
    result = call(url, "analyze", clip=at(web, "/films/short.mp4"), segments=3, policy="adamml@0.5")
    assert not result.isError
    said = result.structuredContent
    assert said is not None
    assert json.loads(text_of(result)) == said
    assert (said["clip"], said["policy"], len(said["segments"])) == ("short.mp4", "adamml@0.50", 3)
    assert said["top"][0]["label"] == said["answer"] or not said["known"]
    assert said["saved_against"]["all"] < 1
    assert len(text_of(result)) < 5000


def test_compare_and_export_answer(url: str, web: FakeRelease) -> None:
    both = call(url, "compare", clip=at(web, "/films/short.mp4"), left="audio", right="rgb", segments=2)
    assert both.structuredContent is not None
    assert (both.structuredContent["left"]["policy"], both.structuredContent["right"]["policy"]) == ("audio", "rgb")
    assert "less compute" in both.structuredContent["sentence"]
    made = call(url, "export", clip=at(web, "/films/short.mp4"), kind="csv", segments=2)
    assert made.structuredContent is not None
    file = httpx.get(made.structuredContent["url"])
    assert made.structuredContent["name"] == "short-adamml.csv"
    assert len(file.text.splitlines()) == 3
    assert any(isinstance(part, types.ResourceLink) for part in made.content)


@pytest.mark.parametrize("tool", ARGUMENTS)
def test_a_client_that_asks_for_it_is_told_how_far_its_call_is(tool: str, url: str, web: FakeRelease) -> None:
    told: list[Told] = []
    result = call(url, tool, told, clip=at(web, "/films/short.mp4"), segments=3)
    assert not result.isError
    shares = [share for share, _, _ in told]
    assert len(told) > 1
    assert shares == sorted(set(shares)), "every one says more than the one before"
    assert shares[-1] <= 1
    assert {whole for _, whole, _ in told} == {1.0}
    assert all(message for _, _, message in told)


class Client:
    """The session of a call that asked to be told; it takes up to `most` notifications, and then none."""

    def __init__(self, most: int) -> None:
        self.session, self.request_id, self.meta = self, 7, types.RequestParams.Meta(progressToken="token")
        self.most, self.told = most, list[Told]()

    async def send_progress_notification(
        self, token: str, share: float, whole: float, message: str, request: str
    ) -> None:
        assert (token, request) == ("token", "7")
        if len(self.told) == self.most:
            await asyncio.Event().wait()
        self.told.append((share, whole, message))


def test_shares_grow_even_where_nothing_is_done_and_a_slow_client_is_not_waited_for() -> None:
    async def wait_in_line(client: Client) -> None:
        async with _notified(client):
            for ahead in range(9, 0, -1):
                tell(gr.Progress(), 0.0, f"{ahead} before you")
                await asyncio.sleep(0)  # as a call does between two steps
                await asyncio.sleep(0)

    quick, slow = Client(99), Client(2)
    for client in (quick, slow):
        asyncio.run(asyncio.wait_for(wait_in_line(client), 60))
    shares = [share for share, _, _ in quick.told]
    assert shares == sorted(set(shares))
    assert len(shares) > 5
    assert shares[-1] < 0.001
    assert len(slow.told) == 2


@pytest.mark.parametrize(
    ("clip", "says"),
    [
        ("/etc/passwd", "public https address"),
        ("file:///etc/passwd", "public https address"),
        ("data:video/mp4;base64,AAAA", "public https address"),
        ("http://example.org/a.mp4", "public https address"),
        ("https://192.168.0.1:PORT/a.mp4", "public net"),
        ("https://[::1]:PORT/a.mp4", "public net"),
        ("https://169.254.169.254/latest/meta-data/", "port"),
        ("WEB/inwards.mp4", "public net"),
        ("WEB/huge.mp4", "larger than"),
        ("WEB/none.mp4", "answers 404"),
        ("WEB/text.mp4", "not a video or sound file"),
        (None, "clip is missing"),
        (7, "clip is missing"),
        (["https://example.org/a.mp4"], "clip is missing"),
        ("x" * 5000, "longer than"),
    ],
)
def test_no_other_file_is_taken(clip: Any, says: str, url: str, web: FakeRelease) -> None:
    if isinstance(clip, str):
        clip = clip.replace("WEB", at(web, "")).replace("PORT", str(web.server_address[1]))
    result = call(url, "analyze", clip=clip, segments=2)
    assert result.isError
    assert says in text_of(result)
    assert "Traceback" not in text_of(result)


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("analyze", {"policy": "best"}, "is one of adamml, "),
        ("analyze", {"policy": 3}, "is one of adamml, "),
        ("analyze", {"segments": 10**6}, "segments is a whole number"),
        ("analyze", {"segments": "many"}, "segments is a whole number"),
        ("analyze", {"segments": True}, "segments is a whole number"),
        ("analyze", {"spacing": -1}, "spacing is a number of seconds"),
        ("compare", {"left": ["rgb"]}, "is one of adamml, "),
        ("export", {"kind": "exe"}, "is one of mp4, "),
        ("analyze", {"file": "x"}, "'file' is no argument of analyze"),
        ("picked", {}, "There is no tool 'picked'"),
        ("analyse", {}, "There is no tool 'analyse'"),
    ],
)
def test_a_bad_argument_is_answered_with_a_sentence(
    tool: str, arguments: dict[str, Any], says: str, url: str, web: FakeRelease
) -> None:
    asked = len(web.seen)
    result = call(url, tool, **({"clip": at(web, "/films/short.mp4")} | arguments))
    assert result.isError
    assert says in text_of(result)
    assert len(web.seen) == asked, "nothing is fetched for a call that cannot be answered"


def test_a_file_of_the_server_cannot_be_smuggled_in(url: str) -> None:
    """What a client of the protocol would not send: Gradio's way of naming a file."""
    arguments = {"clip": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "analyze", "arguments": arguments}}
    headers = {"Accept": "application/json, text/event-stream"}
    answer = httpx.post(f"{url}/gradio_api/mcp/", json=asked, headers=headers)
    assert (answer.status_code, answer.text) == (400, "Files are taken by upload only.")


def test_nothing_stays_of_a_fetched_clip(url: str, web: FakeRelease, temp: Path) -> None:
    call(url, "analyze", clip=at(web, "/films/short.mp4"), segments=2)
    (fetched,) = temp.glob(".adamml-*/fetched")
    assert list(fetched.iterdir()) == []


def test_gradios_own_api_takes_the_address_too(url: str, web: FakeRelease) -> None:
    body = {"clip": at(web, "/films/short.mp4"), "segments": 2}
    event = httpx.post(f"{url}/gradio_api/call/v2/analyze", json=body).json()["event_id"]
    told = httpx.get(f"{url}/gradio_api/call/analyze/{event}", timeout=60).text
    assert "event: complete" in told
    assert '"name": "short.mp4"' in told or '"name":"short.mp4"' in told


def test_unless_asked_for_no_agent_is_served_and_no_address_taken(web: FakeRelease, tmp_path: Path) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()
    port = free_port()
    with server(temp) as (address, _), listening(port) as knocks:
        assert httpx.post(f"{address}/gradio_api/mcp/", json={}).status_code in (404, 405)
        visitor = Visitor(address)
        visitor.join("analyze", [f"https://{HOST}:{port}/a.mp4", "all", 2, 0]).raise_for_status()
        assert "handle_file" in json.dumps(list(visitor.listen()))
    assert knocks == []


@pytest.mark.parametrize(("asked", "says"), [("perhaps", "neither true nor false"), ("true", "mcp is missing")])
def test_what_is_missing_is_said_at_once(asked: str, says: str, tmp_path: Path) -> None:
    without = "import importlib.metadata as m, runpy, sys\n"
    without += "def version(name, real=m.version):\n"
    without += "    if name == 'mcp': raise m.PackageNotFoundError(name)\n    return real(name)\n"
    without += "m.version = version; sys.argv = ['app']; runpy.run_module('app', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", without],
        env=os.environ | {"GRADIO_MCP_SERVER": asked},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
