"""Evaluation: every figure against a case done by hand; tables that refuse, calibration, unknown clips."""

import json
from dataclasses import replace

import numpy as np
import pytest

from adamml.evaluation import metrics
from adamml.evaluation.calibration import CalibrationError, compare_unknown_scores, fit_temperature, fit_threshold
from adamml.evaluation.records import ClipRecord, RecordError, RecordLog, read_records, truth_of_spans
from adamml.evaluation.table import TableError, summarize
from adamml.nn import MODALITIES
from adamml.nn.confidence import UNKNOWN_SCORES, confidence, softmax


def record(clip: str = "a", policy: str = "all", label: int = 0, scores=(0.7, 0.2, 0.1), **changes) -> ClipRecord:
    """Two segments of which the first uses both modalities."""
    values = {
        "decisions": [[1, 1], [0, 0]],
        "probabilities": [[None, None], [None, None]],
        "available": [[True, True], [True, True]],
        "macs": 10,
        "macs_published": 8,
        "seconds": 0.5,
    }
    return ClipRecord(clip=clip, policy=policy, label=label, scores=scores, **(values | changes))


def test_top_1_and_top_5() -> None:
    scores = np.array([[6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]]) / 21
    labels = np.array([0, 4, 5])
    assert metrics.correct_within(scores, labels, 1).tolist() == [1, 0, 0]
    assert metrics.correct_within(scores, labels, 5).tolist() == [1, 1, 0]
    assert metrics.correct_within(scores[:, :5], labels[:2], 5) is None  # five of five is no achievement


def test_mean_average_precision_is_over_the_classes_that_occur() -> None:
    scores = np.array([[0.6, 0.4, 0.0], [0.7, 0.3, 0.0], [0.8, 0.2, 0.0]])
    labels = np.array([0, 1, 0])
    # Class 0 is ranked right, wrong, right: (1 + 2/3) / 2. Class 1: its clip is second of three by its score: 1/2.
    assert metrics.mean_average_precision(scores, labels) == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
    assert metrics.mean_average_precision(scores, np.zeros(3, int)) is None


def test_selection_rate_is_over_available_cells() -> None:
    cells = [
        record(decisions=[[1, 0], [0, 0]], available=[[1, 0], [1, 0]]),
        record("b", decisions=[[1, 0], [1, 0]], available=[[1, 0], [1, 0]]),
    ]
    assert metrics.selection_rate(metrics.cells_of(cells, "rgb")) == 0.75
    assert metrics.selection_rate(metrics.cells_of(cells, "audio")) is None


def test_selections_on_useless_cells_and_informed_clips() -> None:
    seen = [
        record("a", decisions=[[1, 1], [1, 0]], cells=[[0, 1], [2, 2]]),
        record("b", decisions=[[1, 0], [0, 1]], cells=[[0, 1], [1, 0]]),  # uses useless cells only
        record("c", decisions=[[1, 1], [0, 0]], cells=[[-1, -1], [-1, -1]]),  # nobody knows
        record("d", decisions=[[1, 1], [0, 0]], cells=[[0, 0], [0, 0]]),  # nothing to be found
        record("e"),
    ]
    columns = [metrics.cells_of(seen, m) for m in MODALITIES]
    assert metrics.wasted_share(columns[0]) == pytest.approx(3 / 4)
    assert metrics.wasted_share(columns[1]) == pytest.approx(2 / 3)
    assert metrics.informed_share(columns) == 0.5
    unknown = [metrics.cells_of(seen[2:3], m) for m in MODALITIES]
    assert metrics.wasted_share(unknown[0]) is None
    assert metrics.informed_share(unknown) is None


def test_cell_auroc_compares_informative_with_useless_cells() -> None:
    seen = [
        record("a", probabilities=[[0.9, None], [0.4, None]], cells=[[2, 1], [1, 0]]),
        record("b", probabilities=[[0.5, None], [0.1, None]], cells=[[0, 1], [0, 0]]),
        record("c", probabilities=[[0.0, None], [1.0, None]], cells=[[-1, -1], [-1, -1]]),
    ]
    # Informative 0.9 and 0.4 against useless 0.5 and 0.1: three of four pairs in order.
    assert metrics.cell_auroc(metrics.cells_of(seen, "rgb")) == 0.75
    assert metrics.cell_auroc(metrics.cells_of(seen, "audio")) is None
    assert metrics.cell_auroc(metrics.cells_of(seen[2:], "rgb")) is None


