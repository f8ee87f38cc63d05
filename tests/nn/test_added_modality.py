"""Another form of picture that is added in one file: differences of frames in place of the frames themselves.

What a recognizer eats is told once, in its `ModalitySpec`. Sampling, decoding, cost, saving, the session, the result,
the page's lanes and evaluation take it from there.
"""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adamml import Analysis, ModelCard, Recognizer
from adamml.datasets.manifest import ClipEntry
from adamml.evaluation.evaluate import evaluate_manifest
from adamml.inputs import PictureInput
from adamml.media import Clip, settings_for
from adamml.nn import ARCHITECTURES, AdaMML
from adamml.nn.segment_recognizer import SegmentRecognizer
from adamml.weights.checkpoint import LoadedModel, load_model, save_model
from app import timeline
from app.timeline_model import from_analysis
from tests.clips import tone, write_clip
from tests.small_model import untrained_card
from tests.toy_app import TOY

INPUT = PictureInput(
    frames=6, spacing=0.1, short_side=72, crop=64, mean=(0.5,) * 3, std=(0.25,) * 3, glimpse=(0, 2, 4, 5)
)
CLASSES = ("still", "moving")


class DifferenceRecognizer(SegmentRecognizer):
    """How much brighter or darker every pixel becomes from frame to frame, and a linear layer on that."""

    feature_dim = 48

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, self.feature_dim, 8, stride=8)
        self.linear = nn.Linear(self.feature_dim, num_classes)

    def features(self, frames_BTCHW: Tensor) -> Tensor:
        difference = frames_BTCHW.diff(dim=1)
        b, t = difference.shape[:2]
        return self.conv(difference.flatten(0, 1)).relu().mean((2, 3)).reshape(b, t, -1).mean(1)

    def classify(self, features_BD: Tensor) -> Tensor:
        return self.linear(features_BD)


KIND = replace(
    TOY,
    name="toy-difference",
    rgb=replace(TOY.rgb, input=INPUT, recognizer=DifferenceRecognizer, feature_dim=DifferenceRecognizer.feature_dim),
    ticks_per_second=None,
)


def card() -> ModelCard:
    return untrained_card("toy-difference", CLASSES, KIND.name)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Recognizer:
    monkeypatch.setitem(ARCHITECTURES, KIND.name, KIND)
    torch.manual_seed(3)
    network = AdaMML(len(CLASSES), KIND)
    nn.init.normal_(network.policy.rgb.linear.weight, std=1.0)
    for head in network.policy.heads:
        nn.init.normal_(head.weight, std=0.3)
    return Recognizer(LoadedModel(card=card(), network=network.eval().requires_grad_(False)), backend="torch")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", seconds=3.0, sound=tone(3.0))


def test_it_is_given_the_frames_that_it_asks_for(clip: Path) -> None:
    opened = Clip(clip, settings_for("local"), 4, given=KIND.input)
    frames = opened.frames(opened.segments)
    opened.close()
    assert {each.shape for each in frames.values()} == {(6, 64, 64, 3)}
    first = opened.segments[0].frame_times
    assert [round(b - a, 6) for a, b in pairwise(first)] == [0.1] * 5


def test_it_runs_is_counted_and_written(model: Recognizer, clip: Path) -> None:
    with model.open(clip, segments=4) as session:
        answer, everything = session.analyze("adamml"), session.analyze("all")
    assert Analysis.from_json(answer.to_json()) == answer
    looked = [segment.decisions["rgb"] for segment in answer.segments]
    one = 5 * 8 * 8 * 48 * (3 * 8 * 8) + 48 * len(CLASSES)  # convolution over five differences, and the classifier
    assert model.ready.cost.rgb == one
    assert answer.macs.rgb == sum(looked) * one
    assert everything.macs.rgb == 4 * one
    shown = timeline.timeline(from_analysis(answer))
    assert shown.count('data-rgb="used"') == sum(looked)


def test_it_is_kept_and_loaded(model: Recognizer, tmp_path: Path) -> None:
    network = model.ready.engine.network
    save_model(tmp_path / "kept", network, card())
    back = load_model(tmp_path / "kept").network
    assert isinstance(back.recognizers["rgb"], DifferenceRecognizer)
    torch.testing.assert_close(
        back.recognizers["rgb"].conv.weight, network.recognizers["rgb"].conv.weight, rtol=1e-3, atol=1e-6
    )


def test_it_is_measured(model: Recognizer, clip: Path, tmp_path: Path) -> None:
    listed = [ClipEntry(path=clip, label="moving", split="test")]
    table = evaluate_manifest(model, listed, ["rgb", "even-2"], tmp_path / "out", segments=3, progress=lambda _: None)
    row = table.row("even-2")
    assert row is not None
    assert row.selection["rgb"] == pytest.approx(2 / 3)
