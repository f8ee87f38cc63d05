"""Whether a tab has moved on to another clip or model, so that an answer that comes late is not shown with it.

What was begun for the clip of before cannot always be called back: a browser can cancel only what has been answered at
least once, and a thread runs to its end. So whatever takes its time notes how often its tab has moved when it begins,
and says nothing more when that has changed.
"""

import threading
from collections import OrderedDict

import gradio as gr

MOST = 10_000  # tabs remembered; one that is forgotten counts as one that never moved


class Moves:
    """How often each tab has moved on, by its session's hash."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._count = most, 0
        self._last: OrderedDict[str, tuple[int, str | None]] = OrderedDict()
        self._lock = threading.Lock()

    def move(self, request: gr.Request, clip: str | None = None) -> None:
        """The tab has another clip, or another model, from now on.

        Args:
            clip: which, where it is one. The same one again is no move: a clip that was fetched is announced twice.
        """
        if not request.session_hash:
            return
        with self._lock:
            if clip is not None and self._last.get(request.session_hash, (0, None))[1] == clip:
                return
            self._count += 1
            self._last[request.session_hash] = self._count, clip
            self._last.move_to_end(request.session_hash)
            if len(self._last) > self._most:
                self._last.popitem(last=False)

    def last(self, request: gr.Request) -> int:
        """A number that stays until the tab moves again."""
        with self._lock:
            return self._last.get(request.session_hash or "", (0, None))[0]


MOVES = Moves()
