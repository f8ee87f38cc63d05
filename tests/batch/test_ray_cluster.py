"""Archives on Ray Data: the same data set as on processes of this machine, actors that die included."""

import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from adamml.batch import BatchError, local_processes, run_batch
from tests.batch.small_archive import SEGMENTS, asked_for, content, here, make_archive, recipe

HARMLESS, DEADLY = "clip 5.mp4", "clip 1.mp4"


@pytest.mark.slow
def test_ray_writes_what_processes_write_and_gives_up_only_what_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, notes = make_archive(tmp_path / "clips"), tmp_path / "notes"
    how = recipe(notes, deadly={HARMLESS: 1, DEADLY: 5})
    summary = run_batch(archive, tmp_path / "ray", how, engine="ray", workers=2, stream=None)
    assert summary.errors == {"UnreadableClipError": 2, "WorkerDiedError": 1}
    asked = asked_for(notes)
    assert (asked.count(HARMLESS), asked.count(DEADLY)) == (2, 2)
    monkeypatch.setattr(local_processes, "outcomes", here)
    run_batch(archive, tmp_path / "here", recipe(tmp_path / "notes here"), stream=None)
    on_ray, alone = content(tmp_path / "ray"), content(tmp_path / "here")
    assert len(on_ray["clips"]) == 12
    for name, rows in (("clips", 11), ("segments", 9 * SEGMENTS)):
        compared = [t.filter(pc.not_equal(t["clip"], f"0/{DEADLY}")) for t in (on_ray[name], alone[name])]
        assert len(compared[0]) == rows
        assert compared[0] == compared[1]
    (row,) = pq.read_table(tmp_path / "ray" / "clips", filters=[("clip", "=", f"0/{DEADLY}")]).to_pylist()
    assert (row["status"], row["label"]) == ("error", None)


def test_without_ray_one_line_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").touch()
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BatchError, match=r"ray is missing; --engine ray needs: pip install -e '\.\[ray\]'"):
        run_batch(tmp_path / "clips", tmp_path / "out", recipe(tmp_path / "notes"), engine="ray", stream=None)
