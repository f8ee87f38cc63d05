"""What was computed about a clip, with the seconds that it took.

A memory belongs to a session. It keeps small results (logits, features, glimpses) for good and large ones (frames)
only while their stretch of the clip is being worked on.
"""

import ctypes
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from adamml.engine import Engine
from adamml.media import Clip

Key = tuple[str, int]  # what, segment
LARGE = ("frames", "spectrogram")


def malloc_trim() -> None:
    """Give memory that is free back to the system, where the C library can be told to (glibc).

    Small results that stay lie between large ones that go, and would keep 6 MB from the system for every minute of a
    long clip. It takes 9 ms, and what is handed back has to be fetched again: not for short clips.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


class FeatureCache:
    """Computes and remembers. Every entry keeps the seconds that it took when it was first computed."""

    def __init__(self, clip: Clip, engine: Engine) -> None:
        self.clip, self.engine = clip, engine
        self.seconds: dict[Key, float] = {}
        self._values: dict[Key, Any] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._values

    def __getitem__(self, key: Key) -> Any:
        return self._values[key]

    def compute(self, key: Key, work: Callable[[], Any]) -> Any:
        """The remembered value, or the result of `work`, timed."""
        if key not in self._values:
            began = time.perf_counter()
            with torch.inference_mode():
                value = work()
            self.put(key, value, time.perf_counter() - began)
        return self._values[key]

    def put(self, key: Key, value: Any, seconds: float) -> None:
        self._values[key] = value
        self.seconds.setdefault(key, seconds)

    def drop_large(self) -> None:
        """Forget frames and spectrograms; what was concluded from them is small and is kept."""
        for key in [key for key in self._values if key[0] in LARGE]:
            del self._values[key]