def test_calibration_error_by_hand() -> None:
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    labels = np.array([0, 1, 0, 0])
    # Sure of 0.9 and right half the time; sure of 0.6 and always right.
    assert metrics.expected_calibration_error(scores, labels) == pytest.approx((0.4 + 0.4) / 2)
    assert metrics.expected_calibration_error(np.eye(2), np.array([0, 1])) == 0


def test_confusion_and_accuracy_by_class() -> None:
    scores = np.eye(3)[[0, 1, 1]]
    counts = metrics.confusion(scores, np.array([0, 0, 1]))
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert metrics.class_accuracy(counts) == (0.5, 1.0, None)


def test_bootstrap_is_repeatable_and_as_wide_as_theory_says(monkeypatch: pytest.MonkeyPatch) -> None:
    values = (np.arange(400) < 300).astype(float)
    estimate = metrics.bootstrap_mean(values, seed=1)
    assert estimate.value == 0.75
    wide = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert estimate.low == pytest.approx(0.75 - wide, abs=0.006)
    assert estimate.high == pytest.approx(0.75 + wide, abs=0.006)
    assert metrics.bootstrap_mean(values, seed=1) == estimate
    spread = np.random.default_rng(0).normal(size=50)
    assert metrics.bootstrap_mean(spread, seed=2) != metrics.bootstrap_mean(spread, seed=1)
    monkeypatch.setattr(metrics, "_AT_ONCE", 4000)  # the size of the portions changes nothing
    assert metrics.bootstrap_mean(values, seed=1) == estimate
    assert metrics.bootstrap_mean(np.ones(1)) == metrics.Estimate(value=1, low=None, high=None)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(100):
        estimate = metrics.bootstrap_mean((rng.random(80) < 0.6).astype(float), seed, resamples=400)
        assert estimate.low is not None
        assert estimate.high is not None
        hits += estimate.low <= 0.6 <= estimate.high
    assert 88 <= hits <= 100


def test_paired_difference_is_narrower_than_unpaired() -> None:
    hard = np.random.default_rng(0).random(200) < 0.5
    first, second = hard.astype(float), hard.astype(float)
    second[:10] = 0
    paired = metrics.paired_difference(first, second)
    assert paired.value == pytest.approx(first[:10].sum() / 200)
    assert paired.low is not None
    assert paired.high is not None
    assert paired.high - paired.low < 0.06  # each alone is 0.14 wide


