"""Running an evaluation, stopping and resuming it, and what is written of it."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from adamml import Recognizer
from adamml.datasets.manifest import ClipEntry
from adamml.evaluation.evaluate import EvaluationError, evaluate_manifest
from adamml.evaluation.figures import budget_curves
from adamml.evaluation.records import ClipRecord, read_records
from adamml.evaluation.report import report_files, to_csv, to_json, to_markdown, write_report
from adamml.evaluation.table import Table, summarize
from adamml.files import OutputError, write_whole
from adamml.inference.session import ClipSession
from tests.clips import tone, write_clip


def row(path: Path, label: str, cells: str = "") -> ClipEntry:
    return ClipEntry(path=path, label=label, split="test", cells=cells)


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[ClipEntry]:
    folder = tmp_path_factory.mktemp("manifest")
    one = write_clip(folder / "one.mp4", seconds=2.0, sound=tone(2.0))
    two = write_clip(folder / "two.mp4", seconds=2.0, sound=tone(2.0, hertz=900))
    return [row(one, "cat", "ps"), row(two, "sea")]


@pytest.fixture
def analyzed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """(clip, policy) of every analysis that is really made."""
    made: list[tuple[str, str]] = []
    analyze = ClipSession.analyze

    def noted(self: ClipSession, policy: Any = "adamml") -> Any:
        made.append((self.clip.name, policy if isinstance(policy, str) else policy.name))
        return analyze(self, policy)

    monkeypatch.setattr(ClipSession, "analyze", noted)
    return made


def unmeasured(table: Table) -> Table:
    return replace(table, rows=tuple(replace(row, seconds=None) for row in table.rows))


def test_policies_share_clips_and_random_follows_adamml(
    toy: Recognizer, entries: list[ClipEntry], tmp_path: Path, analyzed: list[tuple[str, str]]
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_text("not a clip")
    lines: list[str] = []

    def run(clips: list[ClipEntry], policies: list[str], **settings: Any) -> Table:
        return evaluate_manifest(
            toy, clips, policies, tmp_path / "out", 2, progress=lines.append, root=entries[0].path.parent, **settings
        )

    listed = [entries[0], row(bad, "dog"), entries[1]]
    table = run(listed, ["random", "adamml", "audio"])
    assert [row.policy for row in table.rows] == ["random", "adamml", "audio"]
    assert table.clips == ("one.mp4", "two.mp4")
    assert list(table.left_out) == [bad.as_posix()]
    assert any("bad.mp4: left out:" in line for line in lines)
    assert analyzed == [
        ("one.mp4", "adamml"),
        ("one.mp4", "audio"),
        ("two.mp4", "adamml"),
        ("two.mp4", "audio"),
        ("one.mp4", "random"),
        ("two.mp4", "random"),
    ]
    learned = table.row("adamml")
    assert learned is not None
    written = read_records(tmp_path / "out" / "records.jsonl")
    rates = " ".join(f"{learned.selection[m]:.4f}" for m in ("rgb", "audio"))
    assert table.facts["random"] == f"rates {rates}"
    assert [r.recipe for r in written if r.policy == "random"] == [f"rates {rates}, seed {n}" for n in (0, 2)]
    first = next(r for r in written if (r.clip, r.policy) == ("one.mp4", "audio"))
    alone = toy.analyze(entries[0].path, "audio", segments=2)
    assert first.scores == tuple(alone.scores[name] for name in toy.card.classes)
    assert (first.decisions, first.cells, first.macs) == (((0, 1), (0, 1)), ((1, 0), (0, 1)), alone.macs.total)

    # Killed in the middle: the last policy's outcomes are lost, one of them half written.
    path = tmp_path / "out" / "records.jsonl"
    path.write_text("".join(r.to_line() for r in written[:4]) + written[4].to_line()[:50])
    analyzed.clear()
    again = run(listed, ["random", "adamml", "audio"])
    assert analyzed == [("one.mp4", "random"), ("two.mp4", "random")]
    assert unmeasured(again) == unmeasured(table)
    analyzed.clear()
    assert run(listed, ["random", "adamml", "audio"]) == again
    assert analyzed == []

    with pytest.raises(EvaluationError, match="other settings"):
        evaluate_manifest(toy, entries, ["audio"], tmp_path / "out", 3, progress=lines.append)
    assert read_records(path)  # and what was there is still there
    run(entries[:1], ["audio"], resume=False)
    assert [(r.clip, r.policy) for r in read_records(path)] == [("one.mp4", "audio")]


@pytest.mark.parametrize(
    ("change", "policies", "message"),
    [
        ({}, ["clairvoyant"], "policy must be one of"),
        ({}, ["rgb", "rgb"], "asked for twice"),
        ({}, [], "at least one policy"),
        ({"label": "unicorn"}, ["rgb"], "'unicorn', which the model does not know"),
        ({"path": Path("nowhere.mp4")}, ["audio"], "no clip could be evaluated"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(
    change: dict, policies: list[str], message: str, toy: Recognizer, entries: list[ClipEntry], tmp_path: Path
) -> None:
    with pytest.raises(EvaluationError, match=message):
        evaluate_manifest(toy, [replace(entries[0], **change)], policies, tmp_path, 2, progress=lambda _: None)


def test_the_same_clip_twice_is_refused_but_two_parts_of_a_file_are_two_clips(
    toy: Recognizer, entries: list[ClipEntry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EvaluationError, match="listed twice"):
        evaluate_manifest(toy, entries[:1] * 2, ["audio"], tmp_path, 2, progress=lambda _: None)
    opened: list[dict] = []
    plain = Recognizer.open

    def noted(self: Recognizer, path: Path, segments: int, **part: float) -> ClipSession:
        opened.append(part)
        return plain(self, path, segments)

    monkeypatch.setattr(Recognizer, "open", noted)
    parts = [replace(entries[0], end=1.0), replace(entries[0], start=0.5, end=2.0), entries[0]]
    root = entries[0].path.parent
    table = evaluate_manifest(toy, parts, ["audio"], tmp_path, 2, progress=lambda _: None, root=root)
    assert opened == [{"end": 1.0}, {"start": 0.5, "end": 2.0}, {}]
    assert table.clips == ("one.mp4", "one.mp4 0-1 s", "one.mp4 0.5-2 s")


@pytest.fixture(scope="module")
def table() -> Table:
    """Five policies on 12 clips of three classes: `all` is always right, the others in the shares given."""

    def outcomes(policy: str, right: int, macs: float) -> list[ClipRecord]:
        return [
            ClipRecord(
                clip=f"{n}.mp4",
                policy=policy,
                label=n % 3,
                scores=np.eye(3)[(n % 3 + (n >= right)) % 3] * 0.85 + 0.05,
                decisions=[[1, n % 2]],
                probabilities=[[0.9, None]],
                available=[[True, True]],
                macs=int(macs * 1e9),
                macs_published=int(macs * 0.9e9),
                seconds=1.25,
                cells=[[n % 3, 0]],
            )
            for n in range(12)
        ]

    rows = {
        "all": (12, 145.2),
        "audio": (6, 3.8),
        "adamml": (11, 87.12),
        "adamml@0.30": (12, 110),
        "adamml@0.70": (9, 50),
    }
    return summarize(
        {name: outcomes(name, *values) for name, values in rows.items()},
        classes=("sea waves", "cat", "a|b"),
        left_out={"broken.mp4": "not a clip"},
    )


def test_markdown_holds_the_figures_with_their_units(table: Table) -> None:
    text = to_markdown(table)
    line = next(line for line in text.splitlines() if line.startswith("| adamml |"))
    assert line.startswith("| adamml | 91.7 [75.0, 100.0] | - | ")
    assert "| 87.12 | 78.41 | 40.0 | -8.3 [-25.0, +0.0] |" in line
    assert "G MACs: billions of multiply-accumulates" in text
    assert "| adamml | 1.25 |" in text.split("## Measured")[1]
    assert "1.25" not in text.split("## Measured")[0]
    assert "| a\\|b | 4 | 100.0 |" in text
    assert "`broken.mp4`: not a clip" in text
    assert "201.45" not in text


def test_published_figures_stand_apart_and_are_marked(table: Table) -> None:
    text = to_markdown(table, published=True)
    ours, theirs = text.split("## As published elsewhere, not measured here")
    assert "134.47" not in ours
    for figure in (
        "74.3",
        "201.45",
        "49.2",
        "4.38",
        "76.18",
        "210.17",
        "89.05",
        "10.32",
        "-36.01 %",
        "165.06",
        "141.36",
    ):
        assert figure in theirs
    assert "published" not in json.loads(to_json(table))
    assert len(json.loads(to_json(table, published=True))["published"]["rows"]) == 5


def test_csv_has_one_row_per_policy(table: Table) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert [row["policy"] for row in rows] == [row.policy for row in table.rows]
    assert float(rows[1]["top1"]) == 0.5
    assert float(rows[2]["saving"]) == pytest.approx(0.4)
    assert (rows[0]["difference"], rows[0]["top5"]) == ("", "")


def test_budget_curve_joins_the_thresholds_in_order(table: Table) -> None:
    assert [[row.policy for row in curve] for curve in budget_curves(table)] == [
        ["adamml@0.30", "adamml", "adamml@0.70"]
    ]


def test_report_files_are_whole_and_load_nothing_from_outside(table: Table, tmp_path: Path) -> None:
    files = write_report(table, tmp_path / "report", published=True)
    assert sorted(files) == sorted((tmp_path / "report").iterdir())  # and nothing half written
    names = {file.name for file in files}
    assert {"table.json", "table.csv", "table.md", "accuracy_macs.png", "class_accuracy.png"} < names
    assert {"confusion_all.png", "confusion_audio.png", "confusion_adamml.png"} < names
    for file in files:
        if file.suffix == ".png":
            with Image.open(file) as image:
                image.load()
                assert min(image.size) > 300
    page = (tmp_path / "report" / "accuracy_macs.html").read_text()
    assert page.rstrip().endswith("</html>")
    assert 'src="plotly.min.js"' in page
    assert "http" not in page
    assert json.loads((tmp_path / "report" / "table.json").read_text())["rows"][1]["top1"]["value"] == 0.5


def test_no_file_of_a_report_replaces_what_it_was_made_from(table: Table, tmp_path: Path) -> None:
    clip, folder = tmp_path / "clip.mp4", tmp_path / "report"
    folder.mkdir()
    clip.write_bytes(b"a clip")
    for name in report_files(["all"]):
        (folder / name).symlink_to(clip)
        with pytest.raises(OutputError, match="which is read"):
            write_report(table, folder, inputs=[clip])
        (folder / name).unlink()
        assert clip.read_bytes() == b"a clip"


@pytest.mark.parametrize("write", [lambda path: write_whole(path, "new"), lambda path: write_whole(path, b"new")])
def test_a_failed_write_leaves_the_old_file(write: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="no space"):
            write(target)
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert target.read_text() == "old"
    write(target)
    assert target.read_text() == "new"
