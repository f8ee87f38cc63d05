"""What other programs read of an analysis: chapters, labels for FiftyOne, predictions for Label Studio."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from adamml import Analysis, ClipFacts, Macs, SegmentResult
from adamml.cli import main
from adamml.render.chapters import as_chapters
from adamml.render.fiftyone import as_fiftyone
from adamml.render.label_studio import USUAL_FPS, as_label_studio

CUE = re.compile(r"(\d+):(\d\d):(\d\d\.\d{3}) --> (\d+):(\d\d):(\d\d\.\d{3})\n(.+)")


CLASSES = ("cat", "dog", "sea")
HEARD = {"cat": 0.1, "dog": 0.7, "sea": 0.2}


def segment(index: int, ran: bool) -> SegmentResult:
    return SegmentResult(
        index=index,
        start=0.98 * index,
        end=0.98 * index + 1.07,
        available={"rgb": True, "audio": True},
        decisions={"rgb": False, "audio": ran},
        probabilities={"rgb": 0.2, "audio": 0.8},
        modality_scores={"rgb": None, "audio": HEARD if ran else None},
        scores=HEARD if ran else None,
        label="dog" if ran else None,
    )


@pytest.fixture
def analysis() -> Analysis:
    """Four segments; nothing is run in the third."""
    return Analysis(
        model="toy",
        version="0",
        policy="audio",
        fusion="renormalised",
        weights={},
        clip=ClipFacts(name="plain.mp4", duration=4.0, has_video=True, has_audio=True, fps=25.0),
        classes=CLASSES,
        segments=tuple(segment(index, index != 2) for index in range(4)),
        label="dog",
        scores=HEARD,
        examined=1.0,
        macs=Macs(audio=4),
        macs_published=Macs(audio=4),
    )


def named(analysis: Analysis, labels: list[str | None]) -> Analysis:
    """The same with other answers."""
    segments = tuple(
        dataclasses.replace(segment, label=label) for segment, label in zip(analysis.segments, labels, strict=True)
    )
    return dataclasses.replace(analysis, segments=segments)


def cues(text: str) -> list[tuple[float, float, str]]:
    found = []
    for *numbers, title in CUE.findall(text):
        h1, m1, s1, h2, m2, s2 = map(float, numbers)
        found.append((3600 * h1 + 60 * m1 + s1, 3600 * h2 + 60 * m2 + s2, title))
    return found


def test_chapters_join_what_is_answered_alike_and_cover_the_clip(analysis: Analysis) -> None:
    text = as_chapters(named(analysis, ["dog", "dog", None, "sea"]))
    assert text.startswith("WEBVTT\n\n")
    turn = pytest.approx(analysis.segments[3].start, abs=0.001)
    end = pytest.approx(analysis.clip.duration, abs=0.001)
    assert cues(text) == [(0.0, turn, "dog"), (turn, end, "sea")]


def test_a_clip_of_nothing_known_is_one_chapter_and_no_claim(analysis: Analysis) -> None:
    unknown = dataclasses.replace(analysis, known=False)
    assert [title for *_, title in cues(as_chapters(unknown))] == ["none of my classes"]
    assert json.loads(as_fiftyone(unknown)) == {"labels": {"plain": []}}
    assert json.loads(as_label_studio(unknown))[0]["predictions"][0]["result"] == []


def test_no_name_of_a_clip_or_class_breaks_a_chapter(analysis: Analysis) -> None:
    hostile = dataclasses.replace(analysis, clip=dataclasses.replace(analysis.clip, name="a\n\n--> <b>.mp4"))
    assert as_chapters(hostile).count("-->") == len(cues(as_chapters(hostile)))


def test_fiftyone_gets_every_segment_that_was_run(analysis: Analysis) -> None:
    (found,) = json.loads(as_fiftyone(analysis))["labels"].values()
    run = [segment for segment in analysis.segments if segment.label is not None]
    assert [each["label"] for each in found] == [segment.label for segment in run]
    assert [each["timestamps"] for each in found] == [[segment.start, segment.end] for segment in run]
    assert [each["confidence"] for each in found] == [segment.scores[segment.label] for segment in run]
    assert found[0]["attributes"] == {"ran_rgb": False, "ran_audio": True}


def test_label_studio_counts_frames_from_one(analysis: Analysis) -> None:
    (task,) = json.loads(as_label_studio(analysis))
    fps = analysis.clip.fps
    assert task["data"] == {"video": "plain.mp4", "fps": fps}
    (prediction,) = task["predictions"]
    assert prediction["model_version"].startswith("toy 0")
    whole, *spans = prediction["result"]
    assert (whole["type"], whole["value"]) == ("choices", {"choices": [analysis.label]})
    assert [each["type"] for each in spans] == ["timelinelabels"] * 3
    (first,) = spans[0]["value"]["ranges"]
    assert first["start"] == int(analysis.segments[0].start * fps) + 1
    assert first["end"] == round(analysis.segments[0].end * fps)
    assert len({each["id"] for each in prediction["result"]}) == 4


def test_label_studio_takes_sound_in_seconds_and_a_rate_where_none_is_stated(analysis: Analysis) -> None:
    heard = dataclasses.replace(analysis, clip=dataclasses.replace(analysis.clip, has_video=False, fps=None))
    (task,) = json.loads(as_label_studio(heard))
    span = task["predictions"][0]["result"][1]
    assert set(task["data"]) == {"audio"}
    assert (span["to_name"], span["type"]) == ("audio", "labels")
    assert span["value"]["end"] == analysis.segments[0].end
    unstated = dataclasses.replace(analysis, clip=dataclasses.replace(analysis.clip, fps=None))
    assert json.loads(as_label_studio(unstated))[0]["data"]["fps"] == USUAL_FPS


def test_a_saved_analysis_is_exported_without_a_model(
    analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "found.json"
    saved.write_text(analysis.to_json())
    monkeypatch.setenv("ADAMML_CHECKPOINTS", str(tmp_path / "none"))
    forms = {"fiftyone": as_fiftyone, "label-studio": as_label_studio, "chapters": as_chapters}
    arguments = [part for form in forms for part in (f"--{form}", str(tmp_path / form))]
    assert main(["export", str(saved), *arguments]) == 0
    assert {form: (tmp_path / form).read_text() for form in forms} == {
        form: write(analysis) for form, write in forms.items()
    }
    capsys.readouterr()
    (tmp_path / "other.json").write_text("{}")
    for wrong, says in (
        ([str(saved), "--mp4", str(tmp_path / "a.mp4")], "needs the clip itself"),
        ([str(saved), "--csv", str(saved)], "which is read"),
        ([str(tmp_path / "other.json"), "--csv", str(tmp_path / "a.csv")], "not an analysis"),
        ([str(tmp_path / "none.json"), "--csv", str(tmp_path / "a.csv")], "none.json"),
        ([str(saved)], "say what to write"),
    ):
        assert main(["export", *wrong]) == 2
        said = capsys.readouterr().err
        assert says in said
        assert said.count("\n") == 1
