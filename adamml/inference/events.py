"""What happens while a clip is analyzed. Every event says how far things are, in words and as a share."""

from collections.abc import Mapping
from dataclasses import dataclass

from adamml.results.analysis import Analysis, ClipFacts


@dataclass(frozen=True, kw_only=True)
class Event:
    """progress: 0 to 1; message: plain English."""

    progress: float
    message: str


@dataclass(frozen=True, kw_only=True)
class Probed(Event):
    """The file was looked over."""

    clip: ClipFacts
    spans: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Decoded(Event):
    """Frames or sound of the first `done` segments were fetched."""

    done: int


@dataclass(frozen=True, kw_only=True)
class Decided(Event):
    """The policy chose for one segment."""

    segment: int
    decisions: Mapping[str, bool]
    probabilities: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Scored(Event):
    """One cell was run: what its segment says so far, and what the clip says so far (class -> probability, as
    sure as the result will be)."""

    segment: int
    modality: str
    segment_scores: Mapping[str, float]
    clip_scores: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Finished(Event):
    """The answer."""

    analysis: Analysis
