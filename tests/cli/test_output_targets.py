"""Where the commands write to: never over what they read, wherever a name leads, and quietly when nobody reads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adamml import Analysis, Recognizer
from adamml.cli import READER_GONE, main
from adamml.cli.common import BAD_INPUT
from tests.clips import tone, write_clip
from tests.toy_app import toy_recognizer

ROOT = Path(__file__).parents[2]
HEADER = "path,start,end,label,split,group,cells\n"
QUICK = ["--policy", "audio", "--segments", "1"]
# The command line on a model that answers within milliseconds.
TOY = """
import sys
from adamml import Recognizer, cli
from tests.toy_app import toy_recognizer
Recognizer.load = lambda *_, **__: toy_recognizer()
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def toy_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recognizer, "load", lambda *_, **__: toy_recognizer())


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", seconds=1.0, fps=10, sound=tone(1.0))


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line of a command that did not begin."""
    assert main([str(argument) for argument in arguments]) == BAD_INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("adamml: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("name", ["clip.mp4", "../{folder}/clip.mp4", "link", "hard"])
@pytest.mark.parametrize("command", ["analyze --json", "analyze --csv", "export --csv", "export --png", "export --vtt"])
def test_a_result_is_never_written_over_the_clip(
    command: str, name: str, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, before = clip.parent, clip.read_bytes()
    (folder / "link").symlink_to("clip.mp4")
    os.link(clip, folder / "hard")
    verb, option = command.split()
    target = folder / name.format(folder=folder.name)
    assert "which is read" in refused(capsys, verb, clip, option, target, *QUICK)
    assert clip.read_bytes() == before


def test_two_results_are_not_written_to_one_file(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = clip.parent / "out"
    (clip.parent / "link").symlink_to("out")
    for other in (out, clip.parent / "link", clip.parent / ".." / clip.parent.name / "out"):
        assert "is the same as" in refused(capsys, "analyze", clip, "--json", out, "--csv", other, *QUICK)
    assert not out.exists()


def test_a_model_is_not_written_over(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = clip.parent / "model"
    model.mkdir()
    card = (ROOT / "checkpoints" / "everyday-av" / "model.json").read_text()
    (model / "model.json").write_text(card)
    line = refused(capsys, "analyze", clip, "--model", model, "--json", model / "model.json", *QUICK)
    assert "which is read" in line
    assert (model / "model.json").read_text() == card


def test_a_list_is_not_written_over_its_clips_nor_a_result_over_its_list(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = clip.read_bytes()
    (tmp_path / "set" / "cat").mkdir(parents=True)
    (tmp_path / "set" / "cat" / "a.mp4").write_bytes(before)
    (tmp_path / "set" / "list").symlink_to("cat/a.mp4")
    for name, says in (("cat/a.mp4", "is called like a clip"), ("list", "which is read")):
        assert says in refused(capsys, "manifest", "folder", tmp_path / "set", "--out", tmp_path / "set" / name)
    assert (tmp_path / "set" / "cat" / "a.mp4").read_bytes() == before
    out = tmp_path / "measured"
    out.mkdir()
    text = HEADER + f"{clip},,,cat,test,,\n"
    for name, arguments in (
        ("table.csv", ["evaluate", "--manifest", out / "table.csv", "--out", out, "--policies", "rgb"]),
        ("batch.json", ["batch", out / "batch.json", "--out", out]),
        ("manifest.csv", ["prepare", "kinetics", out / "manifest.csv", "--clips", tmp_path, "--out", out]),
    ):
        kinetics = "label,youtube_id,time_start,time_end,split\ncat,abc,0,1,train\n"
        (out / name).write_text(kinetics if name == "manifest.csv" else text)
        kept = (out / name).read_text()
        assert "which is read" in refused(capsys, *arguments)
        assert (out / name).read_text() == kept


@pytest.mark.parametrize("name", [".lock", "left_out.json", "report.json"])
def test_a_folder_of_results_whose_file_is_a_link_to_a_clip_is_refused(
    name: str, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, archive, out = clip.read_bytes(), tmp_path / "archive", tmp_path / "results"
    archive.mkdir()
    out.mkdir()
    kept = archive / "abcdefghijk_000000_000001.mp4"
    kept.write_bytes(before)
    (out / name).symlink_to(kept)
    lists = tmp_path / "lists.csv"
    lists.write_text("label,youtube_id,time_start,time_end,split\ncat,abcdefghijk,0,1,train\n")
    arguments = ["batch", archive] if name != "report.json" else ["prepare", "kinetics", lists, "--clips", archive]
    assert "which is read" in refused(capsys, *arguments, "--out", out)
    assert kept.read_bytes() == before


FIGURES = ["accuracy_macs.png", "accuracy_macs.html", "class_accuracy.png", "plotly.min.js", "confusion_rgb.png"]


@pytest.mark.parametrize("name", [*FIGURES, "table.md", "settings.json"])
@pytest.mark.parametrize("hard", [False, True])
def test_no_file_of_an_evaluation_replaces_a_clip(
    name: str, hard: bool, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, out = clip.read_bytes(), tmp_path / "measured"
    out.mkdir()
    (out / name).hardlink_to(clip) if hard else (out / name).symlink_to(clip)
    (tmp_path / "list.csv").write_text(HEADER + "clip.mp4,,,cat,test,,\n")
    arguments = ["evaluate", "--manifest", tmp_path / "list.csv", "--out", out, "--policies", "rgb"]
    assert "which is read" in refused(capsys, *arguments)
    assert clip.read_bytes() == before


def test_training_does_not_replace_the_model_that_it_begins_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    card = (ROOT / "checkpoints" / "everyday-av" / "model.json").read_text()
    (tmp_path / "mine" / "model.json").write_text(card)
    (tmp_path / "list.csv").write_text(HEADER + "a.mp4,,,cat,train,,\nb.mp4,,,dog,test,,\n")
    arguments = ["train", "--preset", "tiny", "--manifest", tmp_path / "list.csv", "--out", tmp_path / "run"]
    assert "which is read" in refused(
        capsys, *arguments, "--start", tmp_path / "mine", "--save", tmp_path / "mine" / ".." / "mine"
    )
    assert "is no folder" in refused(capsys, *arguments, "--save", tmp_path / "list.csv")
    assert not (tmp_path / "run").exists()


def toy(*arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    command = [sys.executable, "-c", TOY, *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(command, cwd=ROOT, text=True, timeout=120, check=False, **streams)  # type: ignore[call-overload]


def test_a_result_on_stdout_is_all_that_is_there(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is, which root would lose if it went wrong
    done = toy("analyze", clip, "--json", tmp_path / "stdout", *QUICK)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "stdout").is_symlink()
    analysis = Analysis.from_json(done.stdout)
    assert analysis.label in done.stderr  # the table is for people
    with (tmp_path / "out.json").open("w") as out:
        assert toy("export", clip, "--json", "/dev/fd/1", *QUICK, stdout=out).returncode == 0
    assert json.loads((tmp_path / "out.json").read_text())["label"] == analysis.label
    shell = f'{sys.executable} -c "$TOY" analyze {clip} --csv >(cat > {tmp_path}/piped.csv) {" ".join(QUICK)}; wait'
    subprocess.run(["bash", "-c", shell], cwd=ROOT, env=os.environ | {"TOY": TOY}, check=True, timeout=120, stdout=-3)
    wait_for = tmp_path / "piped.csv"
    assert len(wait_for.read_text().splitlines()) == 2


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_gone_ends_the_command_quietly(
    unbuffered: str, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    read, written = os.pipe()
    os.close(read)
    try:
        done = toy("analyze", clip, *QUICK, stdout=written)
    finally:
        os.close(written)
    assert (done.returncode, done.stderr) == (READER_GONE, "")


def test_a_reader_of_a_result_that_has_gone_ends_the_command_quietly(clip: Path) -> None:
    read, written = os.pipe()
    os.close(read)
    try:
        done = toy("analyze", clip, "--json", f"/dev/fd/{written}", *QUICK, pass_fds=[written])
    finally:
        os.close(written)
    assert (done.returncode, done.stderr) == (READER_GONE, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_stdout_is_one_line(unbuffered: str, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with Path("/dev/full").open("w") as full:
        done = toy("analyze", clip, *QUICK, stdout=full)
    assert (done.returncode, done.stderr) == (
        BAD_INPUT,
        "adamml: [Errno 28] No space left on device\n",
    )


def test_names_of_any_bytes_can_be_printed(clip: Path) -> None:
    odd = clip.rename(clip.parent / os.fsdecode(b"\xff.mp4"))
    done = toy("export", odd, "--csv", clip.parent / os.fsdecode(b"\xfe.csv"), *QUICK)
    assert done.returncode == 0, done.stderr
    assert "\\udcfe.csv" in done.stdout
