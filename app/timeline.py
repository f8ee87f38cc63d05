"""The timeline: one HTML drawing, to scale, of what was picked, what was heard and seen, and what came out.

One button per segment spans all lanes (picture, sound, answer and, when compared, the picture and answer of the
RGB-only run). `timeline.js` moves the playhead and the keyboard focus, `timeline.css` draws. The same content stands in
a table for screen readers.
"""

import base64
from collections.abc import Sequence

from adamml import Analysis, SegmentResult, Storyboard
from app import icons, words
from app.geometry import Layout, Place, lay_out, least_pitch, waveform
from app.words import esc, percent, seconds

_MODALITIES = ("rgb", "audio")
_HINT = "Press a segment to jump there. Arrow keys, Home and End move along."


def timeline(analysis: Analysis, comparison: Analysis | None, board: Storyboard) -> str:
    """The whole component as HTML."""
    spans = [(s.start, s.end) for s in analysis.segments]
    others: Sequence[SegmentResult | None] = comparison.segments if comparison else [None] * len(spans)
    labels = [words.label(s.label) for s in (*analysis.segments, *others) if s is not None and s.label is not None]
    least = least_pitch(labels, marked=comparison is not None)
    layout = lay_out(spans, max(analysis.clip.duration, spans[-1][1]), least)
    thumbnails = [*board.thumbnails, *[None] * len(spans)][: len(spans)]
    buttons = "".join(
        _button(segment, other, place, thumbnail, analysis.label)
        for segment, other, place, thumbnail in zip(analysis.segments, others, layout.places, thumbnails, strict=True)
    )
    compared = " tl-compared" if comparison else ""
    return (
        f'<section class="tl{compared}" aria-label="Timeline" data-duration="{layout.duration:.3f}" '
        f'style="--min:{layout.min_width}px;--rows:{layout.rows};--pitch:{layout.pitch:.3f}">'
        f'<div class="card-head"><h2>What it picked</h2><p>{_HINT} {_examined(analysis)}</p></div>'
        '<div class="tl-scroll"><div class="tl-body">'
        f"{_lane_names(comparison)}"
        '<div class="tl-track">'
        f"{_scenery(layout, analysis, board.waveform)}"
        f'<div class="tl-segs" role="toolbar" aria-label="Segments of the clip">{buttons}</div>'
        f"{_axis(layout)}"
        '<div class="tl-playhead" aria-hidden="true"></div>'
        "</div></div></div>"
        '<p class="tl-readout" aria-hidden="true"></p>'
        f"{_legend(layout, comparison, analysis)}{_table(analysis, others)}</section>"
    )


def segment_label(segment: SegmentResult, other: SegmentResult | None = None) -> str:
    """One segment as a sentence: the accessible name of its button."""
    cells = ", ".join(f"{words.NOUN[m]} {_cell_words(segment, m)}" for m in _MODALITIES)
    text = f"Segment {segment.index + 1}, {seconds(segment.start)} to {seconds(segment.end)} seconds: {cells}, "
    text += _answer_words(segment)
    if other is not None:
        text += f"; RGB only: {_answer_words(other)}" + (", differs" if _differs(segment, other) else "")
    return text


def _cell_words(segment: SegmentResult, modality: str) -> str:
    if not segment.available[modality]:
        return "missing"
    probability = segment.probabilities[modality]
    used = "used" if segment.decisions[modality] else "skipped"
    return used if probability is None else f"{used} ({percent(probability)})"


def _answer_words(segment: SegmentResult) -> str:
    if segment.scores is None or segment.label is None:
        return "not run"
    return f"answer {words.label(segment.label)} {percent(segment.scores[segment.label])}"


def _differs(segment: SegmentResult, other: SegmentResult) -> bool:
    return segment.label != other.label


def _how(segment: SegmentResult) -> str:
    names = {(): "not run", ("rgb",): "looking only", ("audio",): "listening only"}
    return names.get(tuple(m for m in _MODALITIES if segment.decisions[m]), "looking and listening")


