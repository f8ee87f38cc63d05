"""Cross-validation of `kinetics-400`: who is measured on what, and what is written of it."""

import json
from pathlib import Path

import pytest
import torch

from adamml.cli import main
from adamml.datasets.manifest import ClipEntry, Manifest
from adamml.nn import ARCHITECTURES, MODALITIES, AdaMML
from adamml.training.cascade_trainer import CascadeStage
from adamml.training.config import Kinetics400Preset, PolicyStages
from adamml.training.feature_bank import Bank
from adamml.training.joint import JointStage
from adamml.training.kinetics400.clips import RealSegments
from adamml.training.kinetics400.folds import folds_of, folds_of_groups
from adamml.training.kinetics400.recipe import AS_THEY_ARE, DAMAGED, OTHERS, Kinetics400Run
from adamml.training.liteeval_trainer import LiteEvalStage
from adamml.training.photo_sound_recipe import fills

SEGMENTS, TESTED, OTHER_CLIPS = 3, 4, 4
QUICK = PolicyStages(
    policy=JointStage(epochs=1, steps=1, batch=4),
    cascade=CascadeStage(steps=1, batch=4),
    liteeval=LiteEvalStage(steps=1, batch=4, target=0.35),
)


@pytest.fixture(scope="module")
def network() -> AdaMML:
    torch.manual_seed(0)
    return AdaMML(7, ARCHITECTURES["i3d-tagger"]).requires_grad_(False).eval()


def telling_clips(network: AdaMML) -> RealSegments:
    """Clips of class 0 to 2 whose picture says so, with random sound; the last ones lack sound."""
    torch.manual_seed(1)
    count = TESTED + OTHER_CLIPS
    label = torch.arange(count) % 2
    label[TESTED:] = 2
    rows = count * SEGMENTS + 2 * count + 1
    logits = torch.zeros(rows, 7)
    logits[torch.arange(count * SEGMENTS), label.repeat_interleave(SEGMENTS)] = 5.0
    none = torch.zeros(0, dtype=torch.long)
    rgb = torch.randn(rows, network.kind.rgb.feature_dim)
    with torch.no_grad():
        weight, bias = network.recognizers["rgb"].classifier.weight, network.recognizers["rgb"].classifier.bias
        bias.zero_()
        rgb = logits @ torch.linalg.pinv(weight.reshape(7, -1)).T
    audio = torch.rand(count * SEGMENTS + 17, network.kind.audio.feature_dim)
    banks = {
        "rgb": Bank(glimpse=torch.randn(rows, 1280), features=rgb, logits=logits, label=none, source=none),
        "audio": Bank(
            glimpse=audio,
            features=audio,
            logits=network.recognizers["audio"].classify(audio).detach(),
            label=none,
            source=none,
        ),
    }
    present = torch.ones(count, len(MODALITIES))
    present[-1, 1] = 0
    return RealSegments(
        banks=banks, label=label, present=present, blurred=torch.zeros(count, dtype=torch.long), segments=SEGMENTS
    )


def test_every_clip_answers_once_per_seed_and_the_figures_are_kept(network: AdaMML, tmp_path: Path) -> None:
    entries = [ClipEntry(path=tmp_path / f"{k}.mp4", label="x", split="test") for k in range(TESTED)]
    entries += [
        ClipEntry(path=tmp_path / f"o{k}.mp4", label="x", split="train", group=f"g{k // 2}") for k in range(OTHER_CLIPS)
    ]
    said: list[str] = []
    run = Kinetics400Run(
        preset=Kinetics400Preset(name="quick", policies=QUICK),
        data=tmp_path,
        manifest=Manifest(entries=tuple(entries), classes=("x",), root=tmp_path),
        pretrained=tmp_path,
        folder=tmp_path / "run",
        seeds=2,
        say=said.append,
    )
    results = run.measure(network, telling_clips(network), entries, TESTED, fills(network), [f"{k}" for k in range(7)])
    assert results == json.loads((tmp_path / "run/results/results.json").read_text())
    assert set(results) == {AS_THEY_ARE, DAMAGED, OTHERS}
    rgb = results[AS_THEY_ARE]["rgb"]
    assert (rgb["top1"], rgb["seeds"], rgb["audio_rate"]) == (100.0, [100.0, 100.0], 0.0)
    assert results[OTHERS]["rgb"]["seeds"] == [100.0]
    assert results[AS_THEY_ARE]["even-1"]["gmacs"] == pytest.approx(results[AS_THEY_ARE]["all"]["gmacs"] / 3, rel=0.01)
    assert results[DAMAGED]["rgb"]["wasted"] is not None
    assert results[AS_THEY_ARE]["rgb"]["wasted"] == 0
    assert {results[part]["best-1"]["top1"] for part in (AS_THEY_ARE, OTHERS)} == {100.0}
    table = (tmp_path / "run/results/tables.md").read_text()
    assert "| *Upper bound: best 1 look, truth known* | 100.0 [100.0, 100.0] |" in table
    assert table.count("| RGB only | 100.0 [100.0, 100.0] |") >= 2  # as they are, and of other sources


def test_clips_of_a_class_and_of_a_group_are_spread_and_kept_together() -> None:
    assert folds_of([3, 3, 4, 3, 4], folds=2) == [0, 1, 0, 0, 1]
    assert folds_of_groups(["b", "a", "b", "c"], folds=2) == [1, 0, 1, 0]


def test_the_preset_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--preset", "kinetics-400-cpu", "--out", str(tmp_path), "--data", str(tmp_path)]) == 2
    assert "needs --pretrained" in capsys.readouterr().err
