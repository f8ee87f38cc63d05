"""Plain English for numbers, names and results, so that page and exports say the same thing in the same way.

Text only: whoever puts it into HTML escapes it there. A number and its sign are joined by a no-break space. Imports
nothing but results.
"""

from collections.abc import Callable, Sequence

from adamml.inputs import MODALITIES
from adamml.results.analysis import Analysis, Scores, SegmentResult
from adamml.results.policy_spec import spec_of

# The two modalities in page order, with the noun that a reader without a machine-learning background understands.
NOUN = {"rgb": "picture", "audio": "sound"}

LOOKING_EVERYWHERE = "looking everywhere, with or without listening"


def label(name: str) -> str:
    """A class as a person reads it: "sea waves"."""
    return name.replace("_", " ")


def policy(name: str) -> str:
    """A policy's name as a heading; with a number it is "AdaMML at 0.30"."""
    return spec_of(name).label


def percent(share: float) -> str:
    """A probability as a person says it, on one line; never "100 %" or "0 %" unless it is exactly that."""
    if 0 < share < 0.005:
        return "under 1\u00a0%"
    if 0.995 <= share < 1:
        return "over 99\u00a0%"
    return f"{share * 100:.0f}\u00a0%"


def chance(probability: float) -> str:
    """A policy's probability; the half, from which on it chooses, is not said of one that lies below."""
    return "just under 50\u00a0%" if 0.495 <= probability < 0.5 else percent(probability)


def seconds(value: float) -> str:
    """Clip time with one decimal, or none where it says nothing: 7.6, 12."""
    return f"{value:.1f}".removesuffix(".0")


def clock(value: float) -> str:
    """A moment of a long clip: 1:03, 1:02:07."""
    whole = int(value + 1e-6)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def part_note(start: float, end: float) -> str:
    """That only a part of a file was used, for the notes of its result."""
    return f"Only {start:.2f} s to {end:.2f} s of the file were used; times count from {start:.2f} s."


def size(number: int) -> str:
    """A file's size: 640 kB, 3.2 MB."""
    return f"{number / 1e6:.1f} MB" if number >= 999_500 else f"{max(1, round(number / 1e3))} kB"


def billions(macs: int) -> str:
    """MACs in billions with three significant digits at most; a listen of 0.016 is not rounded to nothing."""
    value = macs / 1e9
    if value >= 1:
        return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
    return f"{value:.3f}" if 0.0005 <= value < 0.1 else f"{value:.2f}"


def listing(items: Sequence[str], last: str = "and") -> str:
    """a, b and c"""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def count(number: int, noun: str) -> str:
    """1 segment, 2 segments."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def compared(saving: float) -> str:
    """A share of compute saved (negative: lost): "53 % less", "8 % more", "the same", "about 1,700 times as much"."""
    if abs(saving) < 0.005:
        return "the same"
    if saving > 0:
        return f"{percent(saving)} less"
    if saving > -0.95:
        return f"{percent(-saving)} more"
    times = 1 - saving
    if times < 9.95:
        return "twice as much" if f"{times:.1f}" == "2.0" else f"{times:.1f} times as much"
    return f"{times:.0f} times as much" if times < 99.5 else f"about {float(f'{times:.2g}'):,.0f} times as much"


def than(amount: str) -> str:
    """What joins a comparison to what it is with: less than, the same as, twice as much as."""
    return "than" if amount.endswith(("less", "more")) else "as"


def against(own: Analysis, rgb: Analysis, strong: Callable[[str], str] = str) -> str:
    """What looking only says, beside the policy's answer: the same or not, how sure, and for how much compute.

    `strong` marks what counts, where the text can have marks.
    """
    said = "says the same" if rgb.answer == own.answer else f"says {strong(label(rgb.answer))}"
    amount = compared(1 - rgb.macs.total / own.macs.total) if own.macs.total else "the same"
    cost = "for the same compute" if amount == "the same" else f"for {amount} compute"
    sure = percent(rgb.scores[rgb.label])
    return f"{strong('RGB only')}, looking at every segment, {said} ({sure} sure), {cost}."


def noun(classes: Sequence[str]) -> str:
    """What a model's classes are: "action" where nearly all of them say what somebody does (playing piano), or "thing".

    Kinetics names its actions with a word in -ing; nothing else in a model tells the two apart.
    """
    doing = sum(any(word.endswith("ing") for word in label(name).split()) for name in classes)
    return "action" if doing > 0.8 * len(classes) else "thing"


def headline(name: str, score: float, known: bool = True, kind: str = "thing") -> tuple[str, str]:
    """A clip's answer and how sure it is. A guess is called one, and so is the nearest class of an unknown clip.

    Args:
        name, score: the best class and its probability.
        known: False where the model is too unsure of any class.
        kind: what the classes are, see `noun`.
    """
    if not known:
        return f"{'No action' if kind == 'action' else 'Nothing'} recognized with any certainty", (
            f"looks most like {label(name)}, a guess: {percent(score)}"
        )
    return label(name), f"best guess, only {percent(score)} sure" if is_guess(score) else f"{percent(score)} sure"


def is_guess(score: float) -> bool:
    """Whether an answer is shown as no more than a guess: something else is likelier than it."""
    return score < 0.5


def answer(segment: SegmentResult, *, known: bool = True) -> str:
    """What one segment says: "guitar 92 %", "best guess: guitar 31 %", or "not run".

    Where the clip is none of the classes it is "nearest: guitar 61 %".
    """
    if segment.scores is None or segment.label is None:
        return "not run"
    score = segment.scores[segment.label]
    said = f"{label(segment.label)} {percent(score)}"
    return f"nearest: {said}" if not known else f"best guess: {said}" if is_guess(score) else said


def heard(sounds: Scores, most: int | None = None) -> str:
    """Sounds with their scores, which are no shares: "Piano 0.62, Music 0.55"; empty where none was named.

    AudioSet gives some sounds several names ("Male speech, man speaking"): the first one will do.
    """
    return ", ".join(f"{name.partition(',')[0]} {score:.2f}" for name, score in list(sounds.items())[:most])


def how(segment: SegmentResult) -> str:
    """What was done for a segment: "looked and listened"."""
    done = {("rgb", "audio"): "looked and listened", ("rgb",): "only looked", ("audio",): "only listened"}
    return done.get(tuple(m for m in MODALITIES if segment.decisions[m]), "neither looked nor listened")


def rivals(analysis: Analysis, names: Sequence[str] = ("rgb", "all")) -> list[tuple[float, str]]:
    """(share saved, phrase) against each fixed way but the policy's own, in this order.

    Where listening is next to nothing beside looking, both ways of looking everywhere cost the same and are one.
    """
    others = {name: analysis.alternatives[name] for name in names if name in analysis.alternatives}
    others = {name: macs for name, macs in others.items() if macs.total and name != analysis.policy}
    if "rgb" in others and "all" in others and others["all"].total < 1.01 * others["rgb"].total:
        return [(analysis.saving("rgb"), LOOKING_EVERYWHERE)]
    return [(analysis.saving(name), spec_of(name).phrase) for name in others]


def saving(analysis: Analysis) -> str:
    """What the choices saved, as one sentence in MACs; it also says when they cost more."""
    said = []
    # Listening is always cheap; it is what to compare with only where there is nothing to look at.
    for share, phrase in rivals(analysis, ("rgb", "all") if analysis.clip.has_video else ("rgb", "all", "audio")):
        amount = compared(share)
        said.append(f"{amount} {than(amount)} {phrase}")
    own = f"{billions(analysis.macs.total)} billion MACs"
    return f"{own}: {' and '.join(said)}." if said else f"{own}."
