"""The timeline as HTML, to scale: brackets, picture, sound, the answer of each segment, and their scores over time.

One button per segment spans all lanes. `timeline.js` makes it an instrument (playhead, seeking, switching, opening),
`timeline.css` draws it, and the same content stands in a table for screen readers. Thumbnails come as style variables
(`thumbnails`), sent once per clip, so that redrawing stays light.
"""

import base64
import math
from collections.abc import Sequence
from itertools import groupby

from adamml import Storyboard
from adamml.inputs import MODALITIES
from adamml.results import wording
from adamml.results.chapters import SegmentAnswer, chapters
from app import charts, icons, words
from app.charts import chart
from app.geometry import DENSE, Layout, Place, lay_out, least_pitch, waveform
from app.timeline_model import Cell, Row, TimelineModel
from app.words import esc, percent, seconds

_LANES = (("pic", icons.EYE, "Picture"), ("snd", icons.SPEAKER, "Sound"), ("ans", "", "Answer"))
_MANY, _LONG_S = 20, 60  # from so many segments or seconds on, a clip can have chapters
_WORD_PX = 48  # the shortest stretch of segments that is named
_KEYS = "Arrow keys, Home and End move along and seek. Enter opens a segment, P and S switch its picture and sound."


def timeline(view: TimelineModel, request: int = 0) -> str:
    """The whole component as HTML. `request` is the number of the browser's request that it answers, 0 for none."""
    rows, spans = view.rows, [(row.start, row.end) for row in view.rows]
    labels = [words.label(row.label) for row in rows if row.label is not None]
    layout = lay_out(spans, max(view.clip.duration, spans[-1][1]), least_pitch(labels, len(rows)))
    dense = len(rows) > DENSE
    buttons = "".join(_button(row, place, view, dense=dense) for row, place in zip(rows, layout.places, strict=True))
    kinds = "tl" + (" is-dense" if dense else "") + (" is-live" if view.live else "")
    rival = any(row.rival for row in rows)
    kinds += " has-rival" * rival
    lanes = (*_LANES, *((("rival", "", "RGB only"),) if rival else ()), ("far", "", "Scores"))
    names = "".join(f'<div class="tl-name tl-name-{key}">{icon}<span>{name}</span></div>' for key, icon, name in lanes)
    return (
        f'<section class="{kinds}" aria-label="Timeline" data-request="{request}" '
        f'data-duration="{layout.duration:.3f}" data-offset="{view.offset:.3f}" '
        f"{'data-crowded ' if layout.crowded else ''}{'data-fixed ' if view.fixed else ''}"
        f'style="--min:{layout.min_width}px;--rows:{1 if dense else layout.rows};--pitch:{layout.pitch:.3f}">'
        f'<p class="visually-hidden" id="tl-keys">{_KEYS}</p>'
        '<div class="tl-scroll"><div class="tl-body">'
        f'<div class="tl-names" aria-hidden="true"><div class="tl-name tl-name-top"></div>{names}</div>'
        f'<div class="tl-track">{_scenery(layout, view)}'
        '<div class="tl-segs" role="toolbar" aria-label="Segments of the clip" aria-describedby="tl-keys">'
        f"{buttons}</div>{_stretches(rows, layout, view.label) if dense else ''}{_scores(layout, view)}"
        f"{_axis(layout, view.offset)}"
        '<div class="tl-playhead" aria-hidden="true"></div></div></div></div>'
        f'{_chapters(view, layout.duration)}<div class="tl-bar"></div>{_legend(layout, view)}{_table(view)}</section>'
    )


def thumbnails(board: Storyboard | None) -> str:
    """One style variable per segment: --t0, --t1 and so on."""
    if board is None:
        return ""
    pictures = (
        f'--t{i}:url("data:image/jpeg;base64,{base64.b64encode(jpeg).decode("ascii")}")'
        for i, jpeg in enumerate(board.thumbnails)
        if jpeg
    )
    return f"<style>.gradio-container{{{';'.join(pictures)}}}</style>"


