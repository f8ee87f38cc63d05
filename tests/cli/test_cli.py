"""The command line: a table and files on success, one clear line and status 2 on bad input."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from adamml import Analysis, ModelCard, Recognizer
from adamml.cli import main
from adamml.nn import AdaMML
from adamml.weights.checkpoint import save_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, toy_network: AdaMML, toy_card: ModelCard) -> Path:
    folder = tmp_path_factory.mktemp("model") / "toy"
    save_model(folder, toy_network, toy_card)
    return folder


def test_analyze_prints_a_table_and_writes_files(
    clip: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out_json, out_csv = tmp_path / "a.json", tmp_path / "a.csv"
    arguments = ["analyze", str(clip), "--model", str(model), "--segments", "3", "--policy", "all"]
    assert main([*arguments, "--json", str(out_json), "--csv", str(out_csv)]) == 0
    printed = capsys.readouterr().out
    analysis = Analysis.from_json(out_json.read_text())
    assert printed.startswith(analysis.label)
    assert "untrained" in printed
    assert len(list(csv.reader(out_csv.open()))) == 4
    # The same question in Python has the same answer.
    in_python = Recognizer.load(model).analyze(clip, "all", segments=3).to_dict()
    from_file = json.loads(out_json.read_text())
    assert {k: v for k, v in in_python.items() if k != "seconds"} == {
        k: v for k, v in from_file.items() if k != "seconds"
    }


@pytest.mark.parametrize("kind", ["no file", "no clip", "no folder", "no model", "too many segments"])
def test_bad_input_is_one_line_and_status_2(
    kind: str, clip: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "a.mp4"
    text.write_text("not a clip")
    arguments = {
        "no file": [str(tmp_path / "none.mp4"), "--model", str(model)],
        "no clip": [str(text), "--model", str(model)],
        "no folder": [str(clip), "--model", str(model), "--json", str(tmp_path / "none" / "a.json")],
        "no model": [str(clip), "--model", "nobody"],
        "too many segments": [str(clip), "--model", str(model), "--segments", "0"],
    }[kind]
    assert main(["analyze", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("adamml: ")
    assert captured.err.count("\n") == 1


def test_policies_are_named_with_or_without_a_budget(
    clip: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.json"
    arguments = ["analyze", str(clip), "--model", str(model), "--segments", "1", "--json", str(out)]
    assert main([*arguments, "--policy", "adamml@1.00"]) == 0
    assert Analysis.from_json(out.read_text()).policy == "adamml@1.00"
    out.unlink()
    capsys.readouterr()
    assert main([*arguments, "--policy", "cascade@0.30"]) == 2  # a policy, but not one of this model
    captured = capsys.readouterr()
    assert captured.err == "adamml: this model comes without the policy 'cascade'\n"
    assert not out.exists()


@pytest.mark.parametrize("name", ["clairvoyant", "rgb@0.3", "adamml@x", "adamml@1.5", "adamml@"])
def test_a_policy_that_does_not_exist_is_refused(name: str, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["analyze", str(clip), "--policy", name])
    assert stopped.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "argument --policy: " in last
    assert repr(name) in last or repr(name.partition("@")[0]) in last


@pytest.mark.parametrize("kind", ["no manifest", "no model", "nothing to read"])
def test_training_that_cannot_begin_is_one_line_and_status_2(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").write_text("not a clip")
    listed = tmp_path / "manifest.csv"
    listed.write_text("path,start,end,label,split,group,cells\na.mp4,,,cat,train,,\nb.mp4,,,dog,test,,\n")
    arguments = {
        "no manifest": ["--manifest", str(tmp_path / "none.csv")],
        "no model": ["--manifest", str(listed), "--start", "nobody"],
        "nothing to read": ["--manifest", str(listed)],
    }[kind]
    assert main(["train", "--preset", "tiny", "--out", str(tmp_path / "run"), *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_help_needs_no_torch() -> None:
    code = """
import sys
from adamml.cli import main
try:
    main(["analyze", "--help"])
except SystemExit:
    print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.endswith("False\n")


def test_doctor_knows_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert main(["doctor"]) == 0
    assert "nothing is missing" in capsys.readouterr().out
    monkeypatch.setenv("ADAMML_CHECKPOINTS", str(tmp_path))
    assert main(["doctor"]) == 1
    assert "MISSING" in capsys.readouterr().out


@pytest.mark.parametrize(("given", "meant"), [("20", "0.2"), ("100", "1"), ("1.5", "0.015"), ("200", ""), ("-1", "")])
def test_a_budget_in_per_cent_is_refused_with_the_share_that_was_meant(
    given: str, meant: str, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["analyze", str(clip), f"--budget={given}"])
    assert stopped.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"got {given}; did you mean {meant}?" if meant else f"got {given}")