def test_a_table_sums_up_and_says_none_where_there_is_no_meaning() -> None:
    wrong = (0.1, 0.8, 0.1)
    table = summarize(
        {
            "all": [record("a"), record("b", scores=wrong, macs=30)],
            "adamml": [record("b", "adamml", macs=4, seconds=None), record("a", "adamml", macs=6)],
        },
        classes=("x", "y", "z"),
    )
    everything, learned = table.rows
    assert (everything.top1.value, learned.top1.value) == (0.5, 1.0)
    assert (everything.macs, everything.macs_published, everything.seconds) == (20, 8, 0.5)
    assert learned.saving == pytest.approx(0.75)
    assert learned.difference is not None
    assert learned.difference.value == 0.5
    assert (everything.saving, everything.difference) == (None, None)
    assert learned.seconds is None  # not measured everywhere
    assert (learned.top5, learned.mean_average_precision, learned.informed) == (None, None, None)
    assert learned.cell_auroc == {"rgb": None, "audio": None}
    assert table.clips == ("a", "b")
    json.dumps(table.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no clip"),
        ([record("a", "rgb")], "'b' was seen by 'all' and not by 'rgb'"),
        ([record("a", "rgb"), record("b", "rgb"), record("c", "rgb")], "'c' was seen by 'rgb' and not by 'all'"),
        ([record("a", "rgb"), record("a", "rgb")], "two records of clip 'a'"),
        ([record("a", "rgb"), record("b", "rgb", label=1)], "disagree on the label"),
    ],
)
def test_a_table_refuses_policies_that_saw_different_clips(rows: list[ClipRecord], message: str) -> None:
    with pytest.raises(TableError, match=message):
        summarize({"all": [record("a"), record("b")], "rgb": rows})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": (0.7, 0.7, 0.1)}, "sum to 1"),
        ({"label": 3}, "label 3 of 3"),
        ({"decisions": [[1, 1], [2, 0]]}, "neither 0 nor 1"),
        ({"available": [[True, False], [True, True]]}, "what the clip lacks"),
        ({"cells": [[0, 1]]}, "cells must have 2 rows"),
        ({"cells": [[0, 1], [0, 7]]}, "cell truth"),
        ({"probabilities": [[1.5, None], [None, None]]}, "probability outside"),
        ({"seconds": float("nan")}, "seconds"),
    ],
)
def test_records_refuse_contradictions(changes: dict, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        replace(record(), **changes)


def test_records_survive_a_kill_in_mid_line(tmp_path) -> None:
    path = tmp_path / "records.jsonl"
    kept = [record("a", cells=[[0, 1], [2, 2]], recipe="seed 1"), record("b", probabilities=[[0.25, None], [1, 0]])]
    RecordLog(path).add(kept)
    with path.open("a") as file:
        file.write(record("c").to_line()[:40])
    assert read_records(path) == kept
    log = RecordLog(path)
    log.add([record("d")])
    assert read_records(path) == [*kept, record("d")] == log.records
    path.write_text(path.read_text().replace('"clip":"b"', '"clop":"b"'))
    with pytest.raises(RecordError, match="line 2"):
        read_records(path)
    RecordLog(path, resume=False)
    assert read_records(path) == []


def test_the_second_of_a_segments_centre_decides_its_truth() -> None:
    spans = [(0.0, 1.07), (0.6, 1.67), (2.0, 3.0), (3.9, 4.9)]
    assert truth_of_spans("bpsn", spans) == ((2, 2), (1, 0), (0, 1), (0, 0))
    assert truth_of_spans("?", spans[:1]) == ((-1, -1),)
    assert truth_of_spans("", spans) is None


def overconfident(count: int = 2000, sharpness: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from softmax(z), and the logits sharpness * z: the right temperature is the sharpness."""
    rng = np.random.default_rng(0)
    z = rng.normal(0, 1.5, (count, 5))
    labels = (softmax(z).cumsum(1) < rng.random((count, 1))).sum(1)
    return sharpness * z, labels


def test_temperature_makes_an_overconfident_model_honest_and_changes_no_answer() -> None:
    logits, labels = overconfident()
    fit = fit_temperature(logits, labels)
    assert fit.temperature == pytest.approx(4, rel=0.1)
    assert fit.calibration_error_after < 0.03 < 0.2 < fit.calibration_error_before
    assert fit.loss_after < fit.loss_before
    assert fit == fit_temperature(logits, labels)


def test_unknown_clips_are_told_from_known_ones() -> None:
    known, _ = overconfident()
    unknown = np.random.default_rng(1).normal(-3, 0.5, (300, 5))
    fits = compare_unknown_scores(known, unknown)
    assert {fit.score for fit in fits} == set(UNKNOWN_SCORES)
    assert [fit.auroc for fit in fits] == sorted((fit.auroc for fit in fits), reverse=True)
    assert fits[0].auroc > 0.95
    assert all(0.95 <= fit.retention < 0.951 for fit in fits)
    kept = confidence(known, fits[0].score) >= fits[0].threshold
    assert kept.mean() == pytest.approx(0.95, abs=0.001)
    assert fits[0].rejection == (confidence(unknown, fits[0].score) < fits[0].threshold).mean()


def test_threshold_by_hand() -> None:
    fit = fit_threshold(np.arange(1.0, 11.0), np.array([0.0, 1.5, 5.0]), "max_logit", retention=0.9)
    assert (fit.threshold, fit.retention) == (2.0, 0.9)
    assert fit.rejection == pytest.approx(2 / 3)
    assert fit.auroc == pytest.approx((10 + 9 + 5.5) / 30)  # 5 ties with 5: half a pair


def test_calibration_refuses_what_cannot_be_meant() -> None:
    with pytest.raises(CalibrationError, match="labels"):
        fit_temperature(np.zeros((2, 3)), np.array([0, 3]))
    with pytest.raises(CalibrationError, match="finite"):
        fit_temperature(np.full((2, 3), np.nan), np.array([0, 1]))
    with pytest.raises(CalibrationError, match="known and unknown"):
        fit_threshold(np.ones(3), np.ones(0), "max_logit")
