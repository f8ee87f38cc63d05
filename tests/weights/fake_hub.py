"""A hub on the loopback interface that speaks as much of the Hugging Face protocol as uploading to it uses.

It keeps commits in memory and checks what a hub checks: the token, the namespace, and that the sha256 of a large file
is that of what was put.
"""

import base64
import hashlib
import json
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.fake_release import serving

TOKEN, OWNER = "hf_standin", "ada"
LARGE = 10_000_000  # bytes from which a file has to be stored apart


class Hub(ThreadingHTTPServer):
    """The whole state: Spaces and models by name, each a dict of path -> content; large contents by their sha256."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spaces: dict[str, dict[str, bytes]] = {}
        self.models: dict[str, dict[str, bytes]] = {}
        self.created: list[dict[str, Any]] = []
        self.large: dict[str, bytes] = {}
        self.commits: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def hub() -> AbstractContextManager[Hub]:
    return serving(Hub())


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, status: int, values: object) -> None:
        body = json.dumps(values).encode()
        self.send_response(status)
        if status >= 400 and isinstance(values, dict):
            self.send_header("X-Error-Message", values["error"])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if not self._known():
            self._answer(401, {"error": "Invalid user token."})
        elif path == "/api/whoami-v2":
            self._answer(200, {"name": OWNER, "type": "user", "orgs": []})
        elif "/tree/" in path:
            files = self._files(path)
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": git_oid(data)} for name, data in files.items()
            ]
            self._answer(200, tree)
        else:
            self._answer(404, {"error": "Repository not found"})

    def _files(self, path: str) -> dict[str, bytes]:
        """Of the repository that /api/spaces/OWNER/NAME/... or /api/models/OWNER/NAME/... is about."""
        _, _, kind, owner, name, *_ = path.split("/")
        return (self.server.spaces if kind == "spaces" else self.server.models)[f"{owner}/{name}"]

    def do_PUT(self) -> None:
        oid, body = self.path.removeprefix("/store/"), self._body()
        if hashlib.sha256(body).hexdigest() != oid:
            self._answer(400, {"error": "checksum mismatch"})
            return
        self.server.large[oid] = body
        self._answer(200, {})

    def do_POST(self) -> None:
        path, body = urlsplit(self.path).path, self._body()
        if path == "/api/validate-yaml":
            self._answer(200, {"errors": [], "warnings": []})
        elif not self._known():
            self._answer(401, {"error": "Invalid user token."})
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path.endswith("/info/lfs/objects/batch"):
            self._batch(json.loads(body)["objects"])
        elif "/preupload/" in path:
            self._answer(200, {"files": [self._mode(file) for file in json.loads(body)["files"]]})
        elif "/commit/" in path:
            self._commit(path, body)
        else:
            self._answer(404, {"error": "Repository not found"})

    def _create(self, asked: dict[str, Any]) -> None:
        owner, name = asked.get("organization") or OWNER, asked["name"]
        repo, is_space = f"{owner}/{name}", asked.get("type") == "space"
        kept, url = (self.server.spaces if is_space else self.server.models), self._url(repo, is_space)
        if owner != OWNER:
            self._answer(403, {"error": f"You don't have the rights to create a repo under the namespace {owner!r}"})
        elif repo in kept:
            self._answer(409, {"error": "You already created this repo", "url": url})
        else:
            self.server.created.append(asked)
            kept[repo] = {".gitattributes": b"*.safetensors filter=lfs\n"}
            self._answer(200, {"url": url})

    def _url(self, repo: str, is_space: bool) -> str:
        return f"{self.server.address}/{'spaces/' if is_space else ''}{repo}"

    def _mode(self, file: dict[str, Any]) -> dict[str, Any]:
        mode = "lfs" if file["size"] >= LARGE else "regular"
        return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}

    def _batch(self, objects: list[dict[str, Any]]) -> None:
        answers = []
        for thing in objects:
            answer: dict[str, Any] = {"oid": thing["oid"], "size": thing["size"]}
            if thing["oid"] not in self.server.large:
                answer["actions"] = {"upload": {"href": f"{self.server.address}/store/{thing['oid']}"}}
            answers.append(answer)
        self._answer(200, {"transfer": "basic", "objects": answers})

    def _commit(self, path: str, body: bytes) -> None:
        files = self._files(path)
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                content = base64.b64decode(value["content"])
                if len(content) >= LARGE:
                    self._answer(400, {"error": "files above 10 MB have to be stored apart"})
                    return
                files[value["path"]] = content
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
            elif entry["key"] == "deletedFile":
                del files[value["path"]]
        oid = hashlib.sha1(body).hexdigest()
        self.server.commits.append(oid)
        _, _, kind, owner, name, *_ = path.split("/")
        url = f"{self._url(f'{owner}/{name}', kind == 'spaces')}/commit/{oid}"
        self._answer(200, {"success": True, "commitOid": oid, "commitUrl": url})


def git_oid(data: bytes) -> str:
    """Git's name for a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
