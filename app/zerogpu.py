"""GPU time on a ZeroGPU Space, where a GPU is lent for the length of one call; no effect anywhere else.

The package `spaces` is there on such a Space and nowhere else. It has to be imported before torch touches a GPU, so
import this module early.
"""

from collections.abc import Callable
from typing import Any, TypeVar

try:
    import spaces  # type: ignore[import-not-found]
except ImportError:
    spaces = None

Work = TypeVar("Work", bound=Callable[..., Any])


def on_gpu(seconds: int = 60) -> Callable[[Work], Work]:
    """Decorator: run a function or generator with a GPU lent for up to `seconds`, where GPUs are lent."""

    def decorate(work: Work) -> Work:
        return work if spaces is None else spaces.GPU(duration=seconds)(work)

    return decorate
