"""What the live panel shows: the switch with its errors, and after every piece the answer, the lane and what was saved.

The panel's script, `live.js`, reads the data attributes: which run an answer belongs to, the seconds of a piece once
the server is ready for them, the number of the newest piece answered, and what is worth being read aloud.
"""

from dataclasses import dataclass
from itertools import pairwise

import adamml
from adamml.results.timeline import state
from app import icons, words
from app.words import esc

PANEL = """<div class="live-head"><h2>Live</h2>
<button type="button" class="small-button" data-live-close>Close</button></div>
<div class="live-on" hidden><video muted autoplay playsinline aria-label="Camera"></video>
<p><b>Camera and microphone are on.</b> Pieces of about a second leave this browser; the server deletes each once it is
answered. <button type="button" class="small-button is-primary" data-live-stop>Stop</button></p></div>
<p class="live-off" role="alert" hidden></p>
<button type="button" class="small-button" data-live-start hidden>Start again</button>
<p class="visually-hidden" role="status"></p>"""

SLOW = 0.75  # share of pieces that is answered, below which the server cannot keep up
SOME = 4  # pieces from which on that can be told
_DONE = {"used": "run", "skipped": "skipped", "missing": "none there"}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the server knows of a session.

    Attributes:
        numbers: of the window's segments among all pieces that were recorded.
        kind: what the model's classes are, see `words.noun`.
    """

    step: adamml.LiveStep
    numbers: tuple[int, ...]
    kind: str

    @property
    def recorded(self) -> int:
        return self.numbers[-1] + 1


def ready(run: int, seconds: float) -> str:
    """The server waits for pieces that last so long."""
    return _now(run, f' data-seconds="{seconds:.3f}"', '<p class="live-wait">Waiting for the first piece …</p>')


def waiting(run: int, seen: Seen | None, message: str) -> str:
    """Something has to be waited for; what was seen before stays."""
    return _now(run, "", f"{'' if seen is None else _seen(seen)}<p class='live-wait'>{esc(message)}</p>")


def ended(run: int, reason: str) -> str:
    """The server ends it; the script switches the camera off and says why."""
    return _now(run, f' data-ended="{esc(reason)}"', "")


def drawn(run: int, seen: Seen) -> str:
    """After a piece."""
    step = seen.step
    said = ", ".join(_headline(seen)) if step.label else ""
    about = f' data-number="{seen.numbers[-1]}" data-label="{esc(step.label or "")}" data-say="{esc(said)}"'
    return _now(run, about, _seen(seen))


def _now(run: int, about: str, html: str) -> str:
    return f'<div class="live-now" data-run="{run}"{about}>{html}</div>'


def _headline(seen: Seen) -> tuple[str, str]:
    step = seen.step
    if step.label is None or step.scores is None:
        return "No answer yet", "the policy has picked nothing here"
    return words.headline(step.label, step.scores[step.label], step.known, seen.kind)


def _seen(seen: Seen) -> str:
    step = seen.step
    name, sure = _headline(seen)
    over = words.count(len(step.segments), "segment")
    heard = words.heard(step.heard, 4)
    sounds = f'<p class="live-heard">{icons.SPEAKER} <b>Heard</b> {esc(heard)}</p>' if heard else ""
    return (
        f'<p class="live-answer"><b>{esc(name)}</b> <span>{esc(sure)}</span> <small>over the last {over}</small></p>'
        f'{_lane(seen)}{sounds}<ul class="live-facts"><li>{_saved(step)}</li><li>{_kept_up(seen)}</li>'
        "<li>Behind real time: <b data-behind>…</b></li></ul>"
    )


def _lane(seen: Seen) -> str:
    """What ran in each segment of the window, oldest to newest, and where pieces were passed over before one."""
    segments, numbers = seen.step.segments, seen.numbers
    passed = [0, *(b - a - 1 for a, b in pairwise(numbers))]
    rows = []
    for modality, noun in words.NOUN.items():
        cells = []
        for segment, gap in zip(segments, passed, strict=True):
            what = state(segment, modality)
            icon = {"used": icons.ON[modality], "skipped": icons.OFF[modality]}.get(what, "")
            title = f"{noun.capitalize()}, {words.seconds(segment.start)} s: {_DONE[what]}"
            if gap:
                cells.append(f'<i class="live-gap" title="{words.count(gap, "piece")} passed over"></i>')
            cells.append(f'<span class="lane-cell lane-{modality} is-{what}" title="{title}">{icon}</span>')
        used = sum(segment.decisions[modality] for segment in segments)
        told = f"{noun.capitalize()}: run in {used} of the last {words.count(len(segments), 'segment')}"
        rows.append(
            f'<div class="live-row"><span aria-hidden="true">{noun.capitalize()}</span>'
            f'<div class="live-cells" role="img" aria-label="{told}">{"".join(cells)}</div></div>'
        )
    return f'<div class="live-lane">{"".join(rows)}</div>'


def _saved(step: adamml.LiveStep) -> str:
    own = f"{words.billions(step.macs.total)} billion MACs so far"
    if step.saving is None:
        return own
    amount = words.compared(step.saving)
    kind = "gain" if step.saving > 0 else "loss"
    than = "than" if amount.endswith(("less", "more")) else "as"
    return f'<b class="{kind}">{amount}</b> compute {than} looking at every segment ({own})'


def _kept_up(seen: Seen) -> str:
    answered, recorded = seen.step.answered, seen.recorded
    passed = recorded - answered
    told = f"{words.count(answered, 'piece')} answered, {passed} passed over"
    if recorded >= SOME and answered < SLOW * recorded:
        return f'<b class="loss">The server cannot keep up</b>: {told}'
    return told
