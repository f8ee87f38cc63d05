"""Kinetics made ready: official lists and clips in every usual layout in, a manifest and an honest report out."""

import csv
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from adamml.cli import main
from adamml.datasets import prepare
from adamml.datasets.journal import Ready, Work
from adamml.datasets.kinetics import ListedClip, balanced, read_lists
from adamml.datasets.kinetics_report import KineticsReport
from adamml.datasets.manifest import ManifestError, read_manifest
from adamml.datasets.prepare import prepare_kinetics
from adamml.datasets.process_pool import in_processes
from adamml.media import Clip, settings_for
from adamml.weights.kinetics_sounds import KINETICS_SOUNDS
from tests.clips import number_picture, read_number, tone, write_clip
from tests.datasets.crashing import die_on_three

COLUMNS = ["label", "youtube_id", "time_start", "time_end", "split", "is_cc"]


def write_list(path: Path, rows: list[tuple[str, str, float, float, str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *([*row, 0] for row in rows)])
    return path


def small_clip(path: Path, hertz: float = 440.0, sound: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_clip(path, seconds=2.0, fps=10, sound=tone(2.0, hertz=hertz) if sound else None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes in all the layouts that are about, with everything that can be wrong."""
    root = tmp_path_factory.mktemp("kinetics")
    clips = root / "clips"
    small_clip(clips / "playing drums" / "trimmed-A_1_000010_000012.mp4")
    small_clip(clips / "singing" / "byItsId.mp4", 500)
    small_clip(clips / "flat-B_000000_000002.mp4", 600)
    small_clip(clips / "val" / "silent-C_000004_000006.mp4", sound=False)
    whole = clips / "playing_drums" / "whole_Video.mp4"
    whole.parent.mkdir()
    write_clip(whole, seconds=14.0, fps=10, picture=number_picture, sound=tone(14.0))  # a key frame every 1.2 s
    (clips / "singing" / "text_000000_000002.mp4").write_text("no clip")
    (clips / "singing" / "copy_000000_000002.mp4").write_bytes((clips / "flat-B_000000_000002.mp4").read_bytes())
    small_clip(clips / "bothSides_000000_000002.mp4", 700)
    small_clip(clips / "bothSides_000050_000052.mp4", 800)
    write_list(
        root / "train.csv",
        [
            ("playing drums", "trimmed-A_1", 10, 12, "train"),
            ("singing", "byItsId", 70, 72, "train"),
            ("singing", "copy", 0, 2, "train"),
            ("playing drums", "whole_Video", 6, 8, "train"),  # where a key frame lies
            ("playing drums", "whole_Video", 7, 9, "train"),  # where none does
            ("playing drums", "whole_Video", 60, 62, "train"),  # after its end
            ("singing", "bothSides", 0, 2, "train"),
            ("singing", "gone", 0, 2, "train"),
            ("laughing", "another", 0, 2, "train"),
        ],
    )
    write_list(
        root / "validate.csv",
        [
            ("singing", "flat-B", 0, 2, "validate"),
            ("playing drums", "silent-C", 4, 6, "val"),
            ("singing", "text", 0, 2, "validate"),
            ("singing", "bothSides", 50, 52, "validate"),
        ],
    )
    return root


def prepared(folder: Path, out: Path, **options: object) -> KineticsReport:
    given = {"classes": ("singing", "playing_drums"), "say": lambda _: None} | options
    return prepare_kinetics([folder / "train.csv", folder / "validate.csv"], folder / "clips", out, **given)  # type: ignore[arg-type]


def test_every_layout_is_found_and_what_is_wrong_is_named(folder: Path, tmp_path: Path) -> None:
    report = prepared(folder, tmp_path)
    manifest = read_manifest(tmp_path / "manifest.csv")
    assert [(entry.path.stem, entry.label, entry.split, entry.group) for entry in manifest.entries] == [
        ("trimmed-A_1_000010_000012", "playing drums", "train", "trimmed-A_1"),
        ("byItsId", "singing", "train", "byItsId"),
        ("whole_Video_000006_000008", "playing drums", "train", "whole_Video"),
        ("whole_Video_000007_000009", "playing drums", "train", "whole_Video"),
        ("flat-B_000000_000002", "singing", "test", "flat-B"),
        ("silent-C_000004_000006", "playing drums", "test", "silent-C"),
        ("bothSides_000050_000052", "singing", "test", "bothSides"),
    ]
    assert report.missing == ["gone_000000_000002"]
    assert list(report.broken) == ["whole_Video_000060_000062", "text_000000_000002"]
    assert "ends at 14 s" in report.broken["whole_Video_000060_000062"]
    # The test clip stays, and is not learned from under another name.
    assert report.duplicates == {"copy_000000_000002": "flat-B_000000_000002"}
    assert report.straddling == ["bothSides"]
    assert report.cut == {"copied": 1, "encoded": 1}
    written = json.loads((tmp_path / "report.json").read_text())
    drums = {"listed": 5, "train": 3, "test": 1, "missing": 0, "broken": 1, "duplicate": 0, "silent": 1}
    assert written["classes"]["playing drums"] == drums
    assert written["totals"]["listed"] == 12
    assert "| singing | 7 | 1 | 2 | 1 | 1 | 1 | 0 |" in (tmp_path / "report.md").read_text()


def test_a_part_that_is_cut_out_begins_and_ends_where_the_list_says(folder: Path, tmp_path: Path) -> None:
    prepared(folder, tmp_path, train=None, test=0, classes=("playing drums",))
    for first, name in ((60, "whole_Video_000006_000008"), (70, "whole_Video_000007_000009")):
        (path,) = (tmp_path / "clips" / "playing drums").glob(f"{name}.*")
        clip = Clip(path, settings_for("local"), 20)
        assert clip.info.duration == pytest.approx(2.0, abs=0.15)
        assert clip.info.audio is not None
        shown = [read_number(clip.frames([segment])[segment.index][0]) for segment in clip.segments]
        assert shown[0] - first in (0, 1)  # the first frame of a segment is sampled a little after its start
        assert shown == sorted(shown)
        assert shown[-1] < first + 20
    assert not list(tmp_path.rglob("*.part"))


def test_a_run_that_was_stopped_goes_on(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    plain = prepare._make_ready

    def counted(job: Work) -> Ready:
        looked.append(job.row.name)
        if len(looked) == 4:
            raise KeyboardInterrupt
        return plain(job)

    monkeypatch.setattr(prepare, "_make_ready", counted)
    with pytest.raises(KeyboardInterrupt):
        prepared(folder, tmp_path)
    assert not (tmp_path / "manifest.csv").exists()
    with (tmp_path / "journal.jsonl").open("a") as journal:
        journal.write('{"clip": "half a li')  # what a process leaves behind that is killed while it writes
    stopped = looked.copy()
    report = prepared(folder, tmp_path)
    assert set(looked[4:]).isdisjoint(stopped[:3])
    assert stopped[3] in looked[4:]
    assert len(looked) == 4 + 10 - 3
    fresh = tmp_path / "fresh"
    assert prepared(folder, fresh) == report
    # All known: nothing is looked over, unless a file has changed or a cut is gone.
    del looked[:]
    (next((tmp_path / "clips").rglob("whole_Video_000007*"))).unlink()
    os.utime(folder / "clips" / "singing" / "byItsId.mp4")
    assert prepared(folder, tmp_path) == report
    assert sorted(looked) == ["byItsId_000070_000072", "whole_Video_000007_000009"]


def test_processes_find_what_one_finds(folder: Path, tmp_path: Path) -> None:
    assert prepared(folder, tmp_path / "two", workers=2) == prepared(folder, tmp_path / "one")
    one, two = (read_manifest(tmp_path / name / "manifest.csv").entries for name in ("one", "two"))
    assert [entry.path.name for entry in one] == [entry.path.name for entry in two]


def test_a_process_that_dies_costs_its_own_clip_alone() -> None:
    assert dict(in_processes(die_on_three, range(6), 2)) == {0: 0, 1: 10, 2: 20, 3: None, 4: 40, 5: 50}


def test_a_broken_clip_of_a_subset_is_replaced_by_the_next_of_its_class(tmp_path: Path) -> None:
    rows: list[tuple[str, str, float, float, str]] = []
    for label in ("a", "b"):
        for n in range(4):
            rows.append((label, f"{label}{n}", 0, 2, "train"))
            small_clip(tmp_path / "clips" / f"{label}{n}_000000_000002.mp4", 300 + 50 * n + 20 * (label == "b"))
    lists = [write_list(tmp_path / "k.csv", rows)]

    def subset(out: str, number: int = 4) -> list[str]:
        prepare_kinetics(lists, tmp_path / "clips", tmp_path / out, train=number, test=0, say=lambda _: None)
        return [entry.path.stem for entry in read_manifest(tmp_path / out / "manifest.csv").entries]

    first = subset("one")
    (tmp_path / "clips" / f"{first[0]}.mp4").write_text("broken since")
    second = subset("two")
    assert first[0] not in second
    assert set(first[1:]) < set(second)
    assert Counter(name[0] for name in second) == {"a": 2, "b": 2}
    assert len(subset("three", 100)) == 7


def rows_of(classes: int, clips: int) -> list[ListedClip]:
    return [
        ListedClip(label=f"class {k}", identity=f"{k}-{n}", start=0, end=10, split="train" if n % 3 else "test")
        for k in range(classes)
        for n in range(clips)
    ]


def test_a_subset_is_seeded_and_balanced_and_stays_where_other_clips_lack() -> None:
    rows = rows_of(8, 12)
    subset = balanced(rows, "train", (), 21, 0)
    by_class = Counter(rows[place].label for place in subset)
    assert sorted(by_class.values()) == [2, 2, 2, 3, 3, 3, 3, 3]
    assert {rows[place].split for place in subset} == {"train"}
    assert balanced(rows, "train", (), 21, 0) == subset
    assert balanced(rows, "train", (), 21, 1) != subset
    assert len(set(balanced(rows, "train", {subset[0]}, 21, 0)) & set(subset)) >= 19
    assert len(balanced(rows, "train", (), 1000, 0)) == 64
    assert balanced(rows, "test", (), 0, 0) == []
    with pytest.raises(ManifestError, match="0 or more"):
        balanced(rows, "test", (), -1, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,youtube_id\na,b\n", "line 1: the column time_start, time_end, split is missing"),
        ("label,youtube_id,time_start,time_end,split\na,x,0,10,train\na,x,zero,10,train\n", "line 3"),
        ("label,youtube_id,time_start,time_end,split\na,x,0,10,dev\n", "line 2"),
        ("label,youtube_id,time_start,time_end,split\na,x,10,10,train\n", "line 2"),
        ("label,youtube_id,time_start,time_end,split\na,../x,0,10,train\n", "line 2"),
        ("label,youtube_id,time_start,time_end,split\n", "lists no clips"),
        ("label,youtube_id,time_start,time_end,split\na,x,0,10,train\n", "no clips are listed of: blowing nose"),
    ],
)
def test_a_list_that_is_not_kinetics_is_refused(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "k.csv"
    table.write_text(text)
    with pytest.raises(ManifestError, match=message):
        read_lists([table], KINETICS_SOUNDS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: ["--clips", str(root / "none")], "there is no folder"),
        (lambda root: ["--clips", str(root)], "none of the 1 clips listed .*singer_000003_000013"),
        (lambda root: ["--clips", str(root), "--classes", str(root / "none.txt")], "none.txt"),
        (lambda root: ["--clips", str(root), "--workers", "0"], "at least one worker"),
    ],
)
def test_what_cannot_be_prepared_is_one_line_and_status_2(
    tmp_path: Path, change: Callable[[Path], list[str]], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_list(tmp_path / "k.csv", [("singing", "singer", 3, 13, "train")])
    assert main(["prepare", "kinetics", str(table), "--out", str(tmp_path / "out"), *change(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert re.search(message, captured.err)


def test_kinetics_sounds_is_chosen_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(label, f"id{n}", 0.0, 2.0, "train") for n, label in enumerate((*KINETICS_SOUNDS, "archery"))]
    table = write_list(tmp_path / "k.csv", rows)
    for n in (6, 31):
        small_clip(tmp_path / "clips" / f"id{n}.mp4")
    options = ["--clips", str(tmp_path / "clips"), "--classes", "kinetics-sounds", "--workers", "1"]
    assert main(["prepare", "kinetics", str(table), *options, "--out", str(tmp_path / "out")]) == 0
    assert [entry.label for entry in read_manifest(tmp_path / "out" / "manifest.csv").entries] == ["mowing lawn"]
    printed = capsys.readouterr().out
    assert "1 clips (1 train, 0 test) of 1 classes" in printed
    assert "missing     30 clips" in printed
