"""Archives on processes of this machine: nothing is lost, nothing repeated, and the data set says what it is."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adamml.batch import BatchError, Summary, list_archive, local_processes, run_batch
from adamml.batch.store import Store
from tests.batch.small_archive import SEGMENTS, asked_for, content, go_on, here, make_archive, recipe
from tests.toy_app import toy_recognizer

ROOT = Path(__file__).parents[2]
CLIPS = 12
RUN = """
import signal, sys
from pathlib import Path
from adamml.batch import run_batch
from tests.batch.small_archive import recipe
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background inherit it ignored
    folder, out, notes = map(Path, sys.argv[1:])
    run_batch(folder, out, recipe(notes, pause=0.3, hold_from=6), workers=1, save_seconds=0.5)
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive") / "clips")


@pytest.fixture
def here_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips are analyzed in this process."""
    monkeypatch.setattr(local_processes, "outcomes", here)


@pytest.fixture(scope="module")
def whole(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    """The archive in one go, by one worker."""
    folder = tmp_path_factory.mktemp("whole")
    return folder / "out", run_batch(archive, folder / "out", recipe(folder / "notes"), workers=1, stream=None)


def test_every_clip_has_a_row_and_every_good_one_its_segments(archive: Path, whole: tuple[Path, Summary]) -> None:
    out, summary = whole
    rows = pq.read_table(out / "clips").to_pylist()
    assert (summary.clips, summary.analyzed, summary.errors) == (CLIPS, CLIPS, {"UnreadableClipError": 2})
    assert summary.left_out.counts() == {"files of other kinds": 1, "hidden": 1}
    assert [row["clip"] for row in rows] == sorted(row["clip"] for row in rows)
    bad = {row["path"]: row for row in rows if row["status"] == "error"}
    assert set(bad) == {"broken.mp4", "empty.mkv"}
    for row in bad.values():
        assert row["error"]
        assert "\n" not in row["error"]
        assert row["label"] is None
    segments = pq.read_table(out / "segments").to_pylist()
    assert len(segments) == SEGMENTS * (CLIPS - 2)
    assert not {row["clip"] for row in segments} & set(bad)
    assert "2/\\xff'\n*.MP4" in {row["path"] for row in rows}


def test_rows_say_what_the_analysis_says(archive: Path, whole: tuple[Path, Summary]) -> None:
    out, _ = whole
    for name in ("0/clip 0.mp4", "0/clip 3.mp4", "1/clip 4.mp4"):
        analysis = toy_recognizer().analyze(archive / name, segments=SEGMENTS)
        (row,) = pq.read_table(out / "clips", filters=[("clip", "=", name)]).to_pylist()
        assert (row["label"], row["known"]) == (analysis.label, analysis.known)
        assert row["scores"] == pytest.approx(dict(analysis.scores))
        assert [best["label"] for best in row["top"]] == [label for label, _ in analysis.ranked(5)]
        assert (row["macs_total"], row["macs_rgb"]) == (analysis.macs.total, analysis.macs.rgb)
        assert (row["selected_rgb"], row["has_audio"]) == (analysis.selection_rate("rgb"), analysis.clip.has_audio)
        assert row["size"] == (archive / name).stat().st_size
        assert row["seconds_cpu"] > 0
        segments = pq.read_table(out / "segments", filters=[("clip", "=", name)]).to_pylist()
        for found, segment in zip(segments, analysis.segments, strict=True):
            assert (found["segment"], found["start"], found["end"]) == (segment.index, segment.start, segment.end)
            assert (found["decision_rgb"], found["decision_audio"]) == tuple(segment.decisions.values())
            assert found["probability_audio"] == pytest.approx(segment.probabilities["audio"])
            assert found["label"] == segment.label
            for column, scores in (("scores", segment.scores), ("scores_rgb", segment.modality_scores["rgb"])):
                assert found[column] == (None if scores is None else pytest.approx(dict(scores)))


def test_files_say_what_they_were_made_with_and_what_columns_mean(whole: tuple[Path, Summary]) -> None:
    out, _ = whole
    for name in ("clips", "segments"):
        schema = pq.read_schema(out / name / "shard-00000.parquet")
        facts = json.loads(schema.metadata[b"adamml"])
        assert (facts["format"], facts["model"], facts["policy"], facts["segments"]) == (1, "toy", "adamml", SEGMENTS)
        assert all(column.metadata[b"meaning"] for column in schema)
    assert pq.read_schema(out / "clips" / "shard-00000.parquet").field("modified").type == pa.timestamp("us", "UTC")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on_without_repeating(
    end: signal.Signals,
    archive: Path,
    whole: tuple[Path, Summary],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, notes = tmp_path / "out", tmp_path / "notes"
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, archive, out, notes], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until(lambda: len(asked_for(notes)) >= 6)
        process.send_signal(end)
        go_on(notes).touch()
        process.wait(30)
    finally:
        process.kill()
    written = set(pq.read_table(out / "clips", columns=["clip"])["clip"].to_pylist())
    assert 3 <= len(written) < CLIPS
    time.sleep(1)  # a worker whose parent was killed finishes its clip first
    begun = asked_for(notes)
    if end is signal.SIGINT:
        assert len(begun) - len(written) <= 1  # only the clip in hand was lost
    monkeypatch.setattr(local_processes, "outcomes", here)
    summary = run_batch(archive, out, recipe(notes), stream=None)
    assert (summary.before, summary.analyzed) == (len(written), CLIPS - len(written))
    assert not {Path(clip).name for clip in written} & set(asked_for(notes)[len(begun) :])
    assert content(out) == content(whole[0])
    run_batch(archive, out, recipe(notes), stream=None)
    assert len(asked_for(notes)) == len(begun) + CLIPS - len(written)  # nothing was left to do


def test_a_clip_whose_worker_dies_is_tried_once_more(
    archive: Path, whole: tuple[Path, Summary], tmp_path: Path
) -> None:
    """And more workers, who write in another order and more often, write the same."""
    how = recipe(tmp_path / "notes", deadly={"clip 5.mp4": 1})
    summary = run_batch(archive, tmp_path / "out", how, workers=2, stream=None, save_seconds=0.1)
    assert asked_for(tmp_path / "notes").count("clip 5.mp4") == 2
    assert len(asked_for(tmp_path / "notes")) == CLIPS + 1
    assert (summary.clips, summary.errors) == (CLIPS, {"UnreadableClipError": 2})
    assert content(tmp_path / "out") == content(whole[0])


def test_a_clip_that_kills_every_worker_is_given_up_and_can_be_retried(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, notes = tmp_path / "out", tmp_path / "notes"
    how = recipe(notes, deadly={"clip 5.mp4": 2})
    assert run_batch(archive / "1", out, how, workers=1, stream=None).errors == {"WorkerDiedError": 1}
    monkeypatch.setattr(local_processes, "outcomes", here)
    assert run_batch(archive / "1", out, how, stream=None).analyzed == 0
    again = run_batch(archive / "1", out, how, stream=None, retry_failed=True)
    assert (again.before, again.analyzed, again.errors) == (3, 1, {})
    assert len(pq.read_table(out / "segments")) == SEGMENTS * 4


@pytest.mark.usefixtures("here_alone")
def test_new_and_changed_clips_are_analysed_and_the_others_are_not(tmp_path: Path) -> None:
    archive, out, notes = make_archive(tmp_path / "clips"), tmp_path / "out", tmp_path / "notes"
    run_batch(archive, out, recipe(notes), workers=2, stream=None)
    before = len(asked_for(notes))
    (archive / "new.mp4").write_bytes((archive / "0" / "clip 1.mp4").read_bytes())
    os.utime(archive / "0" / "clip 0.mp4", (1, 1))
    (archive / "broken.mp4").unlink()
    summary = run_batch(archive, out, recipe(notes), workers=1, stream=None)
    assert sorted(asked_for(notes)[before:]) == ["clip 0.mp4", "new.mp4"]
    assert (summary.clips, summary.before, summary.gone) == (CLIPS, CLIPS - 2, 1)
    names = pq.read_table(out / "clips", columns=["clip"])["clip"].to_pylist()
    assert sorted(names) == sorted({*names, "broken.mp4", "new.mp4"})
    assert len(pq.read_table(out / "segments")) == SEGMENTS * (CLIPS - 1)


def test_other_settings_another_source_and_a_second_run_are_refused(
    archive: Path, whole: tuple[Path, Summary], tmp_path: Path
) -> None:
    out, notes = whole[0], tmp_path / "notes"
    with pytest.raises(BatchError, match=r"was made with policy adamml, not rgb: ask for the same"):
        run_batch(archive, out, recipe(notes, policy="rgb"), stream=None)
    with pytest.raises(BatchError, match=r"was made with source .*clips, not .*0: ask"):
        run_batch(archive / "0", out, recipe(notes), stream=None)
    (tmp_path / "strange" / "clips").mkdir(parents=True)
    (tmp_path / "strange" / "clips" / "a.parquet").touch()
    with pytest.raises(BatchError, match=r"no batch\.json"):
        run_batch(archive, tmp_path / "strange", recipe(notes), stream=None)
    assert asked_for(notes) == []


def test_two_runs_never_write_to_one_folder(archive: Path, whole: tuple[Path, Summary], tmp_path: Path) -> None:
    how = recipe(tmp_path / "notes")
    with (
        Store(whole[0], how.settings, archive, CLIPS),
        pytest.raises(BatchError, match="another run is at work"),
    ):
        run_batch(archive, whole[0], how, stream=None)


def test_a_model_that_cannot_be_loaded_ends_the_run_with_the_reason(archive: Path, tmp_path: Path) -> None:
    how = recipe(tmp_path / "none" / "notes")
    broken = type(how)(load=_not_loading, settings=how.settings)
    with pytest.raises(BatchError, match="the model cannot be loaded: no such weights"):
        run_batch(archive, tmp_path / "out", broken, workers=1, stream=None)


def _not_loading() -> None:
    raise OSError("no such weights")


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.mp4").touch()
    (inside / "out.mp4").symlink_to(outside / "a.mp4")
    (inside / "folder").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    (inside / "gone.mp4").symlink_to(inside / "nothing.mp4")
    (inside / "twin.mp4").symlink_to("a.mp4")
    archive = list_archive(inside)
    assert [clip.clip for clip in archive.clips] == ["a.mp4", "twin.mp4"]
    assert archive.left_out.reasons == {
        "broken links, pipes and the like": ("gone.mp4",),
        "links that lead out of the folder": ("out.mp4",),
        "links to folders": ("folder", "loop"),
    }


@pytest.mark.usefixtures("here_alone")
def test_parts_of_a_manifest_are_clips_of_their_own(archive: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    name = (archive / "0" / "clip 1.mp4").as_posix()
    listed.write_text(
        "path,start,end,label,split,group,cells\n"
        f"{name},,,cat,test,,\n{name},0.5,,cat,test,,\n{name},0.2,0.6,dog,test,,\nnone.mp4,,,dog,test,,\n"
    )
    summary = run_batch(listed, tmp_path / "out", recipe(tmp_path / "notes"), workers=1, stream=None)
    rows = {row["clip"]: row for row in pq.read_table(tmp_path / "out" / "clips").to_pylist()}
    assert set(rows) == {name, f"{name}#t=0.5,", f"{name}#t=0.2,0.6", "none.mp4"}
    assert rows[f"{name}#t=0.2,0.6"]["duration"] == pytest.approx(0.4)
    assert (rows["none.mp4"]["status"], rows["none.mp4"]["size"]) == ("error", None)
    assert sum(summary.errors.values()) == 1


def wait_until(true: object, seconds: float = 60) -> None:
    """Until a function says so."""
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
