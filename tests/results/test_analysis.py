"""Results check themselves, and survive the way through JSON."""

import csv
import dataclasses
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adamml import Analysis, AnalysisError, ClipFacts, Macs, Seconds, SegmentResult

CLASSES = ("cat", "dog", "sea")


def scores_of(weights: list[float]) -> dict[str, float]:
    total = sum(weights)
    return {name: weight / total for name, weight in zip(CLASSES, weights, strict=True)}


@st.composite
def analyses(draw: st.DrawFn) -> Analysis:
    weights = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(scores_of)
    segments = []
    for index in range(draw(st.integers(1, 4))):
        available = {m: draw(st.booleans()) for m in ("rgb", "audio")}
        decisions = {m: available[m] and draw(st.booleans()) for m in available}
        scores = draw(weights) if any(decisions.values()) else None
        segments.append(
            SegmentResult(
                index=index,
                start=float(index),
                end=index + draw(st.floats(0.1, 2)),
                available=available,
                decisions=decisions,
                probabilities={m: draw(st.none() | st.floats(0, 1)) for m in available},
                modality_scores={m: draw(weights) if used else None for m, used in decisions.items()},
                scores=scores,
                label=max(scores, key=lambda name: scores[name]) if scores else None,
            )
        )
    clip_scores = draw(weights)
    counts = st.integers(0, 10**12)
    macs = Macs(decide=draw(counts), rgb=draw(counts), audio=draw(counts), fusion=draw(counts))
    return Analysis(
        model="m",
        version="1",
        policy="adamml",
        fusion="renormalised",
        weights={"recognizers": "r"},
        clip=ClipFacts(name=draw(st.text(max_size=20)), duration=9.5, has_video=True, has_audio=True),
        classes=CLASSES,
        segments=tuple(segments),
        label=max(clip_scores, key=lambda name: clip_scores[name]),
        scores=clip_scores,
        examined=draw(st.floats(0.01, 1)),
        macs=macs,
        macs_published=macs,
        alternatives={"rgb": Macs(rgb=5)},
        seconds=Seconds(decode=draw(st.floats(0, 9)), rgb=draw(st.floats(0, 9))),
        notes=tuple(draw(st.lists(st.text(max_size=9), max_size=2))),
        known=draw(st.booleans()),
    )


@given(analyses())
def test_json_both_ways(analysis: Analysis) -> None:
    assert Analysis.from_json(analysis.to_json()) == analysis


@given(analyses())
def test_json_holds_the_documented_keys(analysis: Analysis) -> None:
    values = json.loads(analysis.to_json())
    assert values["schema"] == 1
    assert isinstance(values["label"], str)
    assert values["macs"]["total"] == sum(v for k, v in values["macs"].items() if k != "total")
    assert "total" in values["seconds"]
    assert list(values["scores"].values()) == sorted(values["scores"].values(), reverse=True)
    for segment in values["segments"]:
        assert {"start", "end", "label", "decisions", "probabilities", "scores"} <= set(segment)
        assert (segment["scores"] is None) == (not any(segment["decisions"].values()))


@given(analyses())
def test_an_unknown_clip_is_none_of_the_classes(analysis: Analysis) -> None:
    assert analysis.answer == (analysis.label if analysis.known else "none of my classes")
    values = json.loads(analysis.to_json())
    assert (values["known"], values["answer"]) == (analysis.known, analysis.answer)
    assert Analysis.from_json(json.dumps(values)).answer == analysis.answer


@given(analyses())
def test_csv_has_a_row_per_segment(analysis: Analysis) -> None:
    rows = list(csv.DictReader(io.StringIO(analysis.to_csv(), newline="")))
    assert [int(row["segment"]) for row in rows] == list(range(len(analysis.segments)))
    for row, segment in zip(rows, analysis.segments, strict=True):
        assert row["decision_rgb"] == str(int(segment.decisions["rgb"]))
        assert row["label"] == (segment.label or "")


@pytest.mark.parametrize("name", ["=1+1.mp4", "+cmd.mp4", "-x.mp4", "@a.mp4"])
def test_csv_holds_no_formula(name: str) -> None:
    plain = ANALYSIS.to_csv().splitlines()[1]
    clip = dataclasses.replace(ANALYSIS.clip, name=name)
    assert dataclasses.replace(ANALYSIS, clip=clip).to_csv().splitlines()[1].startswith("'" + name[0])
    assert plain.startswith("clip.mp4,")


SEGMENT = SegmentResult(
    index=0,
    start=0.0,
    end=1.0,
    available={"rgb": True, "audio": False},
    decisions={"rgb": True, "audio": False},
    probabilities={"rgb": 0.9, "audio": None},
    modality_scores={"rgb": scores_of([1, 1, 2]), "audio": None},
    scores=scores_of([1, 1, 2]),
    label="sea",
)
ANALYSIS = Analysis(
    model="m",
    version="1",
    policy="rgb",
    fusion="renormalised",
    weights={},
    clip=ClipFacts(name="clip.mp4", duration=1.0, has_video=True, has_audio=False),
    classes=CLASSES,
    segments=(SEGMENT,),
    label="sea",
    scores=scores_of([1, 1, 2]),
    examined=1.0,
    macs=Macs(rgb=150),
    macs_published=Macs(rgb=150),
    alternatives={"rgb": Macs(rgb=100)},
)


def test_more_compute_than_the_alternative_is_a_negative_saving() -> None:
    assert ANALYSIS.saving("rgb") == pytest.approx(-0.5)


@pytest.mark.parametrize(
    "change",
    [
        {"decisions": {"rgb": True, "audio": True}},
        {"probabilities": {"rgb": 1.2, "audio": None}},
        {"scores": None},
        {"label": None},
        {"end": -1.0},
        {"modality_scores": {"rgb": None, "audio": None}},
        {"scores": {"cat": 0.9, "dog": 0.9, "sea": 0.9}},
    ],
)
def test_a_segment_that_contradicts_itself_is_refused(change: dict) -> None:
    with pytest.raises(AnalysisError):
        dataclasses.replace(SEGMENT, **change)


@pytest.mark.parametrize(
    "change", [{"label": "cat"}, {"segments": ()}, {"examined": 0.0}, {"classes": ("cat", "dog")}, {"label": "bird"}]
)
def test_an_analysis_that_contradicts_itself_is_refused(change: dict) -> None:
    with pytest.raises((AnalysisError, KeyError)):
        dataclasses.replace(ANALYSIS, **change)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 99}', '{"schema": 1}', "null"])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(AnalysisError):
        Analysis.from_json(text)
