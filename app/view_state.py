"""What one visitor sees: one frozen value in one `gr.State`, from which every panel is drawn."""

from dataclasses import dataclass, replace

from adamml import Analysis, Macs, Storyboard
from app import words
from app.session_store import SessionKey
from app.timeline_model import MODALITIES, TimelineModel, from_analysis

Grid = tuple[dict[str, bool], ...]

# The budget slider's stops, from "run everything" to "run only what it is certain of"; 0.5 is what the policy itself
# does. Close together at the ends, because policies are seldom undecided.
THRESHOLDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
OWN_THRESHOLD = 0.5

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
        current: the same after switching by hand; `base` while nothing is switched.
        board: thumbnails and waveform.
        points: analyses by budget, as far as they are known: threshold -> (MACs, label, certainty).
        threshold: of the budget slider; None while the policy's own choices stand.
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
    threshold: float | None = None
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
    def switched(self) -> int:
        """How many cells differ from what the policy chose."""
        pairs = zip(self.base.segments, self.current.segments, strict=True)
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
        return from_analysis(self.current, self.board.waveform, self.base, beside, self.offset)

    def reset(self) -> "ViewState":
        """Back to what the policy chose."""
        return replace(self, current=self.base, threshold=None)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One budget on this clip: run what the policy wants at least this much."""

    threshold: float
    macs: int
    label: str
    certainty: float


def grid_of(analysis: Analysis) -> Grid:
    """What an analysis ran, cell by cell."""
    return tuple(dict(segment.decisions) for segment in analysis.segments)


def budget_grid(analysis: Analysis, threshold: float) -> Grid:
    """Run every cell whose probability reaches the threshold; cells without one stay as they are."""

    def on(segment_index: int, modality: str) -> bool:
        segment = analysis.segments[segment_index]
        probability = segment.probabilities[modality]
        if probability is None:
            return segment.decisions[modality]
        return segment.available[modality] and probability >= threshold

    return tuple({m: on(i, m) for m in MODALITIES} for i in range(len(analysis.segments)))


def has_budget(analysis: Analysis) -> bool:
    """Whether the policy said how much it wanted each cell."""
    return any(p is not None for s in analysis.segments for p in s.probabilities.values())
