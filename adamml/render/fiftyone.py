"""Temporal detections for FiftyOne: the labels.json of its format FiftyOneTemporalDetectionDataset.

    dataset = fiftyone.Dataset.from_dir(data_path=FOLDER_OF_CLIPS, labels_path="labels.json",
                                        dataset_type=fiftyone.types.FiftyOneTemporalDetectionDataset)

One detection per segment of which anything was run: seconds, class, probability, and what was run as attributes. A clip
is named without its ending, as there. Of a clip that is none of the model's classes nothing is claimed.
"""

import json
from pathlib import PurePath
from typing import Any

from adamml.results.analysis import Analysis, SegmentResult


def as_fiftyone(analysis: Analysis) -> str:
    """The analysis as the text of labels.json."""
    found = [_detection(segment) for segment in analysis.segments if segment.label is not None and analysis.known]
    return json.dumps({"labels": {PurePath(analysis.clip.name).stem: found}}, indent=2, allow_nan=False) + "\n"


def _detection(segment: SegmentResult) -> dict[str, Any]:
    assert segment.label is not None
    assert segment.scores is not None
    return {
        "label": segment.label,
        "timestamps": [segment.start, segment.end],
        "confidence": segment.scores[segment.label],
        "attributes": {f"ran_{modality}": ran for modality, ran in segment.decisions.items()},
    }
