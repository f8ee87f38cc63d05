"""A data set read back, whoever wrote it."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adamml import cli
from adamml.batch import BatchError, list_archive, local_processes, run_batch
from adamml.batch.results import COLUMNS, find_clip, read_results
from adamml.batch.tables import METADATA_KEY
from tests.batch.small_archive import SEGMENTS, here, make_archive, recipe


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("results") / "archive")


@pytest.fixture(scope="module")
def written(archive: Path) -> Path:
    out = archive.parent / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_processes, "outcomes", here)
        run_batch(archive, out, recipe(archive.parent / "notes"), stream=None)
    return out


def table(path: Path, *, metadata: dict[bytes, bytes] | None = None, **values: Any) -> Path:
    """A file of one clip, as somebody else may have made it."""
    row: dict[str, Any] = {
        **{"clip": "a.mp4", "path": "a.mp4", "status": "ok", "error": None, "label": "cat", "duration": 2.0},
        **{
            "selected_rgb": 0.5,
            "selected_audio": 0.0,
            "macs_total": 10,
            "macs_if_all": 20,
            "score": 0.5,
            "known": True,
        },
    }
    made = {METADATA_KEY: json.dumps({"model": "toy", "policy": "adamml", "segments": 10}).encode()}
    schema = pa.schema(list(COLUMNS.items()), metadata=made if metadata is None else metadata)
    pq.write_table(pa.Table.from_pylist([row | values], schema), path)
    return path


def test_what_was_written_is_read(archive: Path, written: Path) -> None:
    results = read_results(written)
    there = pq.read_table(written / "clips").to_pylist()
    assert (results.model, results.policy, results.segments, results.source) == ("toy", "adamml", SEGMENTS, archive)
    assert [answer.clip for answer in results.answers] == sorted(r["clip"] for r in there if r["status"] == "ok")
    assert set(results.failures) == {"broken.mp4", "empty.mkv"}
    by_name = {row["clip"]: row for row in there}
    for answer in results.answers:
        row = by_name[answer.clip]
        assert (answer.label, answer.score, answer.macs) == (row["label"], row["score"], row["macs_total"])
        assert (answer.looked, answer.listened) == (row["selected_rgb"], row["selected_audio"])
        assert (answer.start, answer.end) == (row["part_start"], row["part_end"])


def test_every_clip_is_found_again_whatever_bytes_its_name_has(archive: Path, written: Path) -> None:
    listed = {clip.clip: clip.file for clip in list_archive(archive).clips}
    for answer in read_results(written).answers:
        assert find_clip(archive, answer.path) == listed[answer.clip].resolve()


def test_one_file_is_read_alone_and_names_no_folder(written: Path) -> None:
    file = next((written / "clips").glob("*.parquet"))
    assert read_results(file).source is None
    assert read_results(file).answers


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "../outside.mp4", "sub/../../outside.mp4", "link.mp4", "linked/outside.mp4", "", ".", "\0"),
        *("x" * 5000, "none.mp4", r"\x2e\x2e/outside.mp4", "ring.mp4"),
    ],
)
def test_no_row_leads_out_of_the_folder(path: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "outside.mp4").write_text("private")
    (root / "link.mp4").symlink_to(tmp_path / "outside.mp4")
    (root / "linked").symlink_to(tmp_path)
    (root / "ring.mp4").symlink_to(root / "ring.mp4")
    assert find_clip(root, path) is None


def test_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("clip")
    (tmp_path / "b.mp4").symlink_to("a.mp4")
    assert find_clip(tmp_path, "b.mp4") == tmp_path / "a.mp4"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"score": 1.5}, "contradicts itself"),
        ({"selected_rgb": float("nan")}, "contradicts itself"),
        ({"duration": float("inf")}, "contradicts itself"),
        ({"label": None}, "contradicts itself"),
        ({"clip": None}, "contradicts itself"),
        ({"macs_if_all": 0}, "no compute"),
        ({"metadata": {}}, "not a table of clips"),
        ({"metadata": {METADATA_KEY: b"no JSON"}}, "what it was made with"),
        ({"metadata": {METADATA_KEY: b"[1]"}}, "what it was made with"),
        ({"metadata": {METADATA_KEY: b'{"model": "", "policy": "", "segments": "1"}'}}, "what it was made with"),
        ({"part_start": 3.0, "part_end": 2.0}, "contradicts itself"),
        ({"part_start": -1.0}, "contradicts itself"),
        ({"part_start": float("inf")}, "contradicts itself"),
        ({"part_end": float("nan")}, "contradicts itself"),
    ],
)
def test_a_foreign_table_is_refused(values: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(BatchError, match=says):
        read_results(table(tmp_path / "foreign.parquet", **values))


def test_other_files_and_columns_are_refused(tmp_path: Path, written: Path) -> None:
    text = tmp_path / "text.parquet"
    text.write_text("no Parquet")
    with pytest.raises(BatchError, match="cannot be read as Parquet"):
        read_results(text)
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"clip": ["a"], "score": ["much"]}), other)
    with pytest.raises(BatchError, match="the column 'path' is missing"):
        read_results(other)
    with pytest.raises(BatchError, match="not a table of clips"):
        read_results(next((written / "segments").glob("*.parquet")))
    for gone in (tmp_path / "gone", tmp_path):
        with pytest.raises(BatchError, match="there is no data set"):
            read_results(gone)


def test_the_command_refuses_in_one_line(
    tmp_path: Path, written: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["archive", str(tmp_path)]) == 2
    assert cli.main(["archive", str(written), "--clips", str(tmp_path / "gone")]) == 2
    monkeypatch.setenv("SPACE_ID", "owner/name")
    assert cli.main(["archive", str(written)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert ["no data set" in said[0], "no folder" in said[1], "public Space" in said[2], len(said)] == [True] * 3 + [3]
