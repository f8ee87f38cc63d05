"""The page itself compressed: its first answer holds the whole layout, which Gradio sends as it is.

Everything else is left alone: assets are compressed already, events are a stream, clips are compressed by nature.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.middleware.gzip import GZipMiddleware


class CompressedPage:
    """ASGI middleware."""

    def __init__(self, app: Any) -> None:
        self._app, self._compressed = app, GZipMiddleware(app)

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        page = scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/")
        await (self._compressed if page else self._app)(scope, receive, send)
