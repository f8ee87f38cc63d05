"""From a folder of clips to a model, in less than `make train-tiny` takes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from adamml import Recognizer
from adamml.cli import main
from adamml.datasets.manifest import read_manifest
from adamml.inputs import PUBLISHED_INPUT
from adamml.media import Clip
from adamml.training import cached_features
from adamml.training.cached_feature_recipe import begin_with, save_clips_model, train_clips
from adamml.training.config import ClipsPreset
from adamml.training.end_to_end import DecodedClips
from adamml.training.joint import JointStage
from adamml.training.loop import TrainingError
from adamml.training.stage_rgb import Tail, features_of
from adamml.training.tiny import write_set
from adamml.weights.model_lookup import card_of

PRESET = ClipsPreset(
    name="smallest",
    segments=2,
    probe_steps=60,
    warm_up=JointStage(train=("fusion",), epochs=1, steps=10, batch=8, recognizer_rate=5e-2, cost_weights=None),
    policy=JointStage(epochs=5, steps=5, batch=16, rate=2e-3, cost_weights=(0.6, 0.3)),
    last=JointStage(train=("classifiers",), epochs=1, steps=2, batch=4, recognizer_rate=1e-4, cost_weights=None),
    rows=(),
    modality_dropout=0.0,
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tones = {"low": 220.0, "high": 3520.0}
    return write_set(tmp_path_factory.mktemp("tones"), clips=3, seconds=1.5, tones=tones)


def test_a_policy_learns_to_listen_where_all_clips_look_alike(manifest: Path, tmp_path: Path) -> None:
    listed = read_manifest(manifest)
    assert {split: len(listed.side(split)) for split in ("train", "test")} == {"train": 4, "test": 2}
    broken = manifest.with_name("with_a_broken_one.csv")
    (manifest.parent / "low" / "broken.mp4").write_text("not a clip")
    broken.write_text(manifest.read_text() + "low/broken.mp4,,,low,train,,\n")
    said: list[str] = []
    result = train_clips(PRESET, broken, tmp_path / "run", "everyday-av", said.append)
    row = result.table.row("adamml")
    assert row is not None
    looked, listened = row.selection["rgb"], row.selection["audio"]
    assert looked is not None
    assert listened is not None
    assert looked < 0.2 < listened
    assert row.top1.value == 1
    assert 0.05 <= float(result.network.rgb_weight.detach()) < 0.5  # what is useless weighs less
    assert [Path(path).name for path in result.left_out] == ["broken.mp4"]
    assert any("left out" in line for line in said)

    save_clips_model(tmp_path / "tones", result, PRESET, "everyday-av", "tones", "1")
    clip = listed.side("test")[0]
    analysis = Recognizer.load(tmp_path / "tones").analyze(clip.path, segments=2)
    assert analysis.label == clip.label
    assert analysis.selection_rate("rgb") < 0.5

    card = card_of(tmp_path / "tones")
    assert card.trained.startswith("4 clips of 2 classes, on top of everyday-av")
    assert card.trained.endswith("of 2 clips kept apart, 2 come out right")
    assert card.facts["measured"]["rows"]["adamml"]["accuracy"] == 100
    assert json.loads((tmp_path / "run" / "left_out.json").read_text()) == result.left_out


def test_no_clip_is_decoded_twice_by_a_run_that_goes_on(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    class Counted(Clip):
        def __init__(self, path: Path, *rest: Any) -> None:
            opened.append(path.name)
            if len(opened) == 3:
                raise KeyboardInterrupt
            super().__init__(path, *rest)

    monkeypatch.setattr(cached_features, "Clip", Counted)
    entries, network = read_manifest(manifest).entries[:4], begin_with("everyday-av", 2)

    def film(**changed: Any) -> cached_features.CachedFeatures:
        given = {"segments": 1, "model": "m", "keep_trunk": True} | changed
        segments = given.pop("segments")
        classes, quiet = ("high", "low"), lambda _: None
        return cached_features.cache_features(entries, classes, network, segments, tmp_path, say=quiet, **given)

    with pytest.raises(KeyboardInterrupt):
        film()
    whole = film()
    assert len(opened) == 3 + 2
    assert whole.trunk is not None
    assert whole.trunk.shape == (4, 1024, 14, 14)
    assert whole.present.tolist() == [[1, 1]] * 4
    assert torch.allclose(
        features_of(Tail(network.recognizers["rgb"].net), whole.trunk), whole.rgb, atol=2e-2, rtol=2e-2
    )
    assert film().left_out == {}
    assert len(opened) == 5
    entries[0].path.touch()  # changed since
    film()
    assert len(opened) == 6
    film(model="another")
    assert len(opened) == 10


def test_a_list_without_test_clips_is_refused_before_anything_is_trained(manifest: Path, tmp_path: Path) -> None:
    listed = manifest.with_name("train_only.csv")
    lines = manifest.read_text().splitlines(keepends=True)
    listed.write_text("".join(line for line in lines if ",test," not in line))
    with pytest.raises(TrainingError, match="no test clips"):
        train_clips(PRESET, listed, tmp_path / "run", "everyday-av", lambda _: None)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["low,train", "low,test"], "clips of one class only, 'low'; a model needs two or more"),
        (["low,train", "low,test", "high,test"], "nothing to learn from of 'high': the manifest lists only test clips"),
        (["low,test", "high,test"], "the manifest has no train clips"),
    ],
)
@pytest.mark.parametrize("preset", ["tiny", "kinetics-400"])
def test_a_list_that_nothing_can_be_learned_from_is_refused(
    preset: str, rows: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{number}.mp4,,,{row},," for number, row in enumerate(rows)]
    (tmp_path / "m.csv").write_text("\n".join(["path,start,end,label,split,group,cells", *lines]))
    arguments = ["train", "--preset", preset, "--manifest", str(tmp_path / "m.csv"), "--out", str(tmp_path / "run")]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("adamml: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert not (tmp_path / "run").exists()


def test_a_class_of_which_no_clip_can_be_used_is_refused_before_anything_is_trained(
    manifest: Path, tmp_path: Path
) -> None:
    listed = manifest.with_name("one_broken_class.csv")
    (manifest.parent / "low" / "broken.mp4").write_text("not a clip")
    rows = ("high/high_00.mp4,,,high,train,,", "low/broken.mp4,,,low,train,,", "low/low_01.mp4,,,low,test,,")
    listed.write_text("\n".join(["path,start,end,label,split,group,cells", *rows]))
    with pytest.raises(TrainingError, match="of 'low': none of its training clips can be used"):
        train_clips(PRESET, listed, tmp_path / "run", "everyday-av", lambda _: None)


def test_clips_that_cannot_be_read_while_training_are_named_once(manifest: Path) -> None:
    entries = [replace(entry, path=manifest.parent / "none.mp4") for entry in read_manifest(manifest).side("train")[:1]]
    said: list[str] = []
    clips = DecodedClips(entries, ("high", "low"), 1, PUBLISHED_INPUT, say=said.append)
    with pytest.raises(TrainingError, match="cannot be read"):
        clips.draw([np.random.default_rng(0)])
    assert len(said) == len(clips.left_out) == 1
    assert "none.mp4" in said[0]