def _examined(analysis: Analysis) -> str:
    return f"The segments cover {percent(analysis.examined)} of the clip."


def _lane_names(comparison: Analysis | None) -> str:
    names = [("pic", icons.EYE, "Picture"), ("snd", icons.SPEAKER, "Sound"), ("ans", "", "Answer")]
    if comparison:
        names += [("rgb-pic", icons.EYE, "<b>RGB only</b> picture"), ("rgb-ans", "", "<b>RGB only</b> answer")]
    rows = "".join(f'<div class="tl-name tl-name-{key}">{icon}<span>{name}</span></div>' for key, icon, name in names)
    return f'<div class="tl-names" aria-hidden="true"><div class="tl-name tl-name-top"></div>{rows}</div>'


def _button(
    segment: SegmentResult,
    other: SegmentResult | None,
    place: Place,
    thumbnail: bytes | None,
    answer: str,
) -> str:
    label = segment_label(segment, other)
    image = ""
    if thumbnail:
        image = f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(thumbnail).decode("ascii")}">'
    lanes = _cell(segment, "rgb", image) + _cell(segment, "audio", "") + _answer(segment, answer)
    if other is not None:
        lanes += _cell(other, "rgb", image) + _answer(other, answer, differs=_differs(segment, other))
    now = f"segment {segment.index + 1} · {_how(segment)}"
    if segment.scores is not None and segment.label is not None:
        now += f" · {words.label(segment.label)} {percent(segment.scores[segment.label])}"
    return (
        f'<button type="button" class="tl-seg" data-index="{segment.index}" data-start="{segment.start:.3f}" '
        f'data-end="{segment.end:.3f}" data-now="{esc(now)}" tabindex="{0 if segment.index == 0 else -1}" '
        f'aria-label="{esc(label)}" style="--c:{place.centre:.3f}%;--w:{place.width:.3f}%">{lanes}</button>'
    )


def _cell(segment: SegmentResult, modality: str, image: str) -> str:
    """One modality of one segment. Frame, icon, slash and hatching all say the same as the colour."""
    kind = f"tl-cell tl-{modality}"
    if not segment.available[modality]:
        lack = f"<em>no {words.NOUN[modality]}</em>"
        return f'<span class="{kind} is-missing"><span class="tl-frame">{lack}</span></span>'
    used = segment.decisions[modality]
    icon = (icons.ON if used else icons.OFF)[modality]
    probability = segment.probabilities[modality]
    bar = ""
    if probability is not None:
        bar = f'<span class="tl-prob"><i style="width:{100 * probability:.0f}%"></i></span>'
    state = "is-used" if used else "is-skipped"
    frame = f'<span class="tl-frame">{image}<span class="tl-badge">{icon}</span></span>'
    return f'<span class="{kind} {state}">{frame}{bar}</span>'


def _answer(segment: SegmentResult, answer: str, *, differs: bool = False) -> str:
    mark = '<span class="tl-differs">≠</span>' if differs else ""
    state = " differs" if differs else ""
    if segment.scores is None or segment.label is None:
        return f'<span class="tl-answer is-none{state}"><span class="tl-score"></span><b>{mark}not run</b></span>'
    score = segment.scores[segment.label]
    state += "" if segment.label == answer else " is-other"
    return (
        f'<span class="tl-answer{state}"><span class="tl-score"><i style="height:{100 * score:.0f}%"></i></span>'
        f"<b>{mark}{esc(words.label(segment.label))}</b><small>{percent(score)}</small></span>"
    )


