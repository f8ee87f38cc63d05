"""`adamml batch`: a data set and a summary on success, one clear line and status 2 on bad input."""

import io
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from adamml import ModelCard
from adamml.batch import ArchiveClip, local_processes
from adamml.batch.progress import Progress
from adamml.batch.tables import Outcome, failed
from adamml.cli import main
from adamml.nn import AdaMML
from adamml.weights.checkpoint import save_model
from tests.batch.small_archive import here
from tests.clips import tone, write_clip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write_clip(folder / "good.mp4", seconds=1.0, picture=None, sound=tone(1.0))
    (folder / "bad.mp4").write_text("not a clip")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, toy_network: AdaMML, toy_card: ModelCard) -> Path:
    folder = tmp_path_factory.mktemp("model") / "toy"
    save_model(folder, toy_network, toy_card)
    return folder


def test_sums_up_and_ends_well_although_a_clip_failed(
    archive: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(local_processes, "outcomes", here)
    arguments = [str(archive), "--out", str(tmp_path / "out"), "--model", str(model), "--policy", "audio", "--quiet"]
    assert main(["batch", *arguments, "--segments", "1"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "2 clips, 1 analyzed, 1 failed" in printed.out
    assert "failed    1 UnreadableClipError" in printed.out
    rows = pq.read_table(tmp_path / "out" / "clips").to_pylist()
    assert [(row["path"], row["status"]) for row in rows] == [("bad.mp4", "error"), ("good.mp4", "ok")]
    assert main(["batch", *arguments, "--segments", "1"]) == 0
    assert "2 clips, not analyzed again" in capsys.readouterr().out
    assert main(["batch", *arguments, "--segments", "2"]) == 2
    assert "was made with segments 1, not 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "nowhere"}, "there is no folder or manifest"),
        ({"source": "empty"}, "there are no clips in"),
        ({"--policy": "clairvoyant"}, "policy must be one of"),
        ({"--policy": "cascade"}, "comes without the policy 'cascade'"),
        ({"--segments": "0"}, "segments can be asked for, not 0"),
        ({"--profile": "boundless"}, "profile must be one of"),
        ({"--workers": "0"}, "at least one worker"),
        ({"--threads": "0"}, "at least one thread"),
        ({"--model": "nobody"}, "no model named 'nobody'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    changes: dict[str, str],
    message: str,
    archive: Path,
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    options = {"--out": str(tmp_path / "out"), "--model": str(model)} | changes
    source = str(tmp_path / options.pop("source")) if "source" in options else str(archive)
    assert main(["batch", source, *(word for pair in options.items() for word in pair)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("adamml: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert not list(tmp_path.glob("out/*/*.parquet"))


def test_without_pyarrow_one_line_says_how_to_install_it(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("adamml.batch")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["batch", str(archive), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("adamml: pyarrow is missing; install with: pip install 'adamml-studio[batch]'")
    assert said.count("\n") == 1


def test_progress_counts_from_the_first_outcome_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    shown = io.StringIO()
    progress = Progress(total=1000, before=100, stream=shown)
    clip = ArchiveClip(clip="a.mp4", path="a.mp4", file=Path("a.mp4"))
    good = Outcome(clip=clip, row={"status": "ok", "duration": 4.0})
    now = 60.0  # loading
    for _ in range(62):
        progress.add(good)
        now += 0.5
    progress.add(failed(clip, "UnreadableClipError", "no"))
    lines = shown.getvalue().splitlines()
    assert lines == ["161 of 1000 clips, 2.00 clips/s, 8.0 s of video per s, 7.0 min left"]
    assert str(progress).startswith("163 of 1000 clips, 1 failed, 2.00 clips/s")
    assert progress.elapsed == 91.0
