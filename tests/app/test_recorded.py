"""What the page shows first is kept small, whatever the number of classes, and comes back as it was."""

import dataclasses
import json
from pathlib import Path

import pytest

from app.recorded import packed, unpacked
from tests.clips import tone, write_clip
from tests.toy_app import hearing_recognizer


def test_a_recorded_analysis_is_small_and_comes_back(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=3.0, sound=tone(3.0))
    told = hearing_recognizer().analyze(clip, "all", segments=4)
    text = json.dumps(packed(told))
    assert len(text) < len(told.to_json()) / 2
    back = unpacked(json.loads(text))
    assert back.label == told.label
    assert back.scores == pytest.approx(dict(told.scores), rel=1e-3)
    assert back.segments[1].modality_scores["rgb"] == pytest.approx(
        dict(told.segments[1].modality_scores["rgb"] or {}), rel=1e-3
    )
    assert back.heard == pytest.approx(dict(told.heard), rel=1e-3)
    assert dataclasses.replace(back, seconds=told.seconds).macs == told.macs
