"""`adamml evaluate`: tables and figures on success, one clear line and status 2 on bad input."""

import argparse
import json
from pathlib import Path

import pytest

from adamml import ModelCard
from adamml.cli import evaluate
from adamml.nn import AdaMML
from adamml.weights.checkpoint import save_model
from tests.clips import tone, write_clip


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    evaluate.add(parser.add_subparsers())
    return parser.parse_args(["evaluate", *arguments])


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listed")
    write_clip(folder / "one.mp4", seconds=1.0, sound=tone(1.0))
    path = folder / "manifest.csv"
    path.write_text("path,start,end,label,split,group,cells\none.mp4,,,cat,test,,p\nnone.mp4,,,dog,train,,\n")
    return path


def test_writes_tables_and_figures_and_says_where(
    manifest: Path, tmp_path: Path, toy_network: AdaMML, toy_card: ModelCard, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(tmp_path / "toy", toy_network, toy_card)
    arguments = ["--manifest", str(manifest), "--out", str(tmp_path / "out"), "--model", str(tmp_path / "toy")]
    args = parse(*arguments, "--policies", "audio,random", "--segments", "1", "--published")
    assert args.run(args) == 0
    printed = capsys.readouterr()
    assert "| audio | " in printed.out
    assert "not measured here" in printed.out
    assert "[1/1] one.mp4 (cat)" in printed.err
    values = json.loads((tmp_path / "out" / "table.json").read_text())
    assert (values["clips"], values["facts"]["segments"]) == (["one.mp4"], 1)
    assert (tmp_path / "out" / "accuracy_macs.png").is_file()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--manifest": "nowhere.csv"}, "nowhere.csv"),
        ({"--split": "validation"}, "no clips of the split 'validation'"),
        ({"--model": "nobody"}, "no model named 'nobody'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    changes: dict[str, str], message: str, manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"--manifest": str(manifest), "--out": str(tmp_path / "out")} | changes
    args = parse(*(word for pair in settings.items() for word in pair))
    assert args.run(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("adamml: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_a_policy_that_the_model_lacks_is_named(
    manifest: Path, tmp_path: Path, toy_network: AdaMML, toy_card: ModelCard, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(tmp_path / "toy", toy_network, toy_card)
    arguments = ["--manifest", str(manifest), "--out", str(tmp_path / "out"), "--model", str(tmp_path / "toy")]
    args = parse(*arguments, "--policies", "cascade", "--segments", "1")
    assert args.run(args) == 2
    assert "this model comes without the policy 'cascade'" in capsys.readouterr().err


def test_thresholds_become_policies_and_nonsense_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    plain = ("--manifest", "m.csv", "--out", "out")
    args = parse(*plain, "--threshold", "0.1, 0.3,0.5", "--budget", "0.1,0.2,0.2")
    assert args.threshold == ("adamml@0.10", "adamml@0.30", "adamml@0.50")
    assert args.budget == ("anytime-10%", "anytime-20%")
    assert args.policies == ("adamml", "rgb", "audio", "all", "random")
    for option, nonsense, said in (
        ("--threshold", "a", "numbers with commas"),
        ("--threshold", "2", "thresholds lie between 0 and 1"),
        ("--budget", "2", "a share of running everything"),
        ("--budget", "0", "a share of running everything"),
    ):
        with pytest.raises(SystemExit):
            parse(*plain, option, nonsense)
        assert said in capsys.readouterr().err


def test_a_limit_takes_clips_from_the_whole_list() -> None:
    assert evaluate.spread(range(10), 4) == [0, 2, 5, 7]
    assert evaluate.spread(range(3), 4) == range(3)
    assert evaluate.spread(range(3), None) == range(3)
    assert evaluate.spread(range(3), 0) == []
