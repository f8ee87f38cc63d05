"""The answer before any chart: what the clip is, how sure, what that took, and the five best guesses."""

from adamml import Analysis
from app import icons, words
from app.words import esc, percent

_TOP = 5
_LONG = 16  # letters: longer answers are set smaller
# What a run is measured against in its one sentence. A run is never compared with itself.
_AGAINST = ("all", "rgb")


def answer(analysis: Analysis, *, by_hand: int = 0) -> str:
    """The answer card as HTML. `by_hand` is how many cells a person has switched."""
    score, kind = analysis.scores[analysis.label], words.noun(analysis.classes)
    lines = f'<p class="answer-saving">{saving_sentence(analysis)}</p>'
    lines += f'<p class="answer-use">{use_sentence(analysis)}</p>'
    hand = ""
    if by_hand:
        hand = f'<p class="answer-hand">{icons.HAND} {words.count(by_hand, "cell")} switched by hand</p>'
    return (
        f'<section class="answer" aria-label="Answer">{headline(analysis.label, score, analysis.known, kind)}'
        f"{lines}{ranked(analysis)}{heard(analysis)}{hand}</section>"
    )


def growing(label: str | None, score: float) -> str:
    """The answer card while a clip is analysed."""
    if label is None:
        return '<section class="answer" aria-label="Answer"><h2 class="answer-label"><span>…</span></h2></section>'
    return (
        f'<section class="answer" aria-label="Answer">{headline(label, score)}'
        '<p class="answer-use">So far. It may still change.</p></section>'
    )


def headline(label: str, score: float, known: bool = True, kind: str = "thing") -> str:
    """lion, 96 % sure; or that nothing was recognized for certain, with the nearest class all the same."""
    said, sure = words.headline(label, score, known, kind)
    long = " is-long" if len(said) > _LONG else ""
    return f'<h2 class="answer-label{long}"><span>{esc(said)}</span> <small>{esc(sure)}</small></h2>'


def saving_sentence(analysis: Analysis) -> str:
    """One plain sentence: compute against running everything and against looking only; a loss is said as a loss."""
    parts = words.rivals(analysis, _AGAINST)
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
    sentence = f"It {text}" + (f"; in {idle} it ran nothing." if idle else ".")
    by_policy = heard_by_policy(analysis)
    if by_policy > listened:
        sentence += f" To decide, the policy itself heard {by_policy} {of} through the sound tagger."
    return sentence


def heard_by_policy(analysis: Analysis) -> int:
    """In how many segments sound was listened to, whether or not it then counted in the answer.

    Where the policy hears through the recognizer of sound, a run of it that was not picked is charged all the same:
    the compute tells how many there were.
    """
    alone, there = analysis.alternatives.get("audio"), sum(s.available["audio"] for s in analysis.segments)
    return round(there * analysis.macs.audio / alone.audio) if alone is not None and alone.audio else 0


def ranked(analysis: Analysis) -> str:
    """The five best classes of the clip."""
    return bars(analysis.ranked(_TOP), "The best guesses")


def heard(analysis: Analysis) -> str:
    """Which sounds were heard; empty where the model names none, or heard none for certain."""
    if not analysis.heard:
        return ""
    sounds = "".join(f"<li>{esc(name)} <b>{score:.2f}</b></li>" for name, score in analysis.heard.items())
    return (
        f'<div class="heard"><h3>{icons.SPEAKER} Heard</h3><ul aria-label="Sounds, the most certain first">{sounds}'
        '</ul><p class="remark">Scores from 0 to 1, each sound by itself: no shares of one whole.</p></div>'
    )


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
