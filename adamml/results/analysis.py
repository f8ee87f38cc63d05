"""What an analysis says: frozen results that check themselves and write JSON and CSV. Imports nothing of ours.

JSON schema, version 1 (all times in seconds from the clip's start, all probabilities 0 to 1, all MACs integers):

    schema      1
    model, version, policy, fusion      which model and which rules answered
    weights     part -> what it was trained as, with the first digits of its file's sha256
    clip        name, duration, has_video, has_audio, width, height, fps (null where there is none)
    classes     list of names, in the order of the model's outputs
    label       best class;  scores: class -> probability of the clip, best first
    known       false where the model is too unsure of any class;  answer: then "none of my classes", else the label
    examined    share of the clip's duration that lies inside any segment
    segments    list of: index, start, end, available, decisions, probabilities (each by modality; probability null
                when the policy gives none), modality_scores (by modality: class -> probability, null if not run),
                scores and label (null if nothing was run), heard (sound -> score from 0 to 1, loudest first; empty
                where the model names no sounds or did not listen)
    heard       sound -> its mean score over the segments that were listened to, the most certain first
    macs        decide, rgb, audio, fusion, total: multiply-accumulates of what ran, full count
    macs_published   the same in the convention of the paper (no classifiers, no joint layers, no fusion)
    alternatives     policy -> macs that it would have needed on this clip (counted, not run)
    seconds     decode, decide, rgb, audio, fusion, total: measured
    notes       sentences a person should read
    precision   in which the RGB recognizer computed: "float32" (also where it is left out), "bfloat16" or "float16"
"""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

SCHEMA = 1
NONE_OF_MINE = "none of my classes"
Scores = Mapping[str, float]
_notebook_view: Callable[["Analysis"], str] = repr


