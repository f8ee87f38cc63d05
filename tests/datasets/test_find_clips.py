"""Lists of clips: whatever the folder looks like, every file is taken, or named and counted with the reason."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from adamml.batch import list_archive
from adamml.cli import main
from adamml.datasets.check_manifest import check
from adamml.datasets.class_folders import FolderList, list_folder
from adamml.datasets.custom_clips import list_own_clips
from adamml.datasets.find_clips import FILE_SUFFIXES, NOT_OPENED, OPENED, LeftOut, find_clips, why_not
from adamml.datasets.labels import alike
from adamml.datasets.manifest import ManifestError, read_manifest
from adamml.datasets.prepare import prepare_kinetics
from adamml.media import probe, settings_for
from adamml.media.allowlist import DEMUXERS
from adamml.training.project import Project, read_project, write_project
from tests.clips import tone, write_clip

HEADER = "path,start,end,label,split,group,cells\n"


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))
    return root


def numbered(root: Path, **classes: int) -> Path:
    """Classes whose clips are numbered alike."""
    return touch(root, *(f"{label}/{n:03d}.mp4" for label, count in classes.items() for n in range(1, count + 1)))


def sides(listed: FolderList) -> dict[str, dict[str, int]]:
    counts = Counter((entry.label, entry.split) for entry in listed.entries)
    return {
        label: {side: counts[label, side] for side in ("train", "test")} for label in sorted({k for k, _ in counts})
    }


def places(listed: FolderList, root: Path) -> dict[str, tuple[str, str]]:
    return {entry.path.relative_to(root).as_posix(): (entry.label, entry.split) for entry in listed.entries}


# What is taken for a clip


def test_the_names_of_clips_are_those_of_the_kinds_that_the_reader_opens() -> None:
    assert set(OPENED) == set(DEMUXERS)
    assert len(set(FILE_SUFFIXES)) == len(FILE_SUFFIXES)
    assert not NOT_OPENED & set(FILE_SUFFIXES)
    assert why_not("a.MTS") == why_not("b.opus") == why_not("c.weba") == ""
    assert why_not("a.WMV") == ".wmv is not read, save it as .mp4"
    assert why_not("notes.txt") == why_not("mp4") == why_not(".mp4") == "files of other kinds"


@pytest.mark.parametrize("suffix", [".mts", ".m2ts", ".weba", ".opus", ".mka", ".m4a", ".3gp", ".qt"])
def test_files_of_these_names_are_read(suffix: str, tmp_path: Path) -> None:
    coding = {".weba": ("webm", "libopus"), ".opus": ("ogg", "libopus"), ".mka": ("matroska", "aac")}
    container = {".mts": "mpegts", ".m2ts": "mpegts", ".m4a": "mp4", ".3gp": "mp4", ".qt": "mov"}
    kind, audio = coding.get(suffix, (container.get(suffix, ""), "aac"))
    whole = tmp_path / {"webm": "a.webm", "ogg": "a.ogg", "matroska": "a.mkv", "mpegts": "a.ts"}.get(kind, f"a.{kind}")
    picture = {} if suffix in (".mts", ".m2ts", ".3gp", ".qt") else {"picture": None}
    write_clip(whole, seconds=1.0, fps=10, sound=tone(1.0), audio_codec=audio, **picture)
    info = probe(whole.rename(tmp_path / f"a{suffix}"), settings_for("local"))
    assert info.audio is not None


def test_a_folder_is_looked_through_to_the_bottom_and_nothing_is_passed_over_in_silence(tmp_path: Path) -> None:
    touch(tmp_path, "a/b/c/d.mp4", "a/e.wmv", "f.txt", ".g.mp4", ".h/i.mp4", "a/j.opus", "k")
    (tmp_path / "gone.mp4").symlink_to("nothing")
    (tmp_path / "self.mp4").symlink_to("self.mp4")
    (tmp_path / "a" / "up").symlink_to("..", target_is_directory=True)
    (tmp_path / "a" / "same").symlink_to("b", target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.mp4")
    found = find_clips(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found.clips] == [
        "a/b/c/d.mp4",
        "a/j.opus",
        "a/same/c/d.mp4",
    ]
    assert LeftOut.of(found.why, tmp_path).reasons == {
        ".wmv is not read, save it as .mp4": ("a/e.wmv",),
        "broken links, pipes and the like": ("gone.mp4", "pipe.mp4", "self.mp4"),
        "files of other kinds": ("f.txt", "k"),
        "hidden": (".g.mp4", ".h"),
        "links to a folder that they lie in": ("a/up",),
    }


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a/1.mp4", "b/2.mp4")
    scan = os.scandir

    def closed(path: Path) -> object:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert LeftOut.of(find_clips(tmp_path).why, tmp_path).by_name() == {
        "b": "the folder cannot be read: Permission denied"
    }


def test_many_names_of_one_reason_are_counted_and_the_first_are_named() -> None:
    line = LeftOut(reasons={"hidden": tuple(f".{n}" for n in range(25))}).lines()[0]
    assert line.startswith("left out    25 (hidden): .0, .1,")
    assert line.endswith(".19 and 5 more")


# Class folders


@pytest.mark.parametrize("seed", range(20))
def test_classes_numbered_alike_are_split_each_for_itself(seed: int, tmp_path: Path) -> None:
    listed = list_folder(numbered(tmp_path, cat=40, cow=10, dog=6), seed=seed)
    assert sides(listed) == {
        "cat": {"train": 32, "test": 8},
        "cow": {"train": 8, "test": 2},
        "dog": {"train": 5, "test": 1},
    }
    assert listed.notes == ()


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("shared", [False, True])
def test_a_split_leaves_no_class_empty_on_a_side(shared: bool, share: float, tmp_path: Path) -> None:
    numbered(tmp_path, cat=12, cow=3, dog=2)
    for seed in range(20):
        listed = list_folder(tmp_path, seed=seed, test_share=share, shared_sources=shared)
        assert all(all(counts.values()) for counts in sides(listed).values())
        by_source = Counter((entry.group, entry.split) for entry in listed.entries)
        assert len({group for group, _ in by_source}) == (12 if shared else 17)
        assert len(by_source) == (12 if shared else 17)  # no source is on both sides


def test_a_class_that_no_split_can_mend_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    touch(tmp_path / "set", "cat/a_1.mp4", "cat/a_2.mp4", "dog/b_1.mp4", "dog/c_1.mp4")
    listed = list_folder(tmp_path / "set", separator="_")
    assert listed.notes == ("class 'cat' has no test clips: its clips are all of one source",)
    assert (
        main(["manifest", "folder", str(tmp_path / "set"), "--separator", "_", "--out", str(tmp_path / "m.csv")]) == 0
    )
    assert "note        class 'cat' has no test clips" in capsys.readouterr().out
    assert list_folder(tmp_path / "set", separator="_", test_share=0).notes == ()  # which was asked for
    assert "note        class 'cat' has no test clips" in str(check(read_manifest(tmp_path / "m.csv")))


def test_the_same_seed_still_gives_the_same_split(tmp_path: Path) -> None:
    """Of classes whose names differ: who lists them again must not train on what was kept apart before."""
    touch(tmp_path, *(f"{label}/{label}{n}.mp4" for label in ("cat", "dog") for n in range(10)))
    tested = [entry.path.stem for entry in list_folder(tmp_path, seed=3).entries if entry.split == "test"]
    assert tested == ["cat0", "cat1", "dog1", "dog9"]


def test_nested_folders_of_a_class_are_its_clips(tmp_path: Path) -> None:
    touch(
        tmp_path, *(f"cat/session{s}/x{n}.mp4" for s in (1, 2) for n in range(3)), "cat/z.mp4", "dog/y.mp4", "dog/w.mp4"
    )
    listed = list_folder(tmp_path)
    assert {label: sum(counts.values()) for label, counts in sides(listed).items()} == {"cat": 7, "dog": 2}
    assert len({entry.group for entry in listed.entries}) == 9
    together = list_folder(touch(tmp_path, "cat/session1/v1_c1.mp4", "cat/session2/v1_c2.mp4"), separator="_c")
    assert len({entry.group for entry in together.entries if "v1_c" in entry.path.name}) == 1


def test_two_formats_of_one_clip_stay_together(tmp_path: Path) -> None:
    listed = list_folder(touch(tmp_path, *(f"cat/{n}.{kind}" for n in range(10) for kind in ("mp4", "webm"))))
    split = {(entry.path.stem, entry.split) for entry in listed.entries}
    assert len(split) == 10


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "validation", "Test"), ("train", "dev")])
def test_a_split_that_is_there_is_taken_whole(names: tuple[str, ...], tmp_path: Path) -> None:
    touch(tmp_path, *(f"{side}/{label}/1.mp4" for side in names for label in ("cat", "dog")))
    listed = list_folder(tmp_path)
    assert places(listed, tmp_path) == {
        f"{side}/{label}/1.mp4": (label, "train" if side.lower().startswith("train") else "test")
        for side in names
        for label in ("cat", "dog")
    }
    apart = [name for name in names if name not in ("train", "Training", "test", "Test")]
    assert listed.notes == (f"the clips of {apart[0]} are kept apart to measure on, like those of test",)


def test_what_lies_beside_a_split_or_in_no_class_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "train/cat/1.mp4", "test/cat/2.mp4", "cow/3.mp4", "train/4.mp4", "5.mp4", "test/dog/6.txt")
    (tmp_path / "train" / "bird").mkdir()
    listed = list_folder(tmp_path)
    assert set(places(listed, tmp_path)) == {"train/cat/1.mp4", "test/cat/2.mp4"}
    assert listed.left_out.by_name() == {
        "5.mp4": "in no class folder",
        "train/4.mp4": "in no class folder",
        "cow/3.mp4": "beside the folders test, train",
        "test/dog/6.txt": "files of other kinds",
    }
    assert listed.notes == (
        "no clips can be taken from the folder test/dog",
        "no clips can be taken from the folder train/bird",
    )


def test_one_side_alone_and_a_class_called_like_one(tmp_path: Path) -> None:
    touch(tmp_path / "alone", "train/cat/1.mp4", "train/dog/1.mp4")
    assert {entry.split for entry in list_folder(tmp_path / "alone").entries} == {"train"}
    numbered(tmp_path / "vehicles", train=5, car=5)
    assert set(sides(list_folder(tmp_path / "vehicles"))) == {"car", "train"}
    with pytest.raises(ManifestError, match="holds no class folders"):
        list_folder(touch(tmp_path / "loose", "train/1.mp4", "test/2.mp4"))


def test_names_that_a_list_cannot_hold_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "cat/1.mp4", "cat/2.mp4", os.fsdecode(b"cat/\xff.mp4"))
    listed = list_folder(tmp_path)
    assert len(listed.entries) == 2
    assert list(listed.left_out.reasons) == ["the name is not UTF-8, rename it"]


def test_folder_counts_and_names_what_it_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = touch(
        tmp_path / "set",
        *(f"cat/session1/x{n}.mp4" for n in range(5)),
        *(f"cow/w{n}.wmv" for n in range(5)),
        *(f"bird/b{n}.MTS" for n in range(5)),
        "Cat/1.mp4",
    )
    arguments = ["manifest", "folder", str(folder), "--out", str(folder / "clips.csv")]
    for _ in range(2):  # its own list is no stranger when it is written again
        assert main(arguments) == 0
        lines = capsys.readouterr().out.splitlines()
        assert "11 clips" in lines[0]
        assert lines[1] == (
            "left out    5 (.wmv is not read, save it as .mp4): "
            "cow/w0.wmv, cow/w1.wmv, cow/w2.wmv, cow/w3.wmv, cow/w4.wmv"
        )
        assert "note        no clips can be taken from the folder cow" in lines
        assert "note        these are taken for different classes: 'Cat', 'cat'" in lines


def test_an_archive_says_the_same(tmp_path: Path) -> None:
    touch(tmp_path, "cow/w.wmv", "a.opus", "b.weba", "c.m2ts", "d.MTS", "notes.txt")
    archive = list_archive(tmp_path)
    assert [clip.clip for clip in archive.clips] == ["a.opus", "b.weba", "c.m2ts", "d.MTS"]
    assert archive.left_out.by_name() == {
        "cow/w.wmv": ".wmv is not read, save it as .mp4",
        "notes.txt": "files of other kinds",
    }
    listed = tmp_path / "list.csv"
    listed.write_text(HEADER + "a.opus,,,cat,train,,\na.opus,,,dog,train,,\na.opus,1,,dog,train,,\n")
    assert list_archive(listed).left_out.by_name() == {"a.opus": "listed before"}


def test_a_new_project_says_the_same(tmp_path: Path) -> None:
    for label, count in (("cat", 3), ("dog", 3)):
        for n in range(count):
            path = tmp_path / label / "deep" / f"{n}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_clip(path, seconds=1.0 + n / 10 + (label == "dog") / 2, fps=10)
    touch(tmp_path, "cow/w.wmv", "dog/notes.txt", "dog/broken.mp4", "loose.mp4")
    own = list_own_clips(tmp_path, test_share=0.2, seed=0, separator=None, workers=1, say=lambda _: None)
    assert own.counts() == {"cat": {"train": 2, "test": 1}, "dog": {"train": 2, "test": 1}}
    reasons = own.left_out.by_name()
    assert sorted(reasons) == ["cow/w.wmv", "dog/broken.mp4", "dog/notes.txt", "loose.mp4"]
    assert "not a video or sound file" in reasons["dog/broken.mp4"]
    assert "no clips can be taken from the folder cow" in own.notes


def test_a_project_remembers_whose_sources_are_shared(tmp_path: Path) -> None:
    write_project(tmp_path, Project(name="x", clips="/c", shared_sources=True))
    assert read_project(tmp_path).shared_sources
    assert not Project(name="x", clips="/c").shared_sources


def test_preparing_says_what_no_list_needs(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    write_clip(clips / "abc_000000_000001.mp4", seconds=1.0, fps=10)
    touch(clips, "def_000000_000001.flv", "other.mp4", "notes.txt")
    table = tmp_path / "train.csv"
    rows = "".join(f"cat,{name},0,1,train\n" for name in ("abc", "def"))
    table.write_text("label,youtube_id,time_start,time_end,split\n" + rows)
    report = prepare_kinetics([table], clips, tmp_path / "out", say=lambda _: None)
    assert report.missing == ["def_000000_000001"]
    assert report.left_out.by_name() == {
        "def_000000_000001.flv": ".flv is not read, save it as .mp4",
        "other.mp4": "in none of the lists",
        "notes.txt": "files of other kinds",
    }
    assert ".flv is not read" in str(report)
    assert json.loads(report.to_json())["left_out"]["reasons"]["in none of the lists"] == ["other.mp4"]


# Lists that contradict themselves


def test_labels_that_read_the_same_are_named() -> None:
    assert alike(["cat", "cat ", "Cat", "dog", "sea waves", "sea_waves", "e\u0301l", "\u00e9l"]) == (
        ("Cat", "cat", "cat "),
        ("sea waves", "sea_waves"),
        ("e\u0301l", "\u00e9l"),
    )
    assert alike(["cat", "cat\u200b", "\ufeffdog", "dog", "sea-waves", "sea_waves"]) == (
        ("cat", "cat\u200b"),
        ("dog", "\ufeffdog"),
        ("sea-waves", "sea_waves"),
    )
    assert alike(["cat", "cats", "dog.", "dog"]) == ()


def test_check_names_labels_that_read_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, name in enumerate("abc"):
        write_clip(tmp_path / f"{name}.mp4", seconds=1.0 + number / 5, fps=10)
    (tmp_path / "m.csv").write_text(HEADER + "a.mp4,,,cat,train,,\nb.mp4,,,cat ,test,,\nc.mp4,,,Cat,test,,\n")
    assert main(["manifest", "check", str(tmp_path / "m.csv")]) == 1
    assert "labels      'Cat', 'cat', 'cat ' are taken for different classes" in capsys.readouterr().out
    assert main(["manifest", "check", str(tmp_path / "m.csv"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["alike"] == [["Cat", "cat", "cat "]]


def test_two_ways_to_write_one_accent_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As folders come from a Mac and from elsewhere; the names look the same."""
    for number, name in enumerate(("cafe\u0301", "caf\u00e9")):
        (tmp_path / "clips" / name).mkdir(parents=True)
        write_clip(tmp_path / "clips" / name / "a.mp4", seconds=1.0 + number / 5, fps=10)
    arguments = ["manifest", "folder", str(tmp_path / "clips"), "--out", str(tmp_path / "m.csv")]
    assert main(arguments) == 0
    named = "'cafe\\u0301', 'caf\\xe9'"
    assert f"taken for different classes: {named}" in capsys.readouterr().out
    assert main(["manifest", "check", str(tmp_path / "m.csv")]) == 1
    assert f"labels      {named} are taken" in capsys.readouterr().out


