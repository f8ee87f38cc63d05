"""What one visitor sees: one frozen value in one `gr.State`, from which every panel is drawn."""

from dataclasses import dataclass, replace

import adamml
from adamml import Analysis, Macs, Storyboard
from adamml.inputs import MODALITIES
from adamml.results.policy_spec import spec_of
from app import words
from app.session_store import SessionKey
from app.timeline_model import TimelineModel, from_analysis

Grid = tuple[dict[str, bool], ...]

# The budget slider's stops, as shares of the compute of running everything; the same as `adamml analyze --budget`.
BUDGETS = tuple(percent / 100 for percent in range(5, 101, 5))

# What the switch above the answer shows: the policy's own result, looking only, or both.
OWN, RGB, BOTH = "own", "rgb", "both"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a way of choosing answered on this clip, counted MACs and measured seconds."""

    answer: str
    certainty: float
    macs: Macs
    seconds: float


def outcome(analysis: Analysis) -> Outcome:
    """The outcome of a result."""
    certainty = analysis.scores[analysis.label]
    return Outcome(answer=analysis.answer, certainty=certainty, macs=analysis.macs, seconds=analysis.seconds.total)


@dataclass(frozen=True, kw_only=True)
class ViewState:
    """One analyzed clip and what its visitor has done with it.

    Attributes:
        base: what the policy itself chose and answered.
        current: `own` after switching by hand; `own` while nothing is switched.
        board: thumbnails and waveform.
        points: analyses by budget, as far as they are known: budget -> (MACs, label, certainty).
        budget: of the slider, a share of running everything; None while the policy is not limited.
        limited: what the budget gave; None without one.
        recorded: whether this came with the page and was not computed just now.
        rgb: looking only, once it has run; `base` itself where that is what was asked for.
        everything: what running everything gave, once it has run.
        way: which of them the page shows: `OWN`, `RGB` or `BOTH`.
    """

    key: SessionKey
    base: Analysis
    current: Analysis
    board: Storyboard
    points: tuple["Point", ...] = ()
    budget: float | None = None
    limited: Analysis | None = None
    recorded: bool = False
    rgb: Analysis | None = None
    everything: Outcome | None = None
    way: str = OWN

    @property
    def title(self) -> str:
        """A name for people: "Lion after dark"."""
        return self.base.clip.name.rsplit(".", 1)[0].replace("_", " ").replace("-", " ").capitalize()

    @property
    def offset(self) -> float:
        """Where the analyzed part begins, in seconds of the file."""
        return self.key.start or 0.0

    @property
    def part(self) -> str:
        """Which part of the file was analyzed, "1:03 to 3:03"; empty where it was all of it."""
        return "" if self.key.start is None else words.span(self.offset, self.offset + self.base.clip.duration)

    @property
    def own(self) -> Analysis:
        """What stands before anything is switched by hand: the policy's own result, or that within the budget."""
        return self.base if self.limited is None else self.limited

    @property
    def switched(self) -> int:
        """How many cells differ from what the policy chose."""
        pairs = zip(self.own.segments, self.current.segments, strict=True)
        return sum(a.decisions[m] != b.decisions[m] for a, b in pairs for m in MODALITIES)

    @property
    def shown(self) -> Analysis:
        """The result that the answer and the timeline show."""
        return self.rgb if self.way == RGB and self.rgb is not None else self.current

    def view(self) -> TimelineModel:
        """For the timeline."""
        if self.shown is not self.current:
            return replace(from_analysis(self.shown, self.board.waveform, offset=self.offset), fixed=True)
        beside = self.rgb if self.way == BOTH else None
        return from_analysis(self.current, self.board.waveform, self.own, beside, self.offset)

    def reset(self) -> "ViewState":
        """Back to what the policy chose."""
        return replace(self, current=self.base, budget=None, limited=None)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One budget on this clip: look for at most this share of running everything."""

    budget: float
    macs: int
    label: str
    certainty: float


def grid_of(analysis: Analysis) -> Grid:
    """What an analysis ran, cell by cell."""
    return tuple(dict(segment.decisions) for segment in analysis.segments)


def rated(analysis: Analysis) -> bool:
    """Whether the policy said how much it wanted each cell."""
    return any(p is not None for s in analysis.segments for p in s.probabilities.values())


def has_budget(analysis: Analysis) -> bool:
    """Whether a budget can be set: AdaMML's network has rated looks, and its ratings give their order."""
    if spec_of(analysis.policy).network != "adamml":
        return False
    return any(segment.probabilities["rgb"] is not None for segment in analysis.segments)


def budget_looks(analysis: Analysis, budget: float) -> set[int]:
    """The segments that are looked at within a budget, told from what was recorded."""
    visible = [s for s in analysis.segments if s.probabilities["rgb"] is not None]
    order = adamml.by_promise([s.probabilities["rgb"] or 0.0 for s in visible])
    return {visible[place].index for place in order[: adamml.looks_within(budget, len(analysis.segments))]}