def segment_label(row: Row, offset: float = 0.0) -> str:
    """One segment as a sentence: the accessible name of its button."""
    cells = ", ".join(f"{words.NOUN[m]} {cell_words(row.cells[m])}" for m in MODALITIES)
    span = f"{seconds(row.start + offset)} to {seconds(row.end + offset)} seconds"
    return f"Segment {row.index + 1}, {span}: {cells}, {answer_words(row)}"


def cell_words(cell: Cell) -> str:
    """used (87 %), skipped by hand (12 %), missing"""
    word = {"waiting": "not decided yet", "chosen": "chosen", "missing": "missing"}.get(cell.state, cell.state)
    if cell.by_hand:
        word += " by hand"
    return word if cell.probability is None else f"{word} ({words.chance(cell.probability)})"


def answer_words(row: Row) -> str:
    """answer lion 97 %; best guess lion 3 %"""
    if row.label is None:
        return "not run"
    kind = "best guess" if words.is_guess(row.score) else "answer"
    return f"{kind} {words.label(row.label)} {percent(row.score)}"


def _caption(row: Row) -> str:
    """What stands on the video while the segment plays."""
    names = {(): "nothing run", ("rgb",): "looking only", ("audio",): "listening only"}
    how = names.get(tuple(m for m in MODALITIES if row.cells[m].on), "looking and listening")
    if row.cells["rgb"].state == "waiting":
        how = "waiting"
    answer = "" if row.label is None else f" · {answer_words(row).removeprefix('answer ')}"
    return f"{how}{answer}"


def _button(row: Row, place: Place, view: TimelineModel, *, dense: bool) -> str:
    answer = view.label
    lanes = "".join(_cell(row, m, dense=dense) for m in MODALITIES) + _answer(row, answer, dense=dense)
    if row.rival is not None:
        lanes += f'<span class="tl-answer tl-rival{_guess(row.rival[1])}">{"" if dense else _said(*row.rival)}</span>'
    state = "".join(
        f'data-{m}="{cell.state}" data-{m}-words="{esc(cell_words(cell))}" '
        f'data-{m}-p="{"" if cell.probability is None else f"{cell.probability:.4f}"}" '
        f'data-{m}-best="{esc(_best(row, m))}" '
        for m, cell in row.cells.items()
    )
    return (
        f'<button type="button" class="tl-seg" data-index="{row.index}" data-start="{row.start:.3f}" '
        f'data-end="{row.end:.3f}" data-now="{esc(_caption(row))}" data-answer="{esc(answer_words(row))}" {state}'
        f'data-label="{esc(words.label(row.label or ""))}" '
        f'tabindex="{0 if row.index == 0 else -1}" aria-label="{esc(segment_label(row, view.offset))}" '
        f'style="--c:{place.centre:.3f}%;--w:{place.width:.3f}%">{lanes}</button>'
    )


def _best(row: Row, modality: str) -> str:
    """What the eye or the ear alone takes the segment for; empty where it did not run."""
    scores = row.modality_scores.get(modality)
    return words.label(max(scores, key=scores.__getitem__)) if scores else ""


def _cell(row: Row, modality: str, *, dense: bool) -> str:
    """One modality of one segment. Frame, icon, slash and hatching all say the same as the color."""
    cell = row.cells[modality]
    kind = f"tl-cell tl-{modality} is-{cell.state}" + (" is-by-hand" if cell.by_hand else "")
    if cell.state == "missing":
        lack = "" if dense else f"<em>no {words.NOUN[modality]}</em>"
        return f'<span class="{kind}"><span class="tl-frame">{lack}</span></span>'
    picture = f'<span class="tl-img" style="background-image:var(--t{row.index},none)"></span>'
    image = picture if modality == "rgb" and not dense else ""
    icon = (icons.ON if cell.on else icons.OFF)[modality]
    badge = "" if dense or cell.state == "waiting" else f'<span class="tl-badge" data-cell="{modality}">{icon}</span>'
    hand = f'<span class="tl-hand">{icons.HAND}</span>' if cell.by_hand and not dense else ""
    bar = ""
    if cell.probability is not None:
        bar = f'<span class="tl-prob"><i style="--p:{100 * cell.probability:.0f}%"></i></span>'
    return f'<span class="{kind}"><span class="tl-frame">{image}{badge}{hand}</span>{bar}</span>'


