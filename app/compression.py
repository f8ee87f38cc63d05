"""The page itself compressed: its first answer holds the whole layout, which Gradio sends as it is.

Everything else is left alone: assets are compressed already, events are a stream, clips are compressed by nature.
"""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class CompressedPage:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._compressed = app, GZipMiddleware(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/")
        await (self._compressed if page else self._app)(scope, receive, send)