def test_check_names_parts_that_overlap_across_the_split(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", seconds=3.0, fps=10)
    (tmp_path / "copy.mp4").write_bytes((tmp_path / "a.mp4").read_bytes())
    (tmp_path / "link.mp4").symlink_to("a.mp4")
    rows = {
        "a.mp4,0,2,cat,train,,\na.mp4,1,3,cat,test,,\n": ("a.mp4 [0.0 - 2.0 s]", "a.mp4 [1.0 - 3.0 s]"),
        "a.mp4,,,cat,train,,\na.mp4,1,2,cat,test,,\n": ("a.mp4", "a.mp4 [1.0 - 2.0 s]"),
        "a.mp4,0,2,cat,test,,\nlink.mp4,1,,cat,train,,\n": ("link.mp4 [1.0 -  s]", "a.mp4 [0.0 - 2.0 s]"),
        "a.mp4,0,2,cat,test,,\n./copy.mp4,1,3,cat,train,,\n": ("copy.mp4 [1.0 - 3.0 s]", "a.mp4 [0.0 - 2.0 s]"),
    }
    for text, pair in rows.items():
        (tmp_path / "m.csv").write_text(HEADER + text)
        report = check(read_manifest(tmp_path / "m.csv"))
        assert report.overlapping == (pair,)
        assert not report.ok
        assert f"overlap     {pair[0]} (train) and {pair[1]} (test)" in str(report)
    for text in ("a.mp4,0,1,cat,train,,\na.mp4,1,3,cat,test,,\n", "a.mp4,0,2,cat,train,,\na.mp4,1,3,cat,train,,\n"):
        (tmp_path / "m.csv").write_text(HEADER + text)
        assert check(read_manifest(tmp_path / "m.csv")).overlapping == ()