class AnalysisError(ValueError):
    """A result that contradicts itself, or JSON that holds no result."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AnalysisError(message)


def _check_scores(scores: Scores, where: str) -> None:
    _require(all(0 <= value <= 1 for value in scores.values()), f"{where}: a score outside 0 to 1")
    _require(math.isclose(sum(scores.values()), 1, abs_tol=1e-4), f"{where}: scores do not sum to 1")


@dataclass(frozen=True, kw_only=True)
class Macs:
    """Multiply-accumulates by part; one is two floating-point operations."""

    decide: int = 0
    rgb: int = 0
    audio: int = 0
    fusion: int = 0

    def __post_init__(self) -> None:
        _require(min(self.decide, self.rgb, self.audio, self.fusion) >= 0, "negative MACs")

    @property
    def total(self) -> int:
        return self.decide + self.rgb + self.audio + self.fusion

    def to_dict(self) -> dict[str, int]:
        return asdict(self) | {"total": self.total}


@dataclass(frozen=True, kw_only=True)
class Seconds:
    """Measured seconds by part: what computing each took, and of decoding how long it was waited for.

    Networks that run side by side, a core each, are given their part of the time, so that the total is about what a
    person waits; where decoding went on meanwhile it is a little more.
    """

    decode: float = 0.0
    decide: float = 0.0
    rgb: float = 0.0
    audio: float = 0.0
    fusion: float = 0.0

    @property
    def total(self) -> float:
        return round(self.decode + self.decide + self.rgb + self.audio + self.fusion, 6)

    def to_dict(self) -> dict[str, float]:
        return asdict(self) | {"total": self.total}


@dataclass(frozen=True, kw_only=True)
class ClipFacts:
    """What the clip is, as far as a result needs it."""

    name: str
    duration: float
    has_video: bool
    has_audio: bool
    width: int | None = None
    height: int | None = None
    fps: float | None = None

    def __post_init__(self) -> None:
        _require(self.duration > 0, "a clip lasts longer than 0 s")
        _require(self.has_video or self.has_audio, "a clip has picture or sound")


@dataclass(frozen=True, kw_only=True)
class SegmentResult:
    """One segment: where it lies, what was chosen, what was seen."""

    index: int
    start: float
    end: float
    available: Mapping[str, bool]
    decisions: Mapping[str, bool]
    probabilities: Mapping[str, float | None]
    modality_scores: Mapping[str, Scores | None]
    scores: Scores | None
    label: str | None
    heard: Scores = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"segment {self.index}"
        _require(0 <= self.start < self.end, f"{where}: must start at 0 or later and end after its start")
        for modality, used in self.decisions.items():
            _require(not used or self.available[modality], f"{where}: uses {modality}, which the clip lacks")
            _require(used == (self.modality_scores[modality] is not None), f"{where}: {modality} run against decision")
        for probability in self.probabilities.values():
            _require(probability is None or 0 <= probability <= 1, f"{where}: a probability outside 0 to 1")
        _require((self.scores is None) == (not any(self.decisions.values())), f"{where}: scores without a run")
        _require((self.label is None) == (self.scores is None), f"{where}: label without scores")
        for scores in (self.scores, *self.modality_scores.values()):
            if scores is not None:
                _check_scores(scores, where)
        _require(all(0 <= score <= 1 for score in self.heard.values()), f"{where}: a sound's score outside 0 to 1")


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """The whole answer for one clip and one policy. See the module's schema for every field."""

    model: str
    version: str
    policy: str
    fusion: str
    weights: Mapping[str, str]
    clip: ClipFacts
    classes: tuple[str, ...]
    segments: tuple[SegmentResult, ...]
    label: str
    scores: Scores
    examined: float
    macs: Macs
    macs_published: Macs
    alternatives: Mapping[str, Macs] = field(default_factory=dict)
    seconds: Seconds = field(default_factory=Seconds)
    notes: tuple[str, ...] = ()
    known: bool = True
    heard: Scores = field(default_factory=dict)
    precision: str = "float32"

    @property
    def answer(self) -> str:
        """The label, or "none of my classes"."""
        return self.label if self.known else NONE_OF_MINE

    def __post_init__(self) -> None:
        _require(len(self.segments) > 0, "an analysis has at least one segment")
        _require([s.index for s in self.segments] == list(range(len(self.segments))), "segments out of order")
        _require(set(self.scores) == set(self.classes), "scores and classes disagree")
        _check_scores(self.scores, "clip")
        _require(self.scores[self.label] == max(self.scores.values()), "the label is not the best class")
        _require(0 < self.examined <= 1, "the examined share lies above 0 and at most at 1")

    def ranked(self, count: int | None = None) -> list[tuple[str, float]]:
        """(class, probability) from best to worst, the first `count` of them."""
        return sorted(self.scores.items(), key=lambda item: (-item[1], item[0]))[:count]

    def selection_rate(self, modality: str) -> float:
        """Share of all segments in which the modality was run."""
        return sum(segment.decisions[modality] for segment in self.segments) / len(self.segments)

    def saving(self, against: str) -> float:
        """Share of MACs saved against an alternative; negative when this one needed more."""
        return 1 - self.macs.total / self.alternatives[against].total

    def to_dict(self) -> dict[str, Any]:
        values = asdict(self)
        values["scores"], values["answer"] = dict(self.ranked()), self.answer
        for key in ("macs", "macs_published", "seconds"):
            values[key] = getattr(self, key).to_dict()
        values["alternatives"] = {name: macs.to_dict() for name, macs in self.alternatives.items()}
        values["classes"], values["notes"] = list(self.classes), list(self.notes)
        values["segments"] = list(values["segments"])
        return {"schema": SCHEMA} | values

    def to_json(self) -> str:
        """The documented schema as text ending in a newline."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    @staticmethod
    def from_json(text: str) -> "Analysis":
        """The way back.

        Raises:
            AnalysisError: for text that is no such JSON, another schema, or a result that contradicts itself.
        """
        try:
            values = json.loads(text)
            schema = values.pop("schema")
            values.pop("answer", None)  # follows from label and known
            _require(schema == SCHEMA, f"JSON of schema {schema!r}; this version reads {SCHEMA}")
            for key, kind in (("macs", Macs), ("macs_published", Macs), ("seconds", Seconds)):
                values[key] = _without_total(values[key], kind)
            values["alternatives"] = {k: _without_total(v, Macs) for k, v in values["alternatives"].items()}
            values["clip"] = ClipFacts(**values["clip"])
            values["segments"] = tuple(SegmentResult(**segment) for segment in values["segments"])
            values["classes"], values["notes"] = tuple(values["classes"]), tuple(values["notes"])
            read = Analysis(**values)
            _check_types(read)
            return read
        except AnalysisError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise AnalysisError(f"not an analysis: {error}") from error

    def to_csv(self) -> str:
        """One row per segment; empty where nothing was run."""
        modalities = list(self.segments[0].decisions)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        columns = [f"{kind}_{m}" for m in modalities for kind in ("available", "decision", "probability")]
        told = ["label", "score", "heard"]
        writer.writerow(["clip", "policy", "segment", "start", "end", *columns, *told, *self.classes])
        for s in self.segments:
            cells: list[Any] = []
            for m in modalities:
                probability = s.probabilities[m]
                cells += [int(s.available[m]), int(s.decisions[m]), "" if probability is None else probability]
            scores = ["" if s.scores is None else s.scores[name] for name in self.classes]
            best = "" if s.scores is None or s.label is None else s.scores[s.label]
            heard = "; ".join(f"{_plain(name)} {score:.2f}" for name, score in s.heard.items())
            begin = [_plain(self.clip.name), self.policy, s.index, s.start, s.end]
            row = [*begin, *cells, s.label or "", best, heard, *scores]
            writer.writerow(row)
        return out.getvalue()

    def _repr_html_(self) -> str:
        """How a notebook shows it: answer, timeline and table."""
        return _notebook_view(self)


def register_notebook_view(draw: Callable[[Analysis], str]) -> None:
    """Say who draws the notebook's view: `adamml` names `adamml.render`, and results depend on nothing of ours."""
    global _notebook_view
    _notebook_view = draw


def _without_total(values: dict[str, Any], kind: type) -> Any:
    return kind(**{part: value for part, value in values.items() if part != "total"})


def _check_types(result: Any) -> None:
    """That every field of a dataclass holds what it is declared to hold; numbers are finite."""
    for name, kind in get_type_hints(type(result)).items():
        _require(_fits(getattr(result, name), kind), f"{name} cannot be what it is given as")


def _fits(value: Any, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return any(_fits(value, each) for each in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(each, inner[0]) for each in value)
    if origin is Mapping:
        return isinstance(value, dict) and all(_fits(k, inner[0]) and _fits(v, inner[1]) for k, v in value.items())
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, kind):
        _check_types(value)
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))


def _plain(text: str) -> str:
    """A name on one line that no spreadsheet takes for a formula."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return "'" + text if text.lstrip()[:1] in ("=", "+", "-", "@") else text
