"""What the log says of a failure: where in the code it was, and nothing of a visitor's clip, not even its name.

An error's own message may quote a file's name, so it stays out; a number connects the log with what the visitor saw.
"""

import logging
import secrets
import traceback

_log = logging.getLogger(__name__)
OURS = "Something went wrong on our side, not with your clip. Please try once more, or try another clip."


def failed(what: str, error: BaseException) -> str:
    """Log a failure and return what its visitor is told."""
    number = secrets.token_hex(4)
    kinds: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        kinds.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s failed (%s): %s\n%s", what, number, " after ".join(kinds), frames)
    return f"{OURS} (Report {number}.)"
