"""Lists of clips: what is written is read, faults are named by line, and what is missing is named by file."""

import json
from collections import Counter
from pathlib import Path

import pytest

from adamml.datasets.check_manifest import check
from adamml.datasets.class_folders import list_folder
from adamml.datasets.manifest import ClipEntry, ManifestError, read_manifest, write_manifest
from tests.clips import tone, write_clip

HEADER = "path,start,end,label,split,group,cells\n"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    entries = (
        ClipEntry(path=tmp_path / "clips/a, b.mp4", label="dog", split="train", group="g1", cells="bpsn"),
        ClipEntry(path=tmp_path / "ö.mkv", start=1.25, end=3.5, label='say "cat"', split="test", group="g2"),
        ClipEntry(path=Path("/elsewhere/c.mp4"), end=2.0, label="dog", split="test"),
    )
    path = tmp_path / "m.csv"
    write_manifest(path, entries)
    manifest = read_manifest(path)
    assert manifest.entries == entries
    assert manifest.classes == ("dog", 'say "cat"')
    assert manifest.root == tmp_path
    assert manifest.side("test") == entries[1:]
    assert '"clips/a, b.mp4",,,dog' in path.read_text()  # relative, so that the folder can move
    assert [p.name for p in tmp_path.iterdir()] == ["m.csv"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\na.mp4,cat\n", "line 1: the header must be"),
        (HEADER, "lists no clips"),
        (HEADER + "a.mp4,,,cat,train,,\nb.mp4,,,cat,val,,\n", "line 3: split must be train or test"),
        (HEADER + "a.mp4,,,cat,train\n", "line 2: 5 columns instead of 7"),
        (HEADER + "a.mp4,x,,cat,train,,\n", "line 2: start must be seconds"),
        (HEADER + "a.mp4,3,2,cat,train,,\n", "line 2: the part must end after its start"),
        (HEADER + "a.mp4,,inf,cat,train,,\n", "line 2: end must be 0 s or later"),
        (HEADER + "a.mp4,,,,train,,\n", "line 2: the label is empty"),
        (HEADER + ",,,cat,train,,\n", "line 2: the path is empty"),
        (HEADER + "a.mp4,,,cat,train,,bx\n", "line 2: cells may hold"),
        (HEADER + "a,,,cat,no,,\n" * 9, "line 6: .*; and 4 more"),
        (HEADER + "a,,,cat,train,g,\nb,,,cat,test,h,\nc,,,dog,test,g,\n", "lines 2 and 4: group 'g' is in train and"),
    ],
)
def test_faults_are_named_by_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text)
    with pytest.raises(ManifestError, match=message):
        read_manifest(path)


def test_a_group_on_both_sides_is_not_written(tmp_path: Path) -> None:
    sides = [ClipEntry(path=tmp_path / f"{s}.mp4", label="cat", split=s, group="one") for s in ("train", "test")]
    with pytest.raises(ManifestError, match="one"):
        write_manifest(tmp_path / "m.csv", sides)
    with pytest.raises(ManifestError, match="no clips"):
        write_manifest(tmp_path / "m.csv", [])
    assert not list(tmp_path.iterdir())
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "m.csv")


def test_missing_unreadable_and_duplicate_clips_are_named(tmp_path: Path) -> None:
    good = write_clip(tmp_path / "good.mp4", seconds=1.0)
    (tmp_path / "copy.mp4").write_bytes(good.read_bytes())
    write_clip(tmp_path / "other.mkv", seconds=1.0, sound=tone(1.0))
    (tmp_path / "text.mp4").write_text("no clip")
    names = ["good.mp4,,", "copy.mp4,,", "gone.mp4,,", "text.mp4,,"]
    names += ["other.mkv,0.0,0.5", "other.mkv,0.5,1.0", "other.mkv,0.5,1.0", "other.mkv,5,6"]
    path = tmp_path / "m.csv"
    path.write_text(HEADER + "".join(f"{name},cat,train,,\n" for name in names))
    seen: list[tuple[int, int]] = []
    report = check(read_manifest(path), progress=lambda done, of: seen.append((done, of)))
    assert report.missing == ("gone.mp4",)
    assert [name for name, _ in report.unreadable] == ["text.mp4", "other.mkv [5.0 - 6.0 s]"]
    assert set(report.duplicates) == {("good.mp4", "copy.mp4"), ("other.mkv [0.5 - 1.0 s]",) * 2}
    assert not report.ok
    assert "missing     gone.mp4" in str(report)
    assert json.loads(report.to_json())["missing"] == ["gone.mp4"]
    assert seen[-1] == (8, 8)
    path.write_text(HEADER + "good.mp4,,,cat,train,,\nother.mkv,,,dog,test,,\n")
    assert check(read_manifest(path)).ok


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(path.name.encode())


def test_folders_are_split_by_group_and_seed(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        for source in range(20):
            for take in range(3):
                touch(tmp_path / label / f"{label}{source:02d}_c{take}.mp4")
        touch(tmp_path / label / "notes.txt")
    entries = list_folder(tmp_path, test_share=0.25, seed=1, separator="_c").entries
    assert Counter((e.label, e.split) for e in entries) == {
        (label, split): number for label in ("cat", "dog") for split, number in (("train", 45), ("test", 15))
    }
    write_manifest(tmp_path / "m.csv", entries)  # would refuse a group on both sides
    assert len({e.group for e in entries}) == 40
    assert list_folder(tmp_path, test_share=0.25, seed=1, separator="_c").entries == entries
    assert list_folder(tmp_path, test_share=0.25, seed=2, separator="_c").entries != entries
    assert len({e.group for e in list_folder(tmp_path).entries}) == 120


def test_a_class_with_two_large_sources_still_has_one_to_test_on(tmp_path: Path) -> None:
    for name in ("a_1", "a_2", "a_3", "b_1", "b_2"):
        touch(tmp_path / "cat" / f"{name}.mp4")
    entries = list_folder(tmp_path, test_share=0.1, separator="_").entries
    assert {e.group for e in entries if e.split == "test"} == {"cat/b"}


def test_a_split_that_is_found_is_kept(tmp_path: Path) -> None:
    for name in ("train/cat/1.mp4", "train/dog/2.webm", "test/cat/1.mp4", "test/dog/9_a.mkv"):
        touch(tmp_path / name)
    entries = list_folder(tmp_path).entries
    assert [(e.path.relative_to(tmp_path).as_posix(), e.label, e.split) for e in entries] == [
        ("train/cat/1.mp4", "cat", "train"),
        ("train/dog/2.webm", "dog", "train"),
        ("test/cat/1.mp4", "cat", "test"),
        ("test/dog/9_a.mkv", "dog", "test"),
    ]
    with pytest.raises(ManifestError, match=r"one source is in train and in test: 1\.mp4"):
        list_folder(tmp_path, separator="_")
    with pytest.raises(ManifestError, match="holds no class folders"):
        list_folder(tmp_path / "train" / "cat")
    with pytest.raises(ManifestError, match="no folder"):
        list_folder(tmp_path / "none")
