"""Two policies on one clip, side by side: one plain sentence, the figures, both timelines, differences marked."""

from functools import partial

from adamml import Analysis, SegmentResult
from adamml.inputs import MODALITIES
from app import icons, words
from app.actions import Pair
from app.costs import table_box, time_words
from app.words import esc, percent


def verdict(pair: Pair) -> str:
    """One plain sentence on the left against the right, also when the left one loses."""
    left, right = pair.left, pair.right
    if left.policy == right.policy:
        return "Both sides are the same."
    saving = 1 - left.macs.total / right.macs.total if right.macs.total else 0.0
    amount = words.compared(saving)
    same = amount == "the same"
    cheaper = saving > 0 and not same
    cost = "with the same compute" if same else f"{'with' if cheaper else 'but'} {amount} compute"
    listened, count = _instead(left, right), words.count(len(left.segments), "segment")
    why = ""
    if listened and (cheaper or same):
        why = f": it listened instead of looking in {listened} of {count}"
    elif not cheaper and not same:
        why = _why_more(left, right)
    loses = "" if cheaper or same else f" Here {words.policy(left.policy)} costs more."
    return f"{_answers(left, right)} {cost}{why}.{loses}"


def _why_more(left: Analysis, right: Analysis) -> str:
    """The part that makes up most of what the left one took more, where there is one."""
    parts = {"deciding": "decide", "looking": "rgb", "listening": "audio"}
    more = {said: getattr(left.macs, part) - getattr(right.macs, part) for said, part in parts.items()}
    most = max(more, key=more.__getitem__)
    if more[most] < 0.5 * (left.macs.total - right.macs.total):
        return ""
    return f": {most} took {words.billions(more[most])} billion MACs more"


def _answers(left: Analysis, right: Analysis) -> str:
    """Same answer, and surer of it (96 % instead of 45 %)"""
    if left.answer != right.answer:
        return f"Another answer ({words.label(left.answer)} instead of {words.label(right.answer)})"
    sure, other = left.scores[left.label], right.scores[right.label]
    if abs(sure - other) < 0.05:
        return "Same answer"
    return f"Same answer, {'surer' if sure > other else 'less sure'} ({percent(sure)} instead of {percent(other)}),"


def _instead(left: Analysis, right: Analysis) -> int:
    """Segments in which the left one listened only and the right one looked."""
    pairs = zip(left.segments, right.segments, strict=True)
    return sum(
        a.decisions["audio"] and not a.decisions["rgb"] and b.decisions["rgb"] and not b.decisions["audio"]
        for a, b in pairs
    )


def comparison(pair: Pair) -> str:
    """The whole result as HTML."""
    return (
        f'<section class="compared" aria-label="Comparison" data-left="{grid_signs(pair.left)}">'
        '<p class="stale remark" role="status" hidden>What is shown above has changed since: compare once more.</p>'
        f'<p class="verdict">{esc(verdict(pair))}</p>'
        f"{_figures(pair)}{_lanes(pair)}</section>"
    )


def grid_signs(analysis: Analysis) -> str:
    """What an analysis ran, as the browser writes it: picture, then sound, one sign per segment."""
    return "".join("01"[segment.decisions[m]] for m in MODALITIES for segment in analysis.segments)


def _figures(pair: Pair) -> str:
    left, right = pair.left, pair.right

    def row(title: str, a: str, b: str) -> str:
        mark = (
            '<span class="differs" title="differs">≠</span>' if a != b else '<span class="visually-hidden">same</span>'
        )
        return f'<tr><th scope="row">{title}</th><td>{a}</td><td class="sign">{mark}</td><td>{b}</td></tr>'

    def of(analysis: Analysis, modality: str) -> str:
        return f"{sum(s.decisions[modality] for s in analysis.segments)} of {len(analysis.segments)}"

    rows = [
        row("Answer", *(esc(words.label(a.answer)) for a in (left, right))),
        row("How sure", *(percent(a.scores[a.label]) for a in (left, right))),
        row("Looked in", of(left, "rgb"), of(right, "rgb")),
        row("Listened in", of(left, "audio"), of(right, "audio")),
        row("Compute (billion MACs)", *(words.billions(a.macs.total) for a in (left, right))),
        row("of it for deciding", *(words.billions(a.macs.decide) if a.macs.decide else "–" for a in (left, right))),
        row("Time measured", *(time_words(a.seconds.total) for a in (left, right))),
    ]
    heads = [esc(words.policy(a.policy)) for a in (left, right)]
    table = (
        '<table class="figures versus"><caption class="visually-hidden">Both ways in figures</caption><thead><tr>'
        f'<th scope="col">On this clip</th><th scope="col">{heads[0]}</th><th scope="col"><span '
        f'class="visually-hidden">Same?</span></th><th scope="col">{heads[1]}</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    return table_box("Both ways in figures", table)


def _lanes(pair: Pair) -> str:
    """Lane by lane, one way above the other, one column per segment: what each ran, and what each answered."""
    heads = "".join(f'<th scope="col">{s.index + 1}</th>' for s in pair.left.segments)
    columns = list(zip(pair.left.segments, pair.right.segments, strict=True))
    body = ""
    for lane in (*MODALITIES, "answer"):
        draw, same = (_said, _same_answer) if lane == "answer" else (partial(_cell, lane), partial(_same_cell, lane))
        title = words.NOUN.get(lane, lane).capitalize()
        body += f'<tr class="lane-title"><th scope="row" colspan="2">{title}</th></tr>'
        for analysis, side in ((pair.left, 0), (pair.right, 1)):
            # The sign stands below the lower one, between what it sets apart; spoken it is with both.
            sign = '<span class="differs" aria-hidden="true">≠</span>' * side
            mark = f'{sign}<span class="visually-hidden"> differs</span>'
            cells = "".join(f"<td>{draw(both[side])}{'' if same(*both) else mark}</td>" for both in columns)
            body += f'<tr><th scope="row">{esc(words.policy(analysis.policy))}</th>{cells}</tr>'
    table = (
        f'<table class="lanes" style="--columns:{len(columns)}">'
        '<caption>Segment by segment; <span class="differs">≠</span> marks what the two do '
        f'or say differently.</caption><thead><tr><th scope="col">Segment</th>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
    return table_box("Both ways segment by segment", table)


def _same_cell(modality: str, left: SegmentResult, right: SegmentResult) -> bool:
    return left.decisions[modality] == right.decisions[modality]


def _same_answer(left: SegmentResult, right: SegmentResult) -> bool:
    return left.label == right.label


def _cell(modality: str, segment: SegmentResult) -> str:
    used, available = segment.decisions[modality], segment.available[modality]
    word = "run" if used else "skipped" if available else "missing"
    icon = (icons.ON if used else icons.OFF)[modality] if available else ""
    kind = f"lane-cell lane-{modality} is-{'used' if used else word}"
    return f'<span class="{kind}">{icon}</span><span class="visually-hidden">{word}</span>'


def _said(segment: SegmentResult) -> str:
    if segment.label is None or segment.scores is None:
        return '<span class="lane-answer"><small>not run</small></span>'
    score = segment.scores[segment.label]
    sure = f"{'only ' if words.is_guess(score) else ''}{percent(score)}"
    return f'<span class="lane-answer"><b>{esc(words.label(segment.label))}</b><small>{sure}</small></span>'
