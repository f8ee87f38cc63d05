"""What is refused before Gradio reads it: files that were not uploaded, oversized requests, uploads without room.

Gradio itself would fetch a web address that a request names as a file, and hand on what it fetched; and it reads
requests of any size. Neither is wanted here.
"""

import json
import os
import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_JSON_BYTES = 4_000_000  # the page sends back panels that it was sent, thumbnails included
_FORM_BYTES = 100_000  # what a browser wraps around a file
_FETCHES = re.compile(r"/(file=\s*[a-z][a-z0-9+.-]*:|proxy=)", re.IGNORECASE)


class RequestGuard:
    """ASGI middleware.

    Args:
        app: what lies behind.
        folder: where uploads are kept.
        max_upload: bytes of one upload.
        max_folder: bytes that all uploads together may take.
    """

    def __init__(self, app: Any, *, folder: Path, max_upload: int, max_folder: int) -> None:
        self._app, self._folder = app, folder
        self._max_upload, self._max_folder = max_upload + _FORM_BYTES, max_folder

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if _FETCHES.search(path):
            await _refuse(send, 403, "This server hands out files of its own only.")
        elif scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, _guarded(send))
        elif path.rstrip("/").endswith("/upload"):
            if _size(self._folder) > self._max_folder:
                await _refuse(send, 507, "There is no room for uploads just now. Please try again in an hour.")
            else:
                await self._app(scope, _bounded(receive, self._max_upload), send)
        else:
            await self._checked(scope, receive, send)

    async def _checked(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Read a request to its end, look at the files that it names, and pass it on as it came."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if len(body) > MAX_JSON_BYTES:
                await _refuse(send, 413, "That request is too large.")
                return
            if not message.get("more_body"):
                break
        if not all(_lies_in(self._folder, path) for path in _paths(bytes(body))):
            await _refuse(send, 400, "Files are taken by upload only.")
            return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)


def _paths(body: bytes) -> Iterator[str]:
    """Every place that a request names as a file's: the texts under "path", however deep."""
    try:
        todo: list[Any] = [json.loads(body)]
    except (ValueError, RecursionError):
        return  # what is behind says what is wrong with it
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if isinstance(value.get("path"), str):
                yield value["path"]
            todo += value.values()
        elif isinstance(value, list):
            todo += value


def _lies_in(folder: Path, path: str) -> bool:
    try:
        return Path(path).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # no path at all: too long, with a zero byte, a ring of links
        return False


def _bounded(receive: Receive, most: int) -> Receive:
    """A request that breaks off when it grows beyond a limit, whatever length it announced."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > most else message

    return counted


def _guarded(send: Send) -> Send:
    """Browsers are told not to guess what a file is, and not to say where they came from."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            extra = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]
            message = dict(message) | {"headers": [*message.get("headers", []), *extra]}
        await send(message)

    return sent


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = reason.encode()
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


def _size(folder: Path) -> int:
    """Bytes of all files below a folder; what goes away meanwhile counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(place, name).stat().st_size
    return total
