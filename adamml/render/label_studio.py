"""Predictions for Label Studio: a task with the model's answers, to be corrected by people.

For a video, spans are counted in frames from 1, at the rate that the task brings along:

    <View><Video name="video" value="$video" frameRate="$fps"/>
      <TimelineLabels name="action" toName="video"> <Label value="..."/> </TimelineLabels>
      <Choices name="clip" toName="video"> <Choice value="..."/> </Choices></View>

For sound alone, in seconds: <Audio name="audio" value="$audio"/> with <Labels name="action" toName="audio">. The clip
is named as it was analyzed; where it lies for Label Studio, whoever imports the task has to say. Of a clip that is none
of the model's classes nothing is claimed.
"""

import json
from typing import Any

from adamml.results.analysis import Analysis, SegmentResult

USUAL_FPS = 24.0  # what Label Studio assumes, for a clip that states none


def as_label_studio(analysis: Analysis) -> str:
    """The analysis as the text of a JSON file to import: a list with one task."""
    clip = analysis.clip
    kind = "video" if clip.has_video else "audio"
    fps = clip.fps or USUAL_FPS
    results: list[dict[str, Any]] = []
    if analysis.known:
        whole = {"id": "clip", "from_name": "clip", "to_name": kind, "type": "choices"}
        results.append(whole | {"value": {"choices": [analysis.label]}, "score": analysis.scores[analysis.label]})
        results += [_span(segment, kind, fps) for segment in analysis.segments if segment.label is not None]
    prediction = {
        "model_version": f"{analysis.model} {analysis.version}, policy {analysis.policy}",
        "score": analysis.scores[analysis.label],
        "result": results,
    }
    data = {kind: clip.name} | ({"fps": fps} if clip.has_video else {})
    return json.dumps([{"data": data, "predictions": [prediction]}], indent=2, allow_nan=False) + "\n"


def _span(segment: SegmentResult, kind: str, fps: float) -> dict[str, Any]:
    assert segment.label is not None
    assert segment.scores is not None
    value: dict[str, Any]
    if kind == "video":
        first = int(segment.start * fps) + 1
        value = {"ranges": [{"start": first, "end": max(first, round(segment.end * fps))}]}
        value["timelinelabels"] = [segment.label]
    else:
        value = {"start": segment.start, "end": segment.end, "channel": 0, "labels": [segment.label]}
    return {
        "id": f"segment-{segment.index}",
        "from_name": "action",
        "to_name": kind,
        "type": "timelinelabels" if kind == "video" else "labels",
        "value": value,
        "score": segment.scores[segment.label],
    }
