"""The answer before any chart: what the clip is, how sure, what that took, and the five best guesses."""

from adamml import Analysis
from app import icons, words
from app.view_state import BOTH, OWN, RGB, ViewState
from app.words import esc, percent

_TOP = 5
_NO_SHARES = "Scores from 0 to 1, each sound by itself: no shares of one whole."
_LONG = 16  # letters: longer answers are set smaller
# What a run is measured against in its one sentence. A run is never compared with itself.
_AGAINST = ("all", "rgb")


def card(shown: ViewState) -> str:
    """What the switch above it asks for: the policy's answer, that of looking only, or both beside each other."""
    rgb = shown.rgb
    if shown.way != OWN and rgb is None:
        wait = "RGB only is still running. Until it is there, this is the policy’s own answer."
        none = "This clip has no picture, so looking only says nothing of it."
        remark = wait if shown.base.clip.has_video else none
        return answer(shown.current, by_hand=shown.switched, remark=remark)
    if shown.way == BOTH and rgb is not None:
        pair = f'<div class="answer-pair">{_half(shown.current)}{_half(rgb)}</div>'
        return f'<section class="answer" aria-label="Both answers"><p>{against(shown.current, rgb)}</p>{pair}</section>'
    if shown.way == RGB and rgb is not None:
        return answer(rgb)
    return answer(shown.current, by_hand=shown.switched, rgb=rgb)


def _half(analysis: Analysis) -> str:
    score, kind = analysis.scores[analysis.label], words.noun(analysis.classes)
    return (
        f'<div class="answer-half"><h3>{esc(words.policy(analysis.policy))}</h3>'
        f"{headline(analysis.label, score, analysis.known, kind)}{ranked(analysis)}"
        f'<p class="answer-use">{use_sentence(analysis)}</p></div>'
    )


def against(own: Analysis, rgb: Analysis) -> str:
    """What looking only says, beside the policy's answer: the same or not, how sure, and for how much compute."""
    return words.against(own, rgb, lambda text: f"<strong>{esc(text)}</strong>")


def answer(analysis: Analysis, *, by_hand: int = 0, rgb: Analysis | None = None, remark: str = "") -> str:
    """The answer card as HTML. `by_hand` is how many cells a person has switched, `rgb` what looking only gave."""
    score, kind = analysis.scores[analysis.label], words.noun(analysis.classes)
    lines = f'<p class="answer-use">{esc(remark)}</p>' if remark else ""
    lines += f'<p class="answer-saving">{saving_sentence(analysis)}</p>'
    lines += f'<p class="answer-use">{use_sentence(analysis)}</p>'
    if rgb is not None and rgb is not analysis:
        lines += f'<p class="answer-rgb">{against(analysis, rgb)}</p>'
    hand = ""
    if by_hand:
        hand = f'<p class="answer-hand">{icons.HAND} {words.count(by_hand, "cell")} switched by hand</p>'
    return (
        f'<section class="answer" aria-label="Answer">{headline(analysis.label, score, analysis.known, kind)}'
        f"{lines}"
        f'<div class="answer-lists">{ranked(analysis)}{heard(analysis)}</div>{_feedback(analysis)}{hand}</section>'
    )


def _feedback(analysis: Analysis) -> str:
    """Whether it is right; `feedback.js` keeps what is said in the tab, and marks the segments."""
    label = esc(words.label(analysis.label))
    return (
        '<div class="feedback"><span>Right?</span>'
        f'<button type="button" class="small-button" data-right="{label}">Yes</button>'
        '<button type="button" class="small-button" data-right="">No, it is …</button>'
        '<form hidden><input list="truths" aria-label="What it is" placeholder="what it is" autocomplete="off">'
        '<datalist id="truths"></datalist><button class="small-button">Mark</button></form>'
        f'<a class="answer-model" href="#details-card" title="What it was made of: its card">{esc(analysis.model)}</a>'
        '<small data-told role="status"></small></div>'
    )


def growing(label: str | None, score: float) -> str:
    """The answer card while a clip is analyzed."""
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
    return f'<strong class="{kind}">{mark}{amount}{what}</strong> {words.than(amount)} {phrase}'


def use_sentence(analysis: Analysis) -> str:
    """How much of the clip it looked at and listened to, and in how many segments."""
    total = words.count(len(analysis.segments), "segment")
    listened = sum(s.decisions["audio"] for s in analysis.segments)
    idle = sum(s.scores is None for s in analysis.segments)
    did: list[str] = []
    for modality, verb in (("rgb", "looked at"), ("audio", "listened to")):
        if ran := sum(s.decisions[modality] for s in analysis.segments):
            again = bool(did) and not did[0].startswith("never")
            of, time = ("", "") if again else (f" of {total}", " of this clip's time")
            did.append(f"{verb} {ran}{of} ({percent(covered(analysis, modality))}{time})")
        else:
            did.append(f"never {verb.split()[0]}")
    if did[0].startswith("never"):
        did.reverse()  # what it did, before what it did not
    sentence = f"It {words.listing(did)}" + (f"; in {idle} it ran nothing." if idle else ".")
    by_policy = heard_by_policy(analysis)
    if by_policy > listened:
        sentence += f" To decide, the policy itself heard {by_policy} of {total} through the sound tagger."
    return sentence


def covered(analysis: Analysis, modality: str) -> float:
    """Share of the clip's seconds that lie in a segment where this was run. Segments may overlap."""
    seen, reached = 0.0, 0.0
    for segment in analysis.segments:
        if segment.decisions[modality]:
            seen += max(0.0, min(segment.end, analysis.clip.duration) - max(segment.start, reached))
            reached = max(reached, segment.end)
    return min(1.0, seen / analysis.clip.duration)


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
    sounds = "".join(f"<li><span>{esc(name)}</span> <b>{score:.2f}</b></li>" for name, score in analysis.heard.items())
    return (
        f'<div class="heard" title="{_NO_SHARES}"><h3>{icons.SPEAKER} Heard</h3>'
        f'<ul aria-label="Sounds, the most certain first. {_NO_SHARES}">{sounds}</ul></div>'
    )


def bars(best: list[tuple[str, float]], name: str) -> str:
    """Classes with bars; the numbers are text, so the list reads well without the bars."""
    rows = "".join(
        f'<li><span class="rank-name">{esc(words.label(label))}</span><span class="rank-bar" aria-hidden="true">'
        f'<i style="width:{100 * score:.1f}%"></i></span><span class="rank-score">{percent(score)}</span></li>'
        for label, score in best
    )
    return f'<ol class="ranked" aria-label="{esc(name)}">{rows}</ol>'


def notes(shown: ViewState) -> str:
    """What a person should know before trusting the answer; empty when there is nothing to say."""
    analysis = shown.base
    if not analysis.notes:
        return ""
    said = analysis.notes
    if shown.part:
        ours = words.part_note(shown.offset, shown.offset + analysis.clip.duration)
        here = f"Only {shown.part} of the file was analyzed. Times on this page are the file’s; files that you take "
        here += f"away count from {words.clock(shown.offset, 3600)}."
        said = tuple(here if sentence == ours else sentence for sentence in said)
    items = "".join(f"<li>{esc(sentence)}</li>" for sentence in said)
    return f'<div class="notes" role="note" aria-label="Please note">{icons.WARN}<ul>{items}</ul></div>'
