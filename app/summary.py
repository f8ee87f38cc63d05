"""The answer before any chart: what the clip is, how sure, what that took, and the five best guesses."""

from adamml import Analysis
from app import icons, words
from app.words import esc, percent

_TOP = 5
# What a run is measured against in its one sentence. A run is never compared with itself.
_AGAINST = ("all", "rgb")


def answer(analysis: Analysis, *, by_hand: int = 0) -> str:
    """The answer card as HTML. `by_hand` is how many cells a person has switched."""
    score = analysis.scores[analysis.label]
    lines = f'<p class="answer-saving">{saving_sentence(analysis)}</p>'
    lines += f'<p class="answer-use">{use_sentence(analysis)}</p>'
    hand = ""
    if by_hand:
        hand = f'<p class="answer-hand">{icons.HAND} {words.count(by_hand, "cell")} switched by hand</p>'
    return (
        '<section class="answer" aria-label="Answer">'
        f"{headline(analysis.label, score, analysis.known)}{lines}{ranked(analysis)}{hand}</section>"
    )


def growing(label: str | None, score: float) -> str:
    """The answer card while a clip is analysed."""
    if label is None:
        return '<section class="answer" aria-label="Answer"><h2 class="answer-label"><span>…</span></h2></section>'
    return (
        f'<section class="answer" aria-label="Answer">{headline(label, score)}'
        '<p class="answer-use">So far. It may still change.</p></section>'
    )


def headline(label: str, score: float, known: bool = True) -> str:
    """lion, 96 % sure; or that it is none of the classes, with the nearest one all the same."""
    said, sure = words.headline(label, score, known)
    return f'<h2 class="answer-label"><span>{esc(said)}</span> <small>{esc(sure)}</small></h2>'


def saving_sentence(analysis: Analysis) -> str:
    """One plain sentence: compute against running everything and against looking only; a loss is said as a loss."""
    parts: list[tuple[float, str]] = []
    for name in _AGAINST:
        other = analysis.alternatives.get(name)
        if name != analysis.policy and other is not None and other.total > 0:
            parts.append((analysis.saving(name), words.PHRASE[name]))
    if not parts:
        return "Everything was run, so nothing was saved."
    verb = "It needed" if parts[0][0] < -0.005 else "It took"
    clauses = [_clause(saving, phrase, first=i == 0) for i, (saving, phrase) in enumerate(parts)]
    return f"{verb} {words.listing(clauses)}."


def _clause(saving: float, phrase: str, *, first: bool) -> str:
    amount = words.compared(saving)
    what = " compute" if first else ""
    if amount == "the same":
        return f"<strong>the same{what}</strong> as {phrase}"
    kind = "gain" if saving > 0 else "loss"
    mark = "" if saving > 0 else icons.WARN
    than = "as" if amount.endswith("as much") else "than"
    return f'<strong class="{kind}">{mark}{amount}{what}</strong> {than} {phrase}'


def use_sentence(analysis: Analysis) -> str:
    """How often it looked and listened."""
    of = f"of {words.count(len(analysis.segments), 'segment')}"
    looked = sum(s.decisions["rgb"] for s in analysis.segments)
    listened = sum(s.decisions["audio"] for s in analysis.segments)
    idle = sum(s.scores is None for s in analysis.segments)
    text = f"looked in {looked} {of}" if looked else "never looked"
    if listened and looked:
        text += f" and listened in {listened}"
    else:
        text += f" and listened in {listened} {of}" if listened else " and never listened"
    return f"It {text}" + (f"; in {idle} it ran nothing." if idle else ".")


def ranked(analysis: Analysis) -> str:
    """The best classes of the clip; beyond the third only those that it gives one percent or more."""
    best = analysis.ranked(_TOP)
    return bars([*best[:3], *(guess for guess in best[3:] if guess[1] >= 0.01)], "The best guesses")


def bars(best: list[tuple[str, float]], name: str) -> str:
    """Classes with bars; the numbers are text, so the list reads well without the bars."""
    rows = "".join(
        f'<li><span class="rank-name">{esc(words.label(label))}</span><span class="rank-bar" aria-hidden="true">'
        f'<i style="width:{100 * score:.1f}%"></i></span><span class="rank-score">{percent(score)}</span></li>'
        for label, score in best
    )
    return f'<ol class="ranked" aria-label="{esc(name)}">{rows}</ol>'


def notes(analysis: Analysis) -> str:
    """What a person should know before trusting the answer; empty when there is nothing to say."""
    if not analysis.notes:
        return ""
    items = "".join(f"<li>{esc(sentence)}</li>" for sentence in analysis.notes)
    return f'<div class="notes" role="note" aria-label="Please note">{icons.WARN}<ul>{items}</ul></div>'
