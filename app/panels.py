"""What every panel shows for one result: names of panels to values, for first drawing and for every change."""

from typing import Any

from app import budget_panel, costs, details, savings, service, summary, whatif
from app.part_chooser import another
from app.timeline import thumbnails, timeline
from app.timeline_model import TimelineModel
from app.view_state import ViewState
from app.words import esc


def draw(shown: ViewState) -> dict[str, Any]:
    """Everything that follows from a result."""
    card = service.models.card(shown.key.model)
    own = card if card is not None and card.name == shown.base.model else None
    return {
        "notes": summary.notes(shown),
        "board": thumbnails(shown.board),
        "model": details.model(own, shown.base, shown.part),
        "opened": "",
        "rivals": "",
    } | redraw(shown)


def redraw(shown: ViewState, request: int = 0, remark: str = "") -> dict[str, Any]:
    """What changes when cells are switched.

    `request` is the number of the browser's request that this answers, `remark` what there is to say about it.
    """
    runs = [shown.base] if shown.current is shown.base else [shown.current, shown.base]
    if shown.rgb is not None and shown.rgb is not shown.base:
        runs.append(shown.rgb)
    card = service.models.card(shown.key.model)
    return {
        "answer": summary.card(shown),
        "budget": budget_panel.panel(shown),
        "savings": savings.card(shown),
        "timeline": timeline(shown.view(), request),
        "whatif": whatif.what_if(shown, card.facts if card else {}, remark),
        "costs": costs.costs(shown.current, shown.base),
        "seconds": costs.seconds_table(runs, recorded=shown.recorded and shown.current is shown.base),
    }


def growing(view: TimelineModel) -> dict[str, Any]:
    """What is there while a clip is analyzed."""
    return {"answer": summary.growing(view.label, view.score), "timeline": timeline(view)}


def waiting() -> str:
    """The answer card before the first step."""
    return summary.growing(None, 0.0)


def part_banner(path: str, part: service.Part) -> str:
    """The same of a part of a file, with a way to another one."""
    clip = service.check(path, part)
    return f'<p class="banner"><b>{esc(clip.name)}.</b> {another(clip, path, part)}</p>'


def banner(title: str, text: str = "") -> str:
    """One line on what is being shown."""
    return f'<p class="banner"><b>{esc(title)}.</b> {esc(text)}</p>'
