"""How far a call of the API is: told to Gradio, whose queue tells the caller, and to whoever called past that queue."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import gradio as gr

Listener = Callable[[float, str], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """What is told by calls made in here; from the thread of the event loop."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def tell(progress: gr.Progress, share: float, message: str) -> None:
    """So much of the call is done, 0 to 1, and this is what is going on."""
    progress(share, desc=message)
    if (listener := _listener.get()) is not None:
        listener(share, message)
