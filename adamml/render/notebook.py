"""An analysis as a piece of HTML, for notebooks: the answer, the timeline, and the same as a table.

It stands by itself: no scripts, no style sheet, nothing fetched, every name escaped. The ground is the page's own and
the text takes its color; the few colors used read on white and on black. State is told by frame and word as well:
a solid cell was used, a dashed one skipped, a dotted one is missing. Imports nothing but results and words.
"""

from html import escape

from adamml.inputs import MODALITIES
from adamml.results import wording
from adamml.results.analysis import Analysis, SegmentResult
from adamml.results.timeline import MISSING, SKIPPED, USED, Lanes, lay_out, state

_INK = {"rgb": "#3b7fc4", "audio": "#d9772b"}
_EDGE = {USED: "solid", SKIPPED: "dashed", MISSING: "dotted"}
_GREY = "rgba(128,128,128,.55)"
_MOST_ROWS = 60
_GUESSES = 5
_EACH = "<span style='opacity:.75'>(scores from 0 to 1, each sound by itself)</span>"
_ROWS_SHOWN = 12  # a longer table is folded away


def as_html(analysis: Analysis) -> str:
    """The whole piece. What a stranger named (file, classes, notes) is escaped."""
    lanes = lay_out(analysis)
    clip = analysis.clip
    is_open = " open" if len(analysis.segments) <= _ROWS_SHOWN else ""
    notes = "".join(f"<p style='margin:.4em 0'>{_esc(note)}</p>" for note in analysis.notes)
    kind = wording.noun(analysis.classes)
    answer, sure = wording.headline(analysis.label, analysis.scores[analysis.label], analysis.known, kind)
    guesses = ", ".join(
        f"{wording.label(name)} {wording.percent(score)}" for name, score in analysis.ranked(_GUESSES)[1:]
    )
    heard = f"<p style='margin:0'>Heard: {_esc(wording.heard(analysis.heard))} {_EACH}</p>" if analysis.heard else ""
    return (
        "<div style='font:14px/1.45 system-ui,sans-serif;max-width:60em'>"
        f"<p style='margin:0'><b style='font-size:1.5em'>{_esc(answer)}</b> {_esc(sure)}</p>"
        f"<p style='margin:0'>Then: {_esc(guesses)}</p>{heard}"
        f"<p style='margin:0 0 .6em;opacity:.75'>{_esc(clip.name)}, {wording.seconds(clip.duration)} s · policy "
        f"{_esc(wording.policy(analysis.policy))} · model {_esc(analysis.model)} {_esc(analysis.version)} · "
        f"{_esc(wording.saving(analysis))} (1 MAC = 2 FLOPs) · measured {analysis.seconds.total:.1f} s</p>"
        f"{''.join(_lane(lanes, modality) for modality in MODALITIES)}{_axis(lanes)}"
        "<p style='margin:.2em 0 .6em;font-size:.85em;opacity:.75'>solid: used · dashed with a slash: skipped · "
        f"dotted: not in the clip</p>{notes}<details{is_open}><summary>Segment by segment</summary>"
        f"{_table(analysis)}</details></div>"
    )


def _lane(lanes: Lanes, modality: str) -> str:
    name = wording.NOUN[modality].capitalize()
    cells = "".join(_cell(cell.segment, modality, cell.left, cell.right) for cell in lanes.cells)
    return (
        f"<div style='display:flex;align-items:center;margin:3px 0'><span style='width:5em'>{name}</span>"
        f"<div style='position:relative;flex:1;height:26px;background:rgba(128,128,128,.1)'>{cells}</div></div>"
    )


def _cell(segment: SegmentResult, modality: str, left: float, right: float) -> str:
    kind = state(segment, modality)
    fill = _INK[modality] if kind == USED else "transparent"
    edge = _INK[modality] if kind == USED else _GREY
    slash = (
        f"background:linear-gradient(to top right,transparent 48%,{_GREY} 48% 52%,transparent 52%)"
        if kind == SKIPPED
        else f"background:{fill}"
    )
    title = f"segment {segment.index + 1}, {wording.NOUN[modality]} {kind}: {wording.answer(segment)}"
    place = f"position:absolute;box-sizing:border-box;top:1px;bottom:1px;left:{100 * left:.2f}%"
    return (
        f"<span title='{_esc(title)}' style='{place};width:calc({100 * (right - left):.2f}% - 2px);{slash};"
        f"border:1.5px {_EDGE[kind]} {edge}'></span>"
    )


def _axis(lanes: Lanes) -> str:
    marks = "".join(
        f"<span style='position:absolute;left:{100 * tick / lanes.duration:.2f}%'>{wording.seconds(tick)}</span>"
        for tick in lanes.ticks
    )
    return (
        "<div style='display:flex;font-size:.8em;opacity:.75'><span style='width:6.25em'>seconds</span>"
        f"<div style='position:relative;flex:1;height:1.6em'>{marks}</div></div>"
    )


def _table(analysis: Analysis) -> str:
    names = ("segment", "from", "to", "picture", "sound", "answer", *(("heard",) if analysis.heard else ()))
    head = "".join(f"<th scope='col' style='text-align:left;padding:0 1em 0 0'>{name}</th>" for name in names)
    rows = "".join(_row(segment, named=bool(analysis.heard)) for segment in analysis.segments[:_MOST_ROWS])
    left_out = len(analysis.segments) - _MOST_ROWS
    more = f"<p>{left_out} more segments are in the result.</p>" if left_out > 0 else ""
    return f"<table style='border-collapse:collapse;font:inherit;color:inherit'><tr>{head}</tr>{rows}</table>{more}"


def _row(segment: SegmentResult, *, named: bool) -> str:
    cells = [f"{wording.seconds(segment.start)} s", f"{wording.seconds(segment.end)} s"]
    for modality in MODALITIES:
        probability = segment.probabilities[modality]
        wanted = "" if probability is None else f" ({wording.percent(probability)})"
        cells.append(f"{state(segment, modality)}{wanted}")
    cells.append(wording.answer(segment))
    if named:
        cells.append(wording.heard(segment.heard, 2))
    row = "".join(f"<td style='text-align:left;padding:0 1em 0 0'>{_esc(cell)}</td>" for cell in cells)
    return f"<tr><th scope='row' style='text-align:left'>{segment.index + 1}</th>{row}</tr>"


def _esc(text: object) -> str:
    return escape(str(text), quote=True)
