"""What a visitor brought is gone afterwards: files are deleted when the last tab that holds them is closed.

Gradio keeps uploads by their content, so that two visitors with the same clip share one file; hence "the last tab".
What no closing tab deletes (a visitor by API has none) goes an hour later with Gradio's own `delete_cache`.
"""

import shutil
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

_BROKEN_OFF_S = 600.0  # of an upload that has not grown for so long nothing more will come


class Uploads:
    """Which tab holds which files. Tabs are known by their session's hash."""

    def __init__(self) -> None:
        self.listed: set[str] = set()  # by Gradio, which forgets nothing that others delete
        self._held: dict[str, set[Path]] = defaultdict(set)
        self._made: dict[Path, set[Path]] = defaultdict(set)
        self._lock = threading.Lock()

    def hold(self, tab: str, path: Path) -> None:
        """A tab has this upload; files of other folders are not ours to delete."""
        if path.resolve().is_relative_to(Path(get_upload_folder()).resolve()):
            with self._lock:
                self._held[tab].add(path)

    def made(self, upload: Path, folder: Path) -> None:
        """Something was made from an upload, in a folder of its own: it goes with it."""
        with self._lock:
            self._made[upload].add(folder)

    def let_go(self, tab: str, path: Path) -> None:
        """A tab is done with one upload."""
        with self._lock:
            held = self._held.get(tab, set())
            mine, others = path in held, any(path in files for other, files in self._held.items() if other != tab)
            held.discard(path)
            if not held:
                self._held.pop(tab, None)
        if mine and not others:
            self._delete(path)

    def leave(self, tab: str) -> list[Path]:
        """The tab is closed. Returns what was deleted."""
        with self._lock:
            others = set().union(*(files for other, files in self._held.items() if other != tab))
            gone = sorted(self._held.pop(tab, set()) - others)
            folders = [folder for path in gone for folder in self._made.pop(path, set())]
        for path in gone:
            self._delete(path)
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        return gone

    def sweep(self) -> None:
        """Delete what uploads that broke off have left: only a whole one gets a folder."""
        late = time.time() - _BROKEN_OFF_S
        for path in Path(get_upload_folder()).glob("tmp*"):
            with suppress(OSError):
                if path.is_file() and path.stat().st_mtime < late:
                    path.unlink()

    def _delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.listed.discard(str(path))
        if path.parent != Path(get_upload_folder()):
            with suppress(OSError):  # it holds another file
                path.parent.rmdir()


UPLOADS = Uploads()


def connect(page: gr.Blocks, chosen: gr.File) -> None:
    """Remember what each tab chose, and delete it when the tab is closed."""

    def hold(path: str | None, request: gr.Request) -> None:
        if path and request.session_hash:
            UPLOADS.hold(request.session_hash, Path(path))

    def leave(request: gr.Request) -> None:
        if request.session_hash:
            forget(request.session_hash)

    UPLOADS.listed = page.upload_file_set
    chosen.change(hold, chosen, queue=False, api_visibility="private", show_progress="hidden")
    page.unload(leave)


def forget(tab: str) -> None:
    """Delete what a tab brought, on disk and in memory."""
    from app.service import sessions

    for path in UPLOADS.leave(tab):
        sessions.forget_clip(str(path))
    UPLOADS.sweep()