def _scenery(layout: Layout, analysis: Analysis, peaks: Sequence[float]) -> str:
    """What lies behind the buttons: brackets of the true spans, hatching where nobody looked, and the sound."""
    brackets = "".join(
        f'<i style="left:{p.true_left:.3f}%;width:{p.true_width:.3f}%;--row:{p.row}"></i>' for p in layout.places
    )
    gaps = "".join(
        f'<i style="left:{100 * a / layout.duration:.3f}%;width:{100 * (b - a) / layout.duration:.3f}%"></i>'
        for a, b in layout.gaps
    )
    wave = ""
    if peaks:
        # Coloured inside the cells of the segments that were listened to. Side by side, the cells are not to scale.
        shares = [((p.centre - p.width / 2) / 100, (p.centre + p.width / 2) / 100) for p in layout.places]
        heard = [] if layout.crowded else [s.index for s in analysis.segments if s.decisions["audio"]]
        used = "".join(waveform(peaks, *shares[index]) for index in heard)
        wave = (
            f'<svg class="tl-wave" viewBox="0 0 {len(peaks)} 100" preserveAspectRatio="none" focusable="false">'
            f'<path d="{waveform(peaks)}"/><path class="is-used" d="{used}"/></svg>'
        )
    return (
        f'<div class="tl-scenery" aria-hidden="true"><div class="tl-brackets">{brackets}</div>'
        f'<div class="tl-gaps tl-gaps-pic">{gaps}</div><div class="tl-gaps tl-gaps-snd">{gaps}</div>{wave}'
        f'<div class="tl-gaps tl-gaps-rgb">{gaps}</div></div>'
    )


def _axis(layout: Layout) -> str:
    marks = "".join(
        f'<span style="left:{100 * t / layout.duration:.3f}%">{seconds(t)}&thinsp;s</span>' for t in layout.ticks
    )
    return f'<div class="tl-axis" aria-hidden="true">{marks}</div>'


def _legend(layout: Layout, comparison: Analysis | None, analysis: Analysis) -> str:
    items = [
        '<span class="key key-used"></span>run',
        '<span class="key key-skipped"></span>skipped',
    ]
    if any(p is not None for s in analysis.segments for p in s.probabilities.values()):
        items.append('<span class="key key-prob"></span>how much the policy wanted it (the mark is one half)')
    if layout.gaps:
        items.append('<span class="key key-gap"></span>no segment looked or listened here')
    items.append('<span class="key key-bracket"></span>true extent of each segment')
    answered = [*analysis.segments, *(comparison.segments if comparison else ())]
    if any(s.label not in (None, analysis.label) for s in answered):
        items.append('<span class="key key-other"></span>answer unlike the clip’s')
    if comparison and differing(analysis, comparison):
        items.append("<b>≠</b> RGB only answers something else")
    remark = ""
    if layout.crowded:
        remark = (
            "<p>This clip is so short that its segments lie nearly on top of each other: here they stand side by side, "
            "and the brackets show where each one lies.</p>"
        )
    elif layout.overlapping:
        remark = "<p>The segments of this short clip overlap: the brackets show how far each one reaches.</p>"
    return f'<div class="tl-legend" aria-hidden="true"><ul>{"".join(f"<li>{i}</li>" for i in items)}</ul>{remark}</div>'


def _table(analysis: Analysis, others: Sequence[SegmentResult | None]) -> str:
    """The drawing in words, for whoever does not see it."""
    compared = others[0] is not None
    heads = ["Segment", "From", "To", "Picture", "Sound", "Answer"] + (["RGB only", "Same answer"] if compared else [])
    rows = []
    for s, other in zip(analysis.segments, others, strict=True):
        cells = [f"{seconds(s.start)} s", f"{seconds(s.end)} s"]
        cells += [_cell_words(s, "rgb"), _cell_words(s, "audio"), _plain_answer(s)]
        if other is not None:
            cells += [_plain_answer(other), "no" if _differs(s, other) else "yes"]
        row = "".join(f"<td>{esc(cell)}</td>" for cell in cells)
        rows.append(f'<tr><th scope="row">{s.index + 1}</th>{row}</tr>')
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<table class="visually-hidden tl-table"><caption>What was picked and answered, segment by segment. '
        f"{_examined(analysis)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _plain_answer(segment: SegmentResult) -> str:
    return _answer_words(segment).removeprefix("answer ")


def differing(analysis: Analysis, comparison: Analysis) -> int:
    """In how many segments the two runs answer differently."""
    return sum(_differs(s, other) for s, other in zip(analysis.segments, comparison.segments, strict=True))
