"""One's own classes: class folders of clips in, a model, an honest description and a page with it out."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adamml import Recognizer
from adamml.cli import main
from adamml.datasets.custom_clips import OwnClips, list_own_clips
from adamml.datasets.manifest import read_manifest
from adamml.training import cached_feature_recipe, custom_dataset
from adamml.training.config import PRESETS
from adamml.training.custom_dataset import wilson
from adamml.training.loop import TrainingError
from adamml.training.overrides import overridden, parse_setting
from adamml.training.project import Project, read_project, write_project
from adamml.training.tiny import write_set
from tests.clips import tone, write_clip

QUICK: dict[str, Any] = {
    "segments": 2,
    "probe_steps": 60,
    "rows": [],
    "modality_dropout": 0.0,
    "warm_up.epochs": 1,
    "warm_up.steps": 10,
    "warm_up.batch": 8,
    "policy.epochs": 5,
    "policy.steps": 5,
    "policy.batch": 16,
    "policy.rate": 2e-3,
    "last.epochs": 1,
    "last.steps": 2,
    "last.batch": 4,
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of three clips, a copy of one of them, and a file that is no clip."""
    folder = tmp_path_factory.mktemp("own") / "clips"
    write_set(folder, clips=3, seconds=1.5, tones={"low": 220.0, "high": 3520.0})
    (folder / "low" / "z_copy.mp4").write_bytes((folder / "low" / "low_00.mp4").read_bytes())
    (folder / "high" / "broken.mp4").write_text("not a clip")
    return folder


