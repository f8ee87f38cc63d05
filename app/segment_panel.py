"""A segment opened: what the recognizers saw and heard there, what they made of it, and what it cost."""

import base64

from adamml import Analysis, SegmentDetail, SegmentResult
from app import icons, words
from app.costs import time_words
from app.summary import bars
from app.words import esc, seconds

_TOP = 5
_HERTZ_STEP = 3000


def opened(analysis: Analysis, close: SegmentDetail, offset: float = 0.0) -> str:
    """The panel as HTML. `offset`: where the clip begins, in seconds of its file."""
    segment = analysis.segments[close.segment]
    span = f"{seconds(segment.start + offset)} to {seconds(segment.end + offset)} s"
    lit = bool(close.spotlights)
    return (
        f'<section class="opened" aria-label="Segment {segment.index + 1} opened" data-segment="{segment.index}">'
        f'<div class="card-head"><h2 tabindex="-1">Segment {segment.index + 1}: {span}</h2>'
        f"{_buttons(segment, len(analysis.segments), lit=lit)}</div>"
        f"{_explained(segment, lit=lit)}"
        f'<div class="opened-pair">{_picture(segment, close)}{_sound(segment, close)}</div>'
        f"{_together(analysis, segment, close)}</section>"
    )


def _buttons(segment: SegmentResult, count: int, *, lit: bool) -> str:
    def button(text: str, data: str, *, disabled: bool = False) -> str:
        return f'<button type="button" class="small-button" {data}{" disabled" * disabled}>{text}</button>'

    why = "Hide where" if lit else "Show where it found this"
    ran = segment.label is not None
    return (
        '<div class="opened-buttons">'
        + button("‹ Before", f'data-open="{segment.index - 1}"', disabled=segment.index == 0)
        + button("Next ›", f'data-open="{segment.index + 1}"', disabled=segment.index == count - 1)
        + (button(why, f'data-open="{segment.index}" data-explain="{"" if lit else "1"}"') if ran else "")
        + button("Close", "data-close")
        + "</div>"
    )


def _explained(segment: SegmentResult, *, lit: bool) -> str:
    if not lit or segment.label is None:
        return ""
    return (
        f'<p class="remark">Bright is where the evidence for <b>{esc(words.label(segment.label))}</b> lay; '
        "dark did not matter (Grad-CAM). For the picture it is one map of all frames together.</p>"
    )


def _head(segment: SegmentResult, modality: str) -> str:
    probability = segment.probabilities[modality]
    state = "run" if segment.decisions[modality] else "skipped" if segment.available[modality] else "missing"
    wanted = "" if probability is None else f", wanted {words.chance(probability)}"
    icon = (icons.ON if segment.decisions[modality] else icons.OFF)[modality]
    return f'<h3 class="is-{modality}">{icon} {words.NOUN[modality].capitalize()}: {state}{wanted}</h3>'


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _best(segment: SegmentResult, modality: str) -> str:
    scores = segment.modality_scores[modality]
    if scores is None:
        lack = "The clip has none here." if not segment.available[modality] else "Skipped, so it has no answer."
        return f'<p class="remark">{lack}</p>'
    best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:_TOP]
    return bars(best, f"Best guesses by {words.NOUN[modality]}")


def _picture(segment: SegmentResult, close: SegmentDetail) -> str:
    light = ""
    if "rgb" in close.spotlights:
        light = f'<img class="light" alt="" src="{_uri("png", close.spotlights["rgb"])}">'
    frames = "".join(
        f'<figure><img alt="Frame at {time:.2f} seconds" src="{_uri("jpeg", frame)}">{light}'
        f"<figcaption>{time:.2f} s</figcaption></figure>"
        for frame, time in zip(close.frames, close.frame_times, strict=True)
    )
    strip = f'<div class="frames">{frames}</div>' if frames else ""
    return f'<div class="opened-half">{_head(segment, "rgb")}{strip}{_best(segment, "rgb")}</div>'


def _sound(segment: SegmentResult, close: SegmentDetail) -> str:
    picture = ""
    if close.spectrogram is not None:
        light = ""
        if "audio" in close.spotlights:
            light = f'<img class="light" alt="" src="{_uri("png", close.spotlights["audio"])}">'
        first, last = close.sound_span
        heights = "".join(
            f'<span style="bottom:{100 * hertz / close.top_hertz:.0f}%">{hertz // 1000}</span>'
            for hertz in range(0, int(close.top_hertz) + 1, _HERTZ_STEP)
        )
        times = "".join(
            f'<span style="left:{100 * share:.0f}%">{first + share * (last - first):.1f}</span>'
            for share in (0, 0.25, 0.5, 0.75, 1)
        )
        alt = f"Spectrogram from {first:.1f} to {last:.1f} seconds, 0 to {close.top_hertz / 1000:.0f} kilohertz"
        picture = (
            f'<div class="spectrogram"><div class="spec-y" aria-hidden="true">{heights}<em>kHz</em></div>'
            f'<div class="spec-box"><img alt="{alt}" src="{_uri("png", close.spectrogram)}">{light}</div>'
            f'<div class="spec-x" aria-hidden="true">{times}<em>seconds</em></div></div>'
        )
    said = f"{_heard(segment)}{_best(segment, 'audio')}"
    return f'<div class="opened-half">{_head(segment, "audio")}{picture}{said}</div>'


def _heard(segment: SegmentResult) -> str:
    """The sounds that the model named here."""
    if not segment.heard:
        return ""
    said = esc(words.heard(segment.heard))
    return f'<p class="heard-here"><b>Heard:</b> {said} <small>(scores from 0 to 1, each sound by itself)</small></p>'


def _together(analysis: Analysis, segment: SegmentResult, close: SegmentDetail) -> str:
    ran = {m: segment.decisions[m] for m in ("rgb", "audio")}
    decide = analysis.macs.decide // len(analysis.segments)
    spent = decide + sum(getattr(close.macs, m) for m, used in ran.items() if used)
    possible = decide + close.macs.rgb + close.macs.audio
    took = close.seconds.decide + sum(getattr(close.seconds, m) for m, used in ran.items() if used)
    both = "nothing was run"
    if segment.label is not None and segment.scores is not None:
        both = ", ".join(map(esc, words.headline(segment.label, segment.scores[segment.label])))
    facts = {
        "Together": both,
        "Compute here": f"{words.billions(spent)} of {words.billions(possible)} billion MACs possible, "
        f"{words.billions(decide)} of them for deciding",
    }
    if took:
        facts["Time here"] = f"{time_words(took)} measured (deciding, looking and listening)"
    rows = "".join(f"<dt>{key}</dt><dd>{value}</dd>" for key, value in facts.items())
    return f'<dl class="facts">{rows}</dl>'
