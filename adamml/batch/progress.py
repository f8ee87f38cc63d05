"""How far an archive is: clips per second, seconds of video per second, and the time left."""

import sys
import time
from typing import TextIO

from adamml.batch.tables import Outcome

LINE_SECONDS = 30.0  # between lines in a log; a terminal's one line is renewed every second


class Progress:
    """One line on a terminal, or now and then a line in a log.

    Args:
        total: clips of the archive.
        before: of them, how many were done when the run began.
        stream: to write to; None writes nothing.
    """

    def __init__(self, total: int, before: int, stream: TextIO | None = sys.stderr) -> None:
        self.total, self.before, self.stream = total, before, stream
        self.clips = self.failed = 0
        self.video_seconds = 0.0
        self._began = self._shown = time.monotonic()
        self._first = self._began  # outcome; until it comes the workers load, which says nothing of what is to come
        self._terminal = stream is not None and stream.isatty()

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def add(self, outcome: Outcome) -> None:
        """Count an outcome, and show how things are when it is time."""
        now = time.monotonic()
        if not self.clips:
            self._first = self._shown = now
        self.clips += 1
        self.failed += not outcome.ok
        self.video_seconds += outcome.row.get("duration") or 0.0
        if self.stream is not None and now - self._shown >= (1.0 if self._terminal else LINE_SECONDS):
            self._shown = now
            print(f"\r\x1b[K{self}" if self._terminal else self, end="" if self._terminal else "\n", file=self.stream)
            self.stream.flush()

    def end(self) -> None:
        """Leave a terminal's line."""
        if self.stream is not None and self._terminal:
            print("\r\x1b[K", end="", file=self.stream, flush=True)

    def __str__(self) -> str:
        rate = max(self.clips - 1, 1) / max(time.monotonic() - self._first, 1e-9)
        left = self.total - self.before - self.clips
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"{self.before + self.clips} of {self.total} clips{failed}, {rate:.2f} clips/s, "
            f"{rate * self.video_seconds / max(self.clips, 1):.1f} s of video per s, "
            f"{format_duration(left / rate)} left"
        )


def format_duration(seconds: float) -> str:
    """A stretch of time in the unit that fits."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