@pytest.mark.slow
def test_from_class_folders_to_a_model_in_a_run_that_was_stopped(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tones"
    folder.mkdir()
    write_project(folder, Project(name="tones", clips=str(clips), test_share=0.34, settings=QUICK))

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(cached_feature_recipe, "fit_classifier", stopped)
        assert main(["new", str(folder), "--workers", "1"]) == 130
    assert f"`adamml new {folder}` goes on from here" in capsys.readouterr().err
    assert not (folder / "model").exists()
    listed = read_manifest(folder / "manifest.csv")
    assert {side: len(listed.side(side)) for side in ("train", "test")} == {"train": 4, "test": 2}
    checks = json.loads((folder / "checks.json").read_text())
    assert sorted(Path(path).name for path in checks["left_out"]) == ["broken.mp4", "manifest.csv", "z_copy.mp4"]
    assert any("fewer than 10 clips to learn from: high (2), low (2)" in note for note in checks["notes"])

    assert main(["new", str(folder)]) == 0
    captured = capsys.readouterr()
    assert "looked and listened" not in captured.err  # nothing was decoded twice
    assert f"adamml app --model {folder / 'model'}" in captured.out
    assert "| adamml | 2 of 2 | 34% to 100% |" in captured.out
    about = (folder / "README.md").read_text()
    assert "of 2 clips kept apart, 2 come out right" in about
    assert "(inherited from kinetics-400" in about
    test = listed.side("test")[0]
    recognizer = Recognizer.load(folder / "model")
    assert recognizer.card.name == "tones"
    assert recognizer.analyze(test.path, segments=2).label == test.label

    with monkeypatch.context() as patched:
        patched.setattr(cached_feature_recipe, "begin_with", stopped)  # a finished project is only shown again
        assert main(["new", str(folder)]) == 0
    assert "| adamml | 2 of 2 |" in capsys.readouterr().out


def listed(folder: Path) -> OwnClips:
    return list_own_clips(folder, test_share=0.2, seed=0, separator=None, workers=1, say=lambda _: None)


def test_what_should_be_known_of_the_clips_is_said(tmp_path: Path) -> None:
    for label, count in (("many", 14), ("some", 2)):
        (tmp_path / label).mkdir()
        for n in range(count):
            heard = tone(1.0, hertz=200.0 + 30 * n) if label == "some" else None
            write_clip(tmp_path / label / f"{n}.mp4", seconds=1.0 + n / 10, fps=10, sound=heard)
    mine = listed(tmp_path)
    assert mine.counts() == {"many": {"train": 11, "test": 3}, "some": {"train": 1, "test": 1}}
    assert len(mine.notes) == 3
    assert "fewer than 10 clips to learn from: some (1)" in mine.notes[0]
    assert "1 to 11 clips" in mine.notes[1]
    assert "14 clips have nothing to hear" in mine.notes[2]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: ["--clips", str(root / "none")], "there is no folder"),
        (lambda root: [], "is no project yet"),
        (lambda root: ["--clips", str(root), "--start", "nobody"], "no model named 'nobody'"),
        (lambda root: ["--clips", str(root), "--test-share", "1.5"], "test share"),
        (lambda root: ["--clips", str(root)], "holds no class folders"),
        (lambda root: ["--clips", str(filled(root, cat=2))], "only one class folder has clips (cat)"),
        (lambda root: ["--clips", str(filled(root, cat=2, dog=1))], "class 'dog' has one clip that can be used"),
        (lambda root: ["--clips", str(filled(root, cat=2, dog=0))], "class 'dog' has no clip that can be used"),
    ],
)
def test_a_project_that_cannot_be_is_one_line_and_status_2(
    make: Callable[[Path], list[str]], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "clips"
    root.mkdir()
    assert main(["new", str(tmp_path / "mine"), "--workers", "1", *make(root)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = [line for line in captured.err.splitlines() if line.startswith("adamml: ")]
    assert message in line
    assert not (tmp_path / "mine" / "manifest.csv").exists()


def filled(root: Path, **classes: int) -> Path:
    """Class folders with so many usable clips, and one file in each that is none."""
    for number, (label, count) in enumerate(classes.items()):
        (root / label).mkdir()
        (root / label / "broken.mp4").write_text("not a clip")
        for n in range(count):
            write_clip(root / label / f"{n}.mp4", seconds=1.0 + n / 10 + number / 2, fps=10)
    return root


def test_another_folder_of_clips_is_another_project(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    write_project(tmp_path / "mine", Project(name="mine", clips="/elsewhere"))
    assert main(["new", str(tmp_path / "mine"), "--clips", str(clips)]) == 2
    assert "is a project on '/elsewhere'" in capsys.readouterr().err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    assert main(["new", str(tmp_path / "full"), "--clips", str(clips)]) == 2
    assert "is there already and is no project" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]


def test_a_project_is_read_as_it_was_written(tmp_path: Path) -> None:
    project = Project(name='ö "x"', clips="/a\\b", test_share=0.25, separator="_c", settings={"policy.epochs": 3})
    write_project(tmp_path, project)
    assert read_project(tmp_path) == project
    assert project.chosen_preset().policy.epochs == 3
    for text, message in (
        ('name = "x"', "clips is missing"),
        ('name = "x"\nclips = 3', "clips cannot be 3"),
        ('name = "x"\nclips = "c"\ncolor = "red"', "no 'color' in a project"),
        ('name = "x"\nclips = "c"\npreset = "kinetics-400"', "preset must be one of clips-cpu, tiny"),
        ("name = ", "cannot be read as a project"),
    ):
        (tmp_path / "project.toml").write_text(text)
        with pytest.raises(TrainingError, match=message):
            read_project(tmp_path)


def test_settings_change_what_they_name_and_nothing_else() -> None:
    preset = PRESETS["kinetics-400"]
    settings = dict(map(parse_setting, ["stage1.epochs=2", "stage3.cost_weights=[1, 0.1]", "stage1.rate=1"]))
    changed = overridden(preset, settings)
    assert changed.stage1.epochs == 2  # type: ignore[union-attr]
    assert changed.stage1.rate == 1.0  # type: ignore[union-attr]
    assert changed.stage3.cost_weights == (1, 0.1)  # type: ignore[union-attr]
    assert overridden(changed, {"stage1.epochs": 60, "stage1.rate": 0.01, "stage3.cost_weights": [1.0, 0.05]}) == preset
    for text, message in (
        ("stage1.speed=1", "no setting 'stage1.speed'.* there is batch, decay"),
        ("stage1.epochs.x=1", "no setting"),
        ('stage1.epochs="two"', "of another kind"),
        ("stage1.epochs=1.5", "of another kind"),
        ("stage1.epochs=two", "is no number"),
        ("stage1.epochs", "is written as"),
    ):
        with pytest.raises(TrainingError, match=message):
            overridden(preset, dict([parse_setting(text)]))


def test_few_clips_give_a_wide_interval() -> None:
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=1e-3)
    assert wilson(16, 16) == pytest.approx((0.806, 1.0), abs=1e-3)
    assert wilson(0, 5) == pytest.approx((0.0, 0.434), abs=1e-3)


def test_the_page_opens_with_the_model_that_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str | None] = []
    monkeypatch.setitem(
        sys.modules, "app.run", SimpleNamespace(main=lambda _: seen.append(os.environ.get("ADAMML_MODEL")))
    )
    monkeypatch.setenv("ADAMML_MODEL", "another")
    assert main(["app"]) == 0
    assert main(["app", "--model", "everyday-av"]) == 0
    assert main(["app", "--model", "nobody"]) == 2
    assert seen == ["another", "everyday-av"]
    assert capsys.readouterr().err.startswith("adamml: no model named 'nobody'")


@pytest.mark.parametrize("name", ["p 1 #%", "it's", "$HOME", "-x", "plain"])
def test_the_commands_that_are_printed_can_be_run_by_a_shell(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).mkdir()
    write_project(Path(name), Project(name="mine", clips="/clips"))
    here = name if not name.startswith("-") else f"./{name}"

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(custom_dataset, "run_project", stopped)
    assert main(["new", "--", name]) == 130
    said = capsys.readouterr().err.partition("`")[2].rpartition("`")[0]
    assert shlex.split(said, comments=True) == ["adamml", "new", here]
    monkeypatch.setattr(custom_dataset, "run_project", lambda *_, **__: None)
    monkeypatch.setattr(custom_dataset, "results", lambda _: "")
    assert main(["new", "--", name]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert shlex.split(last, comments=True) == ["adamml", "app", "--model", f"{here}/model"]
