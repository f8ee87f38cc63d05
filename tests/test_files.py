"""Results: whole or not there, written to whatever their name stands for, and never over what they were made from."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adamml import files
from adamml.files import OutputError, check_folder, check_targets, goes_to_stdout, whole_file, write_all, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def reader(pipe: Path) -> tuple[threading.Thread, list[bytes]]:
    """Somebody who reads a named pipe to its end."""
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    thread.start()
    return thread, read


def test_a_link_is_followed_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "old.json").write_text("old")
    (tmp_path / "there" / "old.json").chmod(0o640)
    (tmp_path / "a").symlink_to("there/old.json")
    (tmp_path / "b").symlink_to("there/new.json")  # which is not there yet
    write_whole(tmp_path / "a", "1")
    with whole_file(tmp_path / "b") as made:
        made.write_text("2")
    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "b").is_symlink()
    assert (tmp_path / "there" / "old.json").read_text() == "1"
    assert (tmp_path / "there" / "new.json").read_text() == "2"
    assert (tmp_path / "there" / "old.json").stat().st_mode & 0o777 == 0o640
    assert names(tmp_path / "there") == ["new.json", "old.json"]


@pytest.mark.parametrize("way", ["text", "file"])
def test_a_pipe_is_written_to_and_stays_one(way: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread, read = reader(pipe)
    if way == "text":
        write_whole(pipe, "said")
    else:
        with whole_file(pipe) as made:
            made.write_bytes(b"said")
    thread.join(10)
    assert read == [b"said"]
    assert pipe.is_fifo()
    assert names(tmp_path) == ["pipe"]


def test_devices_take_what_is_written(tmp_path: Path) -> None:
    null, link = tmp_path / "null", tmp_path / "link"
    try:
        os.mknod(null, 0o666 | stat.S_IFCHR, Path(os.devnull).stat().st_rdev)
        null.write_text("")
    except OSError:
        if os.access(Path(os.devnull).parent, os.W_OK):
            pytest.skip("no device of our own can be made, and the machine's is not put at risk")
        null = Path(os.devnull)
    link.symlink_to(null)
    before = null.stat()
    write_all({null: "1", link: "2"})
    assert null.is_char_device()
    assert os.path.samestat(before, null.stat())
    assert link.is_symlink()


STREAMS = """
import sys
from pathlib import Path
from adamml.files import write_whole
print("before")
write_whole(Path(sys.argv[1]), "result\\n")
print("after")
"""


def stdout_names(folder: Path) -> dict[str, str]:
    """Names of a process's stdout. /dev/stdout is a link like ours, which root would lose if writing went wrong."""
    (folder / "stdout").symlink_to("/proc/self/fd/1")
    (folder / "link").symlink_to("stdout")
    names = {"as /dev/stdout": str(folder / "stdout"), "link": str(folder / "link")}
    return names | {"fd": "/dev/fd/1", "proc": "/proc/self/fd/1"}


@pytest.mark.parametrize("name", ["as /dev/stdout", "link", "fd", "proc"])
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_what_goes_to_stdout_stands_between_what_is_printed(name: str, kind: str, tmp_path: Path) -> None:
    name = stdout_names(tmp_path)[name]
    command = [sys.executable, "-c", STREAMS, name]
    if kind == "pipe":
        printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    else:
        with (tmp_path / "out").open("w") as out:
            subprocess.run(command, stdout=out, check=True, timeout=60)
        printed = (tmp_path / "out").read_text()
    assert printed == "before\nresult\nafter\n"


def test_who_reads_stdout_is_told_apart(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from adamml.files import goes_to_stdout as g\n"
    code += "print(*(g(Path(name)) for name in sys.argv[1:]))"
    asked = [*stdout_names(tmp_path).values(), "/dev/stderr", str(tmp_path / "a"), str(tmp_path / "none" / "a")]
    done = subprocess.run([sys.executable, "-c", code, *asked], stdout=-1, stderr=-1, text=True, check=True, timeout=60)
    assert done.stdout.split() == [*["True"] * 4, *["False"] * 3]
    assert not goes_to_stdout(tmp_path)


def spellings(folder: Path, file: Path) -> Iterator[Path]:
    """Names of one file."""
    (folder / "link.mp4").symlink_to(file)
    os.link(file, folder / "hard.mp4")
    (folder / "by").symlink_to(file.parent, target_is_directory=True)
    yield from (file, folder / "link.mp4", folder / "hard.mp4", folder / "by" / file.name)
    yield folder / "by" / ".." / file.parent.name / file.name


def test_an_input_is_not_written_over_by_any_of_its_names(tmp_path: Path) -> None:
    clip = tmp_path / "clips" / "clip.mp4"
    clip.parent.mkdir()
    clip.write_bytes(b"a clip")
    there = names(tmp_path / "clips")
    for name in list(spellings(tmp_path, clip)):
        for write in (
            lambda name=name: check_targets([name], inputs=[clip]),
            lambda name=name: write_whole(name, "result", inputs=[tmp_path / "none", clip]),
            lambda name=name: whole_file(name, inputs=[clip]).__enter__(),
        ):
            with pytest.raises(OutputError, match="which is read; name another file"):
                write()
    assert clip.read_bytes() == b"a clip"
    assert names(tmp_path / "clips") == there


def test_two_results_are_not_written_to_one_file(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old")
    for name in list(spellings(tmp_path, tmp_path / "there"))[1:]:
        with pytest.raises(OutputError, match="is the same as"):
            write_all({tmp_path / "there": "1", name: "2"})
    (tmp_path / "new link").symlink_to("new")
    with pytest.raises(OutputError, match="is the same as"):
        check_targets([tmp_path / "new", tmp_path / "new link"])
    assert (tmp_path / "there").read_text() == "old"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["folder", "none/a.json", "loop", "bad\0name"])
def test_what_cannot_be_written_is_said_in_the_name_that_was_given(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OutputError, match=r"cannot be written|there is no folder") as raised:
        write_whole(tmp_path / name, "1")
    assert ".part" not in str(raised.value)
    assert names(tmp_path) == ["folder", "loop"]


def stopped_while_writing(path: Path) -> None:
    path.write_text("half")
    path.with_suffix(".helper").write_text("half")
    raise KeyboardInterrupt


def test_nothing_is_left_and_nothing_replaced_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device", "/some/.part")

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", full)
        with pytest.raises(OutputError, match=r"a' cannot be written: No space left on device"):
            write_all({tmp_path / "a": "new", tmp_path / "b": "new"})
        with pytest.raises(OutputError, match="No space left"), whole_file(tmp_path / "a") as made:
            made.write_text("new")
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / "a") as made:
        stopped_while_writing(made)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    name = "n" * 250 + ".json"
    write_whole(tmp_path / name, "1")
    with whole_file(tmp_path / name) as made:
        made.write_text("2")
    assert names(tmp_path) == [name]


def test_a_reader_that_has_gone_is_not_an_error_of_the_result(tmp_path: Path) -> None:
    read, written = os.pipe()
    os.close(read)
    try:
        with pytest.raises(BrokenPipeError):
            write_whole(Path(f"/dev/fd/{written}"), "result")
    finally:
        os.close(written)


def test_a_folder_is_looked_at_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    check_folder(tmp_path / "new" / "deep", ["a.csv"])
    assert names(tmp_path) == ["file"]
    with pytest.raises(OutputError, match="is no folder"):
        check_folder(tmp_path / "file" / "deep")
    with pytest.raises(OutputError, match="which is read"):
        check_folder(tmp_path, ["file", "other"], inputs=[tmp_path / "file"])
