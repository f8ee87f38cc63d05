"""The status line: what is going on, what went wrong, what somebody who waits is told. As HTML, escaped."""

from typing import TYPE_CHECKING

from app import icons
from app.words import esc

if TYPE_CHECKING:
    from app.service import Begun


def left(share: float, spent: float) -> str:
    """ " · about 12 s left', once that can be told."""
    if share < 0.08 or spent < 1.5:
        return ""
    rest = spent * (1 - share) / share
    return f" · about {rest:.0f} s left" if rest >= 1.5 else " · nearly done"


def cancelled(begun: "Begun | None" = None) -> str:
    """The status line after Cancel; `is-stopped` is what shows the Continue button."""
    if begun is None:
        return line("is-ready", "Cancelled.")
    total = begun.total
    said = f"Stopped: what to run was chosen in {begun.chosen} of {total} segments, and has answered {begun.done}."
    return line("is-stopped", f"{said} Nothing that was computed is lost.")


def progress(share: float, message: str, begun: bool = True) -> str:
    """A bar and what is going on. The class `is-running` is what shows the Cancel button, see style.css.

    Args:
        begun: whether there is something to cancel already; a press before that would go by without effect.
    """
    done, kind = round(100 * min(max(share, 0.0), 1.0)), "is-running" if begun else "is-waiting"
    return (
        f'<div class="status {kind}"><progress max="100" value="{done}" aria-label="Progress">{done} %</progress>'
        f'<p role="status">{esc(message)}</p></div>'
    )


def waiting(ahead: int) -> str:
    """The status line while others come first."""
    return progress(0.0, waiting_words(ahead))


def waiting_words(ahead: int) -> str:
    """What somebody who waits is told. Their own run is nobody before them."""
    return f"Waiting for your turn: {ahead} before you" if ahead else "Waiting for what you asked for before"


def problem(message: str) -> str:
    """A message that something cannot be done, escaped."""
    return f'<div class="status is-problem" role="alert">{icons.WARN}<p>{esc(message)}</p></div>'


def line(kind: str, html: str) -> str:
    """A quiet status line."""
    return f'<div class="status {kind}"><p role="status">{html}</p></div>'
