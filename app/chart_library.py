"""plotly.js from the plotly package, handed to browsers compressed, and only once a page has drawn the rest.

Gradio's own copy is part of a bundle that loads with the first plot; this one is asked for by `charts.js` when the page
stands, so that the first load stays light.
"""

import gzip
from functools import cache
from pathlib import Path

import plotly
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/plotly.min.js"
_KEEP = b"public, max-age=604800"


class ChartLibrary:
    """ASGI middleware: answers `PATH`, and passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].endswith(PATH):
            await self._app(scope, receive, send)
            return
        body = _compressed()
        headers = [
            (b"content-type", b"text/javascript; charset=utf-8"),
            (b"content-encoding", b"gzip"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", _KEEP),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@cache
def _compressed() -> bytes:
    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return gzip.compress(source.read_bytes(), 6)