def _answer(row: Row, answer: str | None, *, dense: bool) -> str:
    if row.label is None:
        waits = any(cell.state in ("waiting", "chosen") for cell in row.cells.values())
        word = "" if dense else f"<b>{'…' if waits else 'not run'}</b>"
        return f'<span class="tl-answer is-none">{word}</span>'
    state = "" if row.label == answer else " is-other"
    return f'<span class="tl-answer{state}{_guess(row.score)}">{"" if dense else _said(row.label, row.score)}</span>'


def _said(label: str, score: float) -> str:
    """An answer below its segment; the style sheet marks a guess, see `_guess`."""
    only = "only " if words.is_guess(score) else ""
    return f"<b>{esc(words.label(label))}</b><small>{only}{percent(score)}</small>"


def _guess(score: float) -> str:
    return " is-guess" if words.is_guess(score) else ""


def _stretches(rows: Sequence[Row], layout: Layout, answer: str | None) -> str:
    """With many segments, one word for each stretch of the same answer that has room for more than a letter."""
    marks, last = [], len(layout.places) - 1
    for label, group in groupby(rows, key=lambda row: row.label):
        places = [layout.places[row.index] for row in group]
        if label is None:
            continue
        left = places[0].centre - places[0].width / 2
        right = places[-1].centre + places[-1].width / 2 if places[-1] is not layout.places[last] else 100.0
        other = "" if label == answer else " is-other"
        name = words.label(label) if (right - left) / 100 * layout.min_width >= _WORD_PX else ""
        marks.append(
            f'<span class="tl-stretch{other}" style="left:{left:.3f}%;width:{right - left:.3f}%">'
            f"<b>{esc(name)}</b></span>"
        )
    return f'<div class="tl-stretches" aria-hidden="true">{"".join(marks)}</div>'


def _chapters(view: TimelineModel, duration: float) -> str:
    """Of a clip with many segments or minutes, what it is from when on; each is a button that seeks there."""
    if view.live or (len(view.rows) < _MANY and duration < _LONG_S):
        return ""
    said = [SegmentAnswer(start=row.start, end=row.end, label=row.label, score=row.score) for row in view.rows]
    buttons = "".join(
        f'<li><button type="button" data-seek="{chapter.start:.3f}" data-until="{chapter.end:.3f}" '
        f'data-segment="{chapter.segment}"><span>{wording.clock(chapter.start + view.offset)}</span> '
        f"{esc(words.label(chapter.label))}</button></li>"
        for chapter in chapters(said, duration)
    )
    return f'<nav class="tl-chapters" aria-label="Chapters"><ol>{buttons}</ol></nav>' if buttons else ""


def _scenery(layout: Layout, view: TimelineModel) -> str:
    """What lies behind the buttons: brackets of the true spans, hatching where nobody looked, the sound, the line."""
    brackets = "".join(
        f'<i style="left:{p.true_left:.3f}%;width:{p.true_width:.3f}%;--row:{p.row}"></i>' for p in layout.places
    )
    gaps = "".join(
        f'<i style="left:{100 * a / layout.duration:.3f}%;width:{100 * (b - a) / layout.duration:.3f}%"></i>'
        for a, b in layout.gaps
    )
    wave = ""
    if view.waveform:
        # Colored inside the cells of the segments that were listened to. Side by side, the cells are not to scale.
        shares = [((p.centre - p.width / 2) / 100, (p.centre + p.width / 2) / 100) for p in layout.places]
        heard = [] if layout.crowded else [row.index for row in view.rows if row.cells["audio"].on]
        used = "".join(waveform(view.waveform, *shares[index]) for index in heard)
        wave = (
            f'<svg class="tl-wave" viewBox="0 0 {len(view.waveform)} 100" preserveAspectRatio="none" '
            f'focusable="false"><path d="{waveform(view.waveform)}"/><path class="is-used" d="{used}"/></svg>'
        )
    return (
        f'<div class="tl-scenery" aria-hidden="true"><div class="tl-brackets">{brackets}</div>'
        f'<div class="tl-gaps tl-gaps-pic">{gaps}</div><div class="tl-gaps tl-gaps-snd">{gaps}</div>{wave}'
        "</div>"
    )


