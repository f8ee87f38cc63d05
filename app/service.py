"""From the form to a result: checking, running, reporting. Talks to the recognizer; `play` does so after the result.

Nothing here is shared between visitors except the recognizers, which are loaded once, and the bounded store of open
clips, of which each visitor can reach only their own.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import adamml
from adamml.results.policy_spec import spec_of
from app import icons, status_line, words
from app.budget import known_points
from app.error_log import failed
from app.geometry import DENSE
from app.models import Models
from app.session_store import SessionKey, SessionStore
from app.timeline_model import Progress, TimelineModel
from app.view_state import ViewState

NO_MODEL = "The model is not available on this server, so nothing can be analyzed just now."
OWN_THRESHOLD = 0.5  # from which probability on a learned policy runs a cell by itself: the arg max
LONGEST_SECONDS = 600  # the decoded sound of a clip stays in memory: 58 MB for ten minutes
_REDRAW_SECONDS = 0.3
_END_SLACK_S = 0.1  # browsers and files do not quite agree on where a clip ends
_log = logging.getLogger(__name__)
_profile = os.environ.get("ADAMML_PROFILE", "public")


def use_profile(name: str) -> None:
    """Choose the limits before the page is built: "public" or "local"."""
    global _profile
    if name not in adamml.PROFILES:
        raise ValueError(f"profile must be one of {', '.join(adamml.PROFILES)}, got {name!r}")
    _profile = name


def profile() -> str:
    """The limits in force."""
    return _profile


models = Models(
    os.environ.get("ADAMML_MODEL") or adamml.DEFAULT_MODEL, dropped=lambda name: sessions.forget_model(name)
)
sessions: SessionStore = SessionStore(
    lambda key: open_clip(key.path, key.segments, key.model, key.profile, key.start, key.end)
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Seconds of a file."""

    start: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A clip that a visitor chose: a file, or a part of one that is too long to be analyzed whole."""

    path: str
    part: Part | None = None


def policies(model: str | None = None) -> dict[str, str]:
    """What a model can run: name -> what it does."""
    about = models.card(model)
    return {name: text for name, text in adamml.POLICIES.items() if about is None or about.can_run(name)}


def names() -> list[str]:
    """What the models of this page are called."""
    return [card.name for card in models.cards().values()]


def runs(policy: str, model: str | None = None) -> bool:
    """Whether a model can run a policy, named with or without a number (`adamml@0.30`, `even-3`)."""
    try:
        adamml.get_policy(policy)
    except ValueError:
        return False
    about = models.card(model)
    return about is None or about.can_run(policy)


def with_threshold(policy: str, threshold: float) -> str:
    """A learned policy with a threshold other than its own (`adamml@0.30`); any other policy as it is."""
    if spec_of(policy).number != "threshold" or threshold == OWN_THRESHOLD:
        return policy
    return f"{policy}@{threshold:.2f}"


def load_in_background(model: str | None = None) -> None:
    """So that the page opens at once, and nobody who chooses a model waits for it longer than need be."""

    def load() -> None:
        try:
            models.recognizer(model)
        except Exception:
            _log.exception("the model could not be loaded")

    threading.Thread(target=load, name="load-model", daemon=True).start()


def limits() -> str:
    """The limits in words, from where they are kept."""
    settings = adamml.PROFILES[_profile]
    length = longest()
    time_words = f"{length / 60:.0f} minutes" if length >= 120 else f"{length:.0f} seconds"
    size = settings.max_bytes / 10**6
    return f"up to {time_words} and {f'{size / 1000:.0f} GB' if size >= 1000 else f'{size:.0f} MB'}"


def longest() -> float:
    """Seconds that are analyzed at once."""
    return min(adamml.PROFILES[_profile].max_seconds, LONGEST_SECONDS)


def max_segments() -> int:
    """As many as one drawing still shows."""
    return min(120, adamml.PROFILES[_profile].max_segments)


def check(path: str, part: Part | None = None) -> adamml.ClipFacts:
    """What a clip is; of a part, what the whole file is.

    Raises:
        ClipError: when it cannot be used here.
    """
    if part is None:
        return _short_enough(adamml.check_clip(path, profile=_profile))
    whole = adamml.check_clip(path, profile=_profile, for_part=True)
    if (
        not 0 <= part.start < part.end <= whole.duration + _END_SLACK_S
        or part.end - part.start > longest() + _END_SLACK_S
    ):
        raise adamml.ClipError(
            f"{whole.name!r} lasts {words.seconds(whole.duration)} s, and up to {longest():.0f} s of it can be "
            "analyzed at once: there is no such part."
        )
    return whole


def too_long(path: str) -> adamml.ClipFacts | None:
    """What a clip is whose only fault is its length, so that a part of it can be analyzed; None for any other."""
    try:
        whole = adamml.check_clip(path, profile=_profile, for_part=True)
    except adamml.ClipError:
        return None
    return whole if whole.duration > longest() else None


def open_clip(
    path: str,
    segments: int,
    model: str | None = None,
    profile_name: str | None = None,
    start: float | None = None,
    end: float | None = None,
) -> adamml.ClipSession:
    """Open a clip. There is no other way to one, so that what `check` refuses is refused whoever asks, and however.

    Raises:
        ClipError: when it cannot be used here.
        CheckpointError: when the model cannot be loaded.
    """
    with ExitStack() as closing:
        session = closing.enter_context(
            models.recognizer(model).open(
                path, segments=segments, profile=profile_name or _profile, start=start, end=end
            )
        )
        _short_enough(session.clip)
        closing.pop_all()
    return session


def _short_enough(clip: adamml.ClipFacts) -> adamml.ClipFacts:
    if clip.duration > LONGEST_SECONDS:
        raise adamml.ClipError(
            f"{clip.name!r} lasts {clip.duration / 60:.0f} minutes; this page takes up to "
            f"{LONGEST_SECONDS // 60}. The command line (adamml analyze) takes longer ones."
        )
    return clip


def look_over(path: str | None, part: Part | None = None) -> tuple[bool, str]:
    """As soon as a clip is chosen: whether it can be used, and a status line that says what it is or why not."""
    if not path:
        return False, ""
    try:
        clip = check(path, part)
    except adamml.ClipError as error:
        return False, status_line.problem(str(error))
    except Exception as error:
        return False, status_line.problem(failed("looking a clip over", error))
    has = words.listing([noun for noun, there in (("picture", clip.has_video), ("sound", clip.has_audio)) if there])
    return True, status_line.line("is-ready", f"{icons.CHECK} {words.seconds(clip.duration)} s with {has}.")


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a step of an analysis changed: the status line always, the rest where it is not None."""

    status: str
    view: TimelineModel | None = None
    board: adamml.Storyboard | None = None
    shown: ViewState | None = None
    begun: "Begun | None" = None
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An analysis on its way: where to go on after Cancel; how many segments it has chosen for, and has answered."""

    key: SessionKey
    policy: str
    chosen: int
    done: int
    total: int


def segments_for(path: str, segments: float, spacing: float, part: Part | None = None) -> int:
    """How many segments a clip gets: as asked, or one every `spacing` seconds, within what a drawing shows."""
    if not spacing:
        return int(segments)
    duration = check(path).duration if part is None else part.end - part.start
    return min(max(1, math.ceil(duration / spacing)), max_segments())


def steps(
    path: str | None,
    policy: str,
    segments: float,
    spacing: float = 0,
    model: str | None = None,
    begun: Begun | None = None,
    part: Part | None = None,
) -> Generator[Step, None, None]:
    """Analyze a clip, or a part of it: pictures and sound first, then decisions, then scores. Close to cancel.

    What an analysis of the same clip had computed when it was cancelled (`begun`) is remembered and not run again.
    """
    if not path:
        yield Step(status=status_line.problem("Choose a clip first."), failed=True)
        return
    try:
        yield Step(status=status_line.progress(0.0, "Looking the file over"))
        adamml.get_policy(policy)
        key = SessionKey(
            path=path,
            segments=segments_for(path, segments, spacing, part),
            profile=_profile,
            model=models.name(model),
            start=None if part is None else part.start,
            end=None if part is None else part.end,
        )
        if begun is not None and replace(begun.key, token=key.token) == key:
            key = begun.key
        with sessions.session(key) as session:
            yield from _run(session, key, policy)
    except adamml.ClipError as error:
        yield Step(status=status_line.problem(str(error)), failed=True)
    except adamml.CheckpointError:
        _log.exception("the model could not be loaded")
        yield Step(status=status_line.problem(NO_MODEL), failed=True)
    except Exception as error:
        yield Step(status=status_line.problem(failed("an analysis", error)), failed=True)


def _run(session: adamml.ClipSession, key: SessionKey, policy: str) -> Generator[Step, None, None]:
    growing, drawn, began, board = Progress(key.start or 0.0), 0.0, 0.0, None
    for event in session.run(policy):
        growing.take(event)
        if isinstance(event, adamml.Probed):
            start = Begun(key=key, policy=policy, chosen=0, done=0, total=len(event.spans))
            yield Step(status=status_line.progress(0.0, "Drawing picture and sound"), view=growing.view, begun=start)
            board = session.storyboard()
            growing.heard(board.waveform)
            began = time.monotonic()
            yield Step(status=status_line.progress(0.02, "Deciding"), view=growing.view, board=board)
        elif isinstance(event, adamml.Finished):
            assert board is not None, "a run begins with what the file is"
            shown = ViewState(key=key, base=event.analysis, current=event.analysis, board=board)
            if len(shown.base.segments) <= DENSE:
                shown = known_points(session, shown)
            yield Step(status=status_line.line("is-done", f"{icons.CHECK} Done."), shown=shown)
        elif time.monotonic() - drawn > _REDRAW_SECONDS:
            drawn = time.monotonic()
            message = event.message + status_line.left(event.progress, drawn - began)
            assert growing.view is not None, "a run begins with what the file is"
            rows = growing.view.rows
            chosen = sum(row.cells["rgb"].state != "waiting" for row in rows)
            done = sum(row.label is not None for row in rows)
            now = Begun(key=key, policy=policy, chosen=chosen, done=done, total=len(rows))
            yield Step(status=status_line.progress(event.progress, message), view=growing.view, begun=now)
