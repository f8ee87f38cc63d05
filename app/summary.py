"""The answer before any chart: what the clip is, how sure, what that took, and the five best guesses."""

from adamml import Analysis
from app import icons, words
from app.timeline import differing
from app.words import esc, percent

_TOP = 5
# What a run is measured against in its one sentence. A run is never compared with itself.
_AGAINST = ("all", "rgb")


def answer(analysis: Analysis, comparison: Analysis | None) -> str:
    """The answer card as HTML."""
    score = analysis.scores[analysis.label]
    sure = f"{percent(score)} sure" if score >= 0.5 else f"best guess, only {percent(score)} sure"
    lines = f'<p class="answer-saving">{saving_sentence(analysis)}</p>'
    lines += f'<p class="answer-use">{use_sentence(analysis)}</p>'
    if comparison is not None:
        lines += f'<p class="answer-compare">{comparison_sentence(analysis, comparison)}</p>'
    return (
        '<section class="answer" aria-label="Answer">'
        f'<h2 class="answer-label"><span>{esc(words.label(analysis.label))}</span> <small>{sure}</small></h2>'
        f"{lines}{ranked(analysis)}</section>"
    )


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
    if amount.endswith("as much"):
        return f'<strong class="{kind}">{mark}{amount}{what}</strong> as {phrase}'
    return f'<strong class="{kind}">{mark}{amount}{what}</strong> than {phrase}'


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


def comparison_sentence(analysis: Analysis, comparison: Analysis) -> str:
    """What the RGB-only run said."""
    score = percent(comparison.scores[comparison.label])
    if comparison.label == analysis.label:
        text = f"RGB only gives the <strong>same answer</strong>: {esc(words.label(comparison.label))}, {score} sure."
    else:
        text = f"RGB only gives <strong>another answer</strong>: {esc(words.label(comparison.label))}, {score} sure."
    different = differing(analysis, comparison)
    if not different:
        return f"{text} Every segment agrees."
    return f"{text} In {different} of {words.count(len(analysis.segments), 'segment')} the two disagree."


def ranked(analysis: Analysis) -> str:
    """The best classes with bars; the numbers are text, so the list reads well without the bars."""
    rows = "".join(
        f'<li><span class="rank-name">{esc(words.label(name))}</span><span class="rank-bar" aria-hidden="true">'
        f'<i style="width:{100 * score:.1f}%"></i></span><span class="rank-score">{percent(score)}</span></li>'
        for name, score in analysis.ranked(_TOP)
    )
    return f'<ol class="ranked" aria-label="The best guesses">{rows}</ol>'


def notes(analysis: Analysis, comparison: Analysis | None) -> str:
    """What a person should know before trusting the answer; empty when there is nothing to say."""
    sentences = list(analysis.notes)
    if comparison is not None:
        sentences += [f"RGB only: {note}" for note in comparison.notes if note not in sentences]
    if not sentences:
        return ""
    items = "".join(f"<li>{esc(sentence)}</li>" for sentence in sentences)
    return f'<div class="notes" role="note" aria-label="Please note">{icons.WARN}<ul>{items}</ul></div>'
