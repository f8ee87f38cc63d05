"""A server on the loopback interface that hands out files as release pages and model hubs do, faults included."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar
from urllib.parse import urlsplit

Server = TypeVar("Server", bound=ThreadingHTTPServer)


class FakeRelease(ThreadingHTTPServer):
    """The whole state, by path without the query: contents, redirects, refusals, and where transfers break off.

    Attributes:
        files: path -> content.
        redirects: path -> location.
        refusals: path -> status and headers.
        breaks: path -> for each of the next transfers, after how many bytes the connection is closed.
        headers: path -> further headers of an answer.
        ranges: whether parts of files are given.
        seen: (method, path, Range header) of every request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.refusals: dict[str, tuple[int, dict[str, str]]] = {}
        self.breaks: dict[str, list[int]] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.ranges = True
        self.seen: list[tuple[str, str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def put_release(self, files: dict[str, bytes], *, digests: bool = True) -> None:
        """The published release: its description, and the files behind a redirect to a store, as on GitHub."""
        assets = []
        for name, data in files.items():
            self.redirects[f"/download/{name}"] = f"/store/{name}?signature=secret"
            self.files[f"/store/{name}"] = data
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}" if digests else None
            url = f"{self.address}/download/{name}"
            assets.append({"name": name, "size": len(data), "browser_download_url": url, "digest": digest})
        self.files[RELEASE] = json.dumps({"tag_name": "weights-v0.1", "assets": assets}).encode()

    def put_model(self, repo: str, commit: str, files: dict[str, bytes], *, revisions: tuple[str, ...] = ()) -> None:
        """A model repository of the Hugging Face Hub at one commit, which is the current one, and that of revisions."""
        siblings = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
        described = {"id": repo, "sha": commit, "siblings": siblings}
        self.files[f"/api/models/{repo}"] = json.dumps(described).encode()
        for revision in (commit, *revisions):
            self.files[f"/api/models/{repo}/revision/{revision}"] = json.dumps(described).encode()
        tree = [{"type": "file", "path": name, "size": len(data), "oid": "0" * 40} for name, data in files.items()]
        self.files[f"/api/models/{repo}/tree/{commit}"] = json.dumps(tree).encode()
        for name, data in files.items():
            path = f"/{repo}/resolve/{commit}/{name}"
            self.files[path] = data
            self.headers[path] = {"X-Repo-Commit": commit, "ETag": f'"{hashlib.sha256(data).hexdigest()}"'}


RELEASE = "/repos/IBM/AdaMML/releases/tags/weights-v0.1"


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server at work in a thread of its own, until the context is left."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def shelf() -> AbstractContextManager[FakeRelease]:
    return serving(FakeRelease())


class _Handler(BaseHTTPRequestHandler):
    server: FakeRelease

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, self.headers.get("Range")
        self.server.seen.append((self.command, path, asked))
        if path in self.server.refusals:
            status, headers = self.server.refusals[path]
            self._answer(status, headers, b'{"message": "refused"}')
        elif path in self.server.redirects:
            self._answer(302, {"Location": self.server.redirects[path]}, b"")
        elif path not in self.server.files:
            self._answer(404, {}, b"{}")
        else:
            self._file(path, asked)

    def _file(self, path: str, asked: str | None) -> None:
        data, headers = self.server.files[path], dict(self.server.headers.get(path, {}))
        if asked and self.server.ranges:
            begin = int(asked.removeprefix("bytes=").split("-")[0])
            if begin >= len(data):
                self._answer(416, {"Content-Range": f"bytes */{len(data)}"}, b"")
                return
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
            self._answer(206, headers, data[begin:], path)
        else:
            self._answer(200, headers, data, path)

    def _answer(self, status: int, headers: dict[str, str], body: bytes, path: str = "") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        breaks = self.server.breaks.get(path)
        self.wfile.write(body[: breaks.pop(0)] if breaks else body)
