"""Open clips, kept while their visitors play with them: bounded in number, in memory and in time.

A visit is one clip in one browser tab, known by a random key that only that tab has. When a visit has been dropped to
make room, asking for it opens the clip again: what was computed is computed anew, and nobody sees more than a delay.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import adamml

MAX_OPEN = 24
MAX_BYTES = 400_000_000
KEEP_SECONDS = 2700.0  # uploads are deleted an hour after they came in
_SOUND_BYTES_PER_SECOND = 96_000  # mono float32 at 24 kHz, kept decoded
_SEGMENT_BYTES = 40_000  # glimpses and logits


@dataclass(frozen=True, kw_only=True)
class SessionKey:
    """Enough to find a visit, or to open its clip again."""

    path: str
    segments: int
    profile: str
    model: str | None = None  # its name; None is the default
    start: float | None = None  # of the part that is used, in seconds of the file; None is all of it
    end: float | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(12))


@dataclass(kw_only=True)
class _Visit:
    path: str
    session: adamml.ClipSession
    model: str | None
    used: float
    busy: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size(self) -> float:
        clip = self.session.clip
        return clip.has_audio * clip.duration * _SOUND_BYTES_PER_SECOND + len(self.session.spans) * _SEGMENT_BYTES


class SessionStore:
    """All open clips of this process.

    Args:
        open_clip: opens a key's clip; raises ClipError when it cannot be used (any more).
    """

    def __init__(self, open_clip: Callable[[SessionKey], adamml.ClipSession]) -> None:
        self._open_clip = open_clip
        self._visits: dict[str, _Visit] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._visits)

    @contextmanager
    def session(self, key: SessionKey) -> Iterator[adamml.ClipSession]:
        """The visit's session, for one thread at a time; frames are forgotten on the way out."""
        visit = self._find(key)
        with visit.busy, visit.session as session:
            yield session
            visit.used = time.monotonic()

    def forget_clip(self, path: str) -> None:
        """Drop every visit to a clip that is no longer there."""
        with self._lock:
            self._visits = {token: visit for token, visit in self._visits.items() if visit.path != path}

    def _find(self, key: SessionKey) -> _Visit:
        with self._lock:
            visit = self._visits.get(key.token)
        if visit is None:
            visit = _Visit(path=key.path, session=self._open_clip(key), model=key.model, used=time.monotonic())
        with self._lock:
            visit = self._visits.setdefault(key.token, visit)
            visit.used = time.monotonic()
            self._make_room(keep=key.token)
        return visit

    def forget_model(self, model: str) -> None:
        """Close the clips of a model that leaves the memory; one that is busy goes when it is done."""
        with self._lock:
            for token in [token for token, visit in self._visits.items() if visit.model == model]:
                del self._visits[token]

    def _make_room(self, keep: str) -> None:
        now = time.monotonic()
        for token in sorted(self._visits, key=lambda token: self._visits[token].used):
            total = sum(visit.size for visit in self._visits.values())
            late = now - self._visits[token].used > KEEP_SECONDS
            if token != keep and (late or len(self._visits) > MAX_OPEN or total > MAX_BYTES):
                del self._visits[token]
