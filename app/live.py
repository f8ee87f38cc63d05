"""Live: a visitor's camera and microphone, answered piece by piece while they have it on.

The page uploads short pieces (see `live.js`), and each waits for its turn in the line of all analyses. One piece of a
tab waits at a time, the newest: those before it are passed over, so that neither memory nor delay can grow. A piece is
deleted as soon as it is answered or passed over, and with the last one nothing of the session is left.
"""

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

import adamml
from app import arriving, live_panel, service, status_line, words
from app.cancellation import served
from app.error_log import failed
from app.fair_queue import ANALYSES, MANY, BusyError
from app.live_panel import Seen
from app.uploads import UPLOADS

MOST = 16  # tabs that are live at a time
PATIENCE_S = 15.0  # a camera that sends nothing for so long is off
UNREADABLE = 3  # pieces in a row: the next ones will not be better
_FULL = f"{MOST} visitors are live already. Please try again in a minute."
_UNREAD = "A piece could not be read, so it was passed over."
_STILL = f"Nothing has arrived from your camera for {PATIENCE_S:.0f} seconds, so it was switched off."


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One upload: which one of all that were recorded, and when it began, in seconds from the first."""

    path: str
    number: int
    start: float


class Watch:
    """One tab that is live. Everything but `take` is for the event loop."""

    def __init__(self, tab: str, run: int) -> None:
        self.tab, self.run, self.ended = tab, run, False
        self._newest: Piece | None = None
        self._lock, self._stir = threading.Lock(), asyncio.Event()

    def bring(self, piece: Piece) -> None:
        """The newest piece; one that still waits is passed over."""
        UPLOADS.hold(self.tab, Path(piece.path))
        passed = piece if self.ended else self.take()
        if not self.ended:
            self._newest = piece
        if passed is not None:
            self.drop(passed)
        self._stir.set()

    def take(self) -> Piece | None:
        """The piece that waits, which then waits no more."""
        with self._lock:
            newest, self._newest = self._newest, None
            return newest

    def drop(self, piece: Piece) -> None:
        """Delete a piece."""
        UPLOADS.let_go(self.tab, Path(piece.path))

    def end(self) -> None:
        """Switched off: nothing more is answered."""
        self.ended = True
        if (piece := self.take()) is not None:
            self.drop(piece)
        self._stir.set()

    async def wait(self) -> bool:
        """Until a piece waits; False when it is switched off, or no piece comes."""
        try:
            await asyncio.wait_for(self._stir.wait(), PATIENCE_S)
        except TimeoutError:
            return False
        self._stir.clear()
        return not self.ended


class Watches:
    """All tabs that are live, by their session's hash."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._all = most, dict[str, Watch]()

    def begin(self, tab: str, run: int) -> Watch:
        """A new one; the tab's own of before ends.

        Raises:
            BusyError: when too many are live.
        """
        if tab in self._all:
            self.end(self._all[tab])
        if len(self._all) >= self._most:
            raise BusyError(_FULL)
        self._all[tab] = watch = Watch(tab, run)
        return watch

    def of(self, tab: str, run: int) -> Watch | None:
        """The tab's one, if it is this run of it."""
        watch = self._all.get(tab)
        return watch if watch is not None and watch.run == run else None

    def end(self, watch: Watch) -> None:
        watch.end()
        if self._all.get(watch.tab) is watch:
            del self._all[watch.tab]
        UPLOADS.sweep()


WATCHES = Watches()


def connect(live: gr.HTML, shown: gr.HTML, model: gr.Radio) -> None:
    """What the panel's script asks for; a session runs as long as its camera does."""
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple"}
    live.live_begin(watch, model, shown, concurrency_id="live", concurrency_limit=MANY, **quiet)
    live.live_piece(bring, queue=False, **quiet)
    live.live_end(end, queue=False, **quiet)


async def bring(data: gr.EventData, request: gr.Request) -> None:
    """A piece was uploaded. One that belongs to nothing any more is deleted at once."""
    path, tab = arriving.uploaded(data._data), request.session_hash
    if path is None or not tab:
        return
    number, start = _number(data._data, "number"), _number(data._data, "start")
    watch = WATCHES.of(tab, int(_number(data._data, "run")))
    if watch is None:
        UPLOADS.hold(tab, Path(path))
        UPLOADS.let_go(tab, Path(path))
    else:
        watch.bring(Piece(path=path, number=int(number), start=start))


async def end(data: gr.EventData, request: gr.Request) -> None:
    """The visitor has switched it off."""
    watch = WATCHES.of(request.session_hash or "", int(_number(data._data, "run")))
    if watch is not None:
        WATCHES.end(watch)


async def watch(model: str | None, data: gr.EventData, request: gr.Request) -> AsyncIterator[str]:
    """The panel after every piece, from switching on to switching off."""
    run = int(_number(data._data, "run"))
    try:
        mine = WATCHES.begin(request.session_hash or "", run)
    except BusyError as error:
        yield live_panel.ended(run, str(error))
        return
    try:
        async for html in _watched(mine, model, request):
            if mine.ended:
                return
            yield html
        if not mine.ended:
            yield live_panel.ended(run, _STILL)
    except (adamml.ClipError, BusyError) as error:
        yield live_panel.ended(run, str(error))
    except adamml.CheckpointError as error:
        failed("loading a model for a live session", error)
        yield live_panel.ended(run, service.NO_MODEL)
    except Exception as error:
        yield live_panel.ended(run, failed("a live session", error))
    finally:
        WATCHES.end(mine)


async def _watched(mine: Watch, model: str | None, request: gr.Request) -> AsyncIterator[str]:
    yield live_panel.waiting(mine.run, None, "Getting the model ready …")
    ready = await asyncio.to_thread(service.models.recognizer, model)
    session = ready.live("adamml" if "adamml" in ready.policies else "rgb", service.profile())
    kind, seen, unreadable = words.noun(ready.card.classes), None, 0
    numbers: tuple[int, ...] = ()
    yield live_panel.ready(mine.run, ready.input.seconds)
    while await mine.wait():
        async with served(ANALYSES, request, _answered(mine, session), lambda ahead: ahead) as steps:
            async for step in steps:
                if isinstance(step, int):
                    yield live_panel.waiting(mine.run, seen, status_line.waiting_words(step))
                elif isinstance(step, adamml.ClipError):
                    unreadable += 1
                    if unreadable == UNREADABLE:
                        raise step
                    yield live_panel.waiting(mine.run, seen, _UNREAD)
                else:
                    piece, answer = step
                    numbers, unreadable = (*numbers, piece.number)[-len(answer.segments) :], 0
                    seen = Seen(step=answer, numbers=numbers, kind=kind)
                    yield live_panel.drawn(mine.run, seen)


def _answered(
    mine: Watch, session: adamml.LiveSession
) -> Generator[tuple[Piece, adamml.LiveStep] | adamml.ClipError | int, None, None]:
    """The piece that is the newest now that it is this visitor's turn."""
    piece = mine.take()
    if piece is None:
        return
    try:
        found: adamml.LiveStep | adamml.ClipError = session.push(piece.path, piece.start)
    except adamml.ClipError as error:
        found = error
    finally:
        mine.drop(piece)
    yield found if isinstance(found, adamml.ClipError) else (piece, found)


def _number(data: object, name: str) -> float:
    """A number that the browser sent, as far as it makes sense."""
    value = data.get(name) if isinstance(data, dict) else None
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return min(max(float(value), 0.0), 1e9) if fits and value is not None else 0.0
