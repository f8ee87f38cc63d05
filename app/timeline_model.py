"""What the timeline draws: one row per segment, filled in step by step while a clip is analyzed, or from a result.

A cell is in one of five states: waiting (nothing decided yet), chosen (to be run), used (run), skipped, missing (the
clip does not have it there).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import adamml
from adamml import Analysis, ClipFacts
from adamml.inputs import MODALITIES


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One modality of one segment. `policy` is what the policy chose before anything was switched by hand."""

    state: str
    probability: float | None = None
    policy: bool | None = None

    @property
    def on(self) -> bool:
        return self.state in ("used", "chosen")

    @property
    def by_hand(self) -> bool:
        """Whether a person has overruled the policy here."""
        return self.policy is not None and self.policy != self.on


@dataclass(frozen=True, kw_only=True)
class Row:
    """One segment: its cells, its answer, and what the clip says up to its end (class, probability).

    `scores` are by class; `modality_scores` by modality and class, where that was run. `rival` is what looking only
    answered here (class, probability), where it is shown beside.
    """

    index: int
    start: float
    end: float
    cells: Mapping[str, Cell]
    label: str | None = None
    score: float = 0.0
    so_far: tuple[str, float] | None = None
    scores: Mapping[str, float] | None = None
    modality_scores: Mapping[str, Mapping[str, float] | None] = field(default_factory=dict)
    rival: tuple[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class TimelineModel:
    """One timeline. `label` is the clip's answer, None while there is none; `live` while it is being computed.

    `fixed`: its cells cannot be switched, as it shows a policy without choices. `offset`: where the clip begins, in
    seconds of its file; times count from there, and are shown as the file's.
    """

    clip: ClipFacts
    rows: tuple[Row, ...]
    waveform: tuple[float, ...] = ()
    label: str | None = None
    score: float = 0.0
    live: bool = False
    fixed: bool = False
    offset: float = 0.0


def from_analysis(
    analysis: Analysis,
    waveform: Sequence[float] = (),
    base: Analysis | None = None,
    rival: Analysis | None = None,
    offset: float = 0.0,
) -> TimelineModel:
    """A finished result. `base` is the policy's own, where this one was switched by hand; `rival` is shown beside.

    `offset`: see `TimelineModel`.
    """
    running = so_far(analysis)
    own = base.segments if base is not None else (None,) * len(analysis.segments)
    rows = []
    for segment, before, now in zip(analysis.segments, own, running, strict=True):
        cells = {}
        for m in MODALITIES:
            state = "used" if segment.decisions[m] else "skipped" if segment.available[m] else "missing"
            policy = before.decisions[m] if before is not None else segment.decisions[m]
            cells[m] = Cell(state=state, probability=segment.probabilities[m], policy=policy)
        score = 0.0 if segment.scores is None or segment.label is None else segment.scores[segment.label]
        rows.append(
            Row(
                index=segment.index,
                start=segment.start,
                end=segment.end,
                cells=cells,
                label=segment.label,
                score=score,
                so_far=now,
                scores=segment.scores,
                modality_scores=segment.modality_scores,
                rival=_best(rival.segments[segment.index].scores) if rival is not None else None,
            )
        )
    return TimelineModel(
        clip=analysis.clip,
        rows=tuple(rows),
        waveform=tuple(waveform),
        label=analysis.label,
        score=analysis.scores[analysis.label],
        offset=offset,
    )


def so_far(analysis: Analysis) -> list[tuple[str, float] | None]:
    """After each segment, the clip's best class and its probability; None until something was run."""
    return [
        None if moment.scores is None or moment.label is None else (moment.label, moment.scores[moment.label])
        for moment in adamml.running(analysis)
    ]


class Progress:
    """A view that grows with the events of a run."""

    def __init__(self, offset: float = 0.0) -> None:
        self.view: TimelineModel | None = None
        self._offset = offset

    def take(self, event: adamml.Event) -> None:
        """Fill in what the event says."""
        if isinstance(event, adamml.Probed):
            waiting = {m: Cell(state="waiting") for m in MODALITIES}
            rows = tuple(Row(index=i, start=a, end=b, cells=waiting) for i, (a, b) in enumerate(event.spans))
            waveform = self.view.waveform if self.view else ()
            self.view = TimelineModel(clip=event.clip, rows=rows, live=True, waveform=waveform, offset=self._offset)
        elif isinstance(event, adamml.Decided):
            cells = {}
            for m in MODALITIES:
                chosen, probability = event.decisions[m], event.probabilities[m]
                cells[m] = Cell(state="chosen" if chosen else "skipped", probability=probability)
            self._change(event.segment, cells=cells)
        elif isinstance(event, adamml.Scored):
            assert self.view is not None, "a run begins with what the file is"
            row = self.view.rows[event.segment]
            cells = {**row.cells, event.modality: replace(row.cells[event.modality], state="used")}
            label, score = max(event.segment_scores.items(), key=_second)
            clip = max(event.clip_scores.items(), key=_second)
            scores = event.segment_scores
            self._change(event.segment, cells=cells, label=label, score=score, so_far=clip, scores=scores)
            self.view = replace(self.view, label=clip[0], score=clip[1])

    def heard(self, waveform: Sequence[float]) -> None:
        """The sound's outline has been drawn."""
        if self.view is not None:
            self.view = replace(self.view, waveform=tuple(waveform))

    def _change(self, index: int, **changes: object) -> None:
        assert self.view is not None, "a run begins with what the file is"
        rows = list(self.view.rows)
        rows[index] = replace(rows[index], **changes)  # type: ignore[arg-type]
        self.view = replace(self.view, rows=tuple(rows))


def _best(scores: Mapping[str, float] | None) -> tuple[str, float] | None:
    return max(scores.items(), key=_second) if scores else None


def _second(item: tuple[str, float]) -> float:
    return item[1]