def _scores(layout: Layout, model: TimelineModel) -> str:
    """The lane of scores over time, and the same by eye and ear; `timeline.js` switches between them."""
    together = chart("Scores over time by class; a table follows", charts.scores(model, layout))
    names = "".join(
        f'<span class="line line-{place}">{esc(words.label(name))}</span>'
        for place, name in enumerate(charts.leading(model))
    )
    if any(row.rival for row in model.rows):
        names += '<span class="line line-rgb">RGB only</span>'
    if model.live or model.label is None:
        return f'<div class="tl-scores"><div class="tl-lines"><p>{names}</p></div>{together}</div>'
    parts = chart("Scores of picture and sound over time; a table follows", charts.modality_scores(model, layout))
    by_part = '<span class="line line-rgb">picture</span><span class="line line-audio">sound</span>'
    of = f"for {esc(words.label(model.label))}"
    return (
        f'<div class="tl-scores"><div class="tl-lines"><p data-scores="all">{names}</p>'
        f'<p data-scores="parts" hidden>{by_part} {of}</p>'
        '<button type="button" data-parts aria-pressed="false">By eye and ear</button></div>'
        f'<div data-scores="all">{together}</div><div data-scores="parts" hidden>{parts}</div></div>'
    )


def _axis(layout: Layout, offset: float) -> str:
    step = layout.ticks[1] if len(layout.ticks) > 1 else layout.duration
    first = math.ceil(offset / step - 1e-6)
    times = [round(step * (first + k), 3) for k in range(len(layout.ticks) + 1)] if offset else layout.ticks
    marks = "".join(
        f'<span style="left:{100 * (t - offset) / layout.duration:.3f}%">'
        f"{words.clock(t, layout.duration + offset)}</span>"
        for t in times
        if t - offset <= layout.duration + 1e-6
    )
    return f'<div class="tl-axis" aria-hidden="true">{marks}</div>'


def _legend(layout: Layout, view: TimelineModel) -> str:
    cells = [cell for row in view.rows for cell in row.cells.values()]
    items = ['<span class="key key-used"></span>run', '<span class="key key-skipped"></span>skipped']
    if any(cell.probability is not None for cell in cells):
        items.append('<span class="key key-prob"></span>how much the policy wanted it (the mark is one half)')
    if any(cell.by_hand for cell in cells):
        items.append(f'<span class="key-hand">{icons.HAND}</span>switched by hand')
    if layout.gaps:
        items.append('<span class="key key-gap"></span>nobody looked or listened here')
    if any(row.label not in (None, view.label) for row in view.rows):
        items.append('<span class="key-other">word</span>another answer than the clip’s')
    if any(row.label is not None and words.is_guess(row.score) for row in view.rows):
        items.append('<span class="key-guess">word?</span>a guess, less than half sure')
    remark = ""
    if layout.crowded:
        remark = (
            "<p>The segments lie so close together that they stand side by side here; "
            "the brackets show where each one lies.</p>"
        )
    elif layout.overlapping:
        remark = "<p>The segments overlap: the brackets above show how far each one reaches.</p>"
    return f'<div class="tl-legend" aria-hidden="true"><ul>{"".join(f"<li>{i}</li>" for i in items)}</ul>{remark}</div>'


def _table(view: TimelineModel) -> str:
    """The drawing in words, for whoever does not see it."""
    rows = []
    for r in view.rows:
        far = "nothing yet" if r.so_far is None else f"{words.label(r.so_far[0])} {percent(r.so_far[1])}"
        span = (f"{seconds(time + view.offset)} s" for time in (r.start, r.end))
        cells = [*span, *(cell_words(r.cells[m]) for m in MODALITIES)]
        cells += [answer_words(r).removeprefix("answer "), far]
        rows.append(f'<tr><th scope="row">{r.index + 1}</th>{"".join(f"<td>{esc(c)}</td>" for c in cells)}</tr>')
    heads = ("Segment", "From", "To", "Picture", "Sound", "Answer", "Clip so far")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<table class="visually-hidden tl-table"><caption>What was picked and answered, segment by segment</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
