"""Plain English for numbers and names, the same in every export."""

from adamml.analysis import Analysis, SegmentResult

NOUN = {"rgb": "picture", "audio": "sound"}
MODALITIES = ("rgb", "audio")

POLICY = {
    "adamml": "AdaMML",
    "cascade": "Sound first",
    "audio": "Sound only",
    "rgb": "Picture only (RGB)",
    "all": "Everything",
    "random": "Random",
    "liteeval": "LiteEval",
    "adamml-nocost": "AdaMML without costs",
}
_PHRASE = {"rgb": "looking alone (RGB)", "all": "running everything", "audio": "listening alone"}


def label(name: str) -> str:
    """A class as a person reads it: "sea waves"."""
    return name.replace("_", " ")


def policy(name: str) -> str:
    """A policy's name as a heading."""
    return POLICY.get(name, name.replace("_", " ").replace("-", " ").capitalize())


def percent(share: float) -> str:
    """A probability as a person says it; never "100 %" or "0 %" unless it is exactly that."""
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{share * 100:.0f} %"


def seconds(value: float) -> str:
    """Clip time with one decimal, or none where it says nothing: 7.6, 12."""
    return f"{value:.1f}".removesuffix(".0")


def billions(macs: int) -> str:
    """MACs in billions with three significant digits at most."""
    value = macs / 1e9
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def answer(segment: SegmentResult) -> str:
    """ "guitar 92 %", or "not run"."""
    if segment.scores is None or segment.label is None:
        return "not run"
    return f"{label(segment.label)} {percent(segment.scores[segment.label])}"


def headline(analysis: Analysis) -> tuple[str, str]:
    """The clip's answer, and how sure it is; "None of my classes" with the nearest one where it is too unsure."""
    sure = percent(analysis.scores[analysis.label])
    if analysis.known:
        return label(analysis.label), f"{sure} sure"
    return analysis.answer.capitalize(), f"nearest: {label(analysis.label)}, {sure}"


def how(segment: SegmentResult) -> str:
    """What was done for a segment: "looked and listened"."""
    done = {("rgb", "audio"): "looked and listened", ("rgb",): "only looked", ("audio",): "only listened"}
    return done.get(tuple(m for m in MODALITIES if segment.decisions[m]), "neither looked nor listened")


def saving(analysis: Analysis) -> str:
    """What the choices saved, as one sentence in MACs; it also says when they cost more."""
    said = []
    for name, phrase in _PHRASE.items():
        # Listening is always cheap; it is what to compare with only where there is nothing to look at.
        if name == "audio" and analysis.clip.has_video:
            continue
        if name != analysis.policy and name in analysis.alternatives:
            said.append(f"{_compared(analysis.saving(name))} {phrase}")
    own = f"{billions(analysis.macs.total)} billion MACs"
    return f"{own}: {' and '.join(said)}." if said else f"{own}."


def _compared(saved: float) -> str:
    if abs(saved) < 0.005:
        return "the same as"
    if saved > 0:
        return f"{percent(saved)} less than"
    return f"{percent(-saved)} more than" if saved > -1 else f"{1 - saved:.1f} times as much as"
