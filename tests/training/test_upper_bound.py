"""The best choice of looks with the truth known: it finds what tells, is counted like any other, and is no policy."""

import pytest
import torch
from torch.nn import functional as F

from adamml.nn import ARCHITECTURES, MODALITIES, AdaMML
from adamml.nn.cost import CostModel
from adamml.training.cached_evaluation import CachedClips
from adamml.training.feature_bank import ClipBatch
from adamml.training.kinetics400.recipe import rows_of
from adamml.training.kinetics400.upper_bound import best_looks

SEGMENTS, CLASSES = 4, 3
MUTE = SEGMENTS - 1  # the clip that has no sound track


@pytest.fixture(scope="module")
def clips() -> CachedClips:
    """Four clips of class 1: of each another segment shows it, the others show class 2, and the sound says nothing."""
    torch.manual_seed(0)
    network = AdaMML(CLASSES, ARCHITECTURES["i3d-tagger"]).requires_grad_(False).eval()
    shown = torch.full((SEGMENTS, SEGMENTS), 2).fill_diagonal_(1)
    present = torch.ones(SEGMENTS, len(MODALITIES))
    present[MUTE, 1] = 0
    known = {m: torch.zeros(SEGMENTS, SEGMENTS, network.kind.spec(m).feature_dim) for m in MODALITIES}
    batch = ClipBatch(
        label=torch.ones(SEGMENTS, dtype=torch.long),
        present=present,
        uniform=torch.full((SEGMENTS, SEGMENTS, len(MODALITIES), 2), 0.5),
        glimpse={m: torch.zeros(SEGMENTS, SEGMENTS, network.kind.spec(m).glimpse_dim) for m in MODALITIES},
        features=known,
        logits={"rgb": 4 * F.one_hot(shown, CLASSES).float(), "audio": torch.zeros(SEGMENTS, SEGMENTS, CLASSES)},
    )
    return CachedClips(network, {}, batch)


@pytest.fixture(scope="module")
def cost(clips: CachedClips) -> CostModel:
    return CostModel.of(clips.network)


def test_it_looks_where_the_answer_is_and_listens_everywhere(clips: CachedClips, cost: CostModel) -> None:
    (records,) = best_looks(clips, cost, 1.0, numbers=(1,)).values()
    assert [record.scores.index(max(record.scores)) for record in records] == [1] * SEGMENTS
    for clip, record in enumerate(records):
        looked, heard = zip(*record.decisions, strict=True)
        assert looked == tuple(int(s == clip) for s in range(SEGMENTS))
        assert heard == (int(clip != MUTE),) * SEGMENTS


def test_it_is_counted_and_scored_like_the_same_looks_of_a_policy(clips: CachedClips, cost: CostModel) -> None:
    found = best_looks(clips, cost, 2.0, numbers=(1, SEGMENTS, SEGMENTS + 5))
    everything = clips.records("all", cost, temperature=2.0)
    for name in (f"best-{SEGMENTS}", f"best-{SEGMENTS + 5}"):
        assert [(r.scores, r.macs, r.decisions) for r in found[name]] == [
            (r.scores, r.macs, r.decisions) for r in everything
        ]
    one_look = clips.records("even-1", cost)
    assert [record.macs for record in found["best-1"]] == [record.macs for record in one_look]
    # With every look the three segments that show something else win.
    assert all(record.scores[2] > record.scores[1] for record in everything)


def test_where_no_choice_is_right_the_truth_is_as_probable_as_can_be(clips: CachedClips, cost: CostModel) -> None:
    (records,) = best_looks(clips, cost, 1.0, numbers=(3,)).values()  # two of three looks show something else
    for clip, record in enumerate(records):
        assert record.scores[1] < record.scores[2]
        assert record.decisions[clip][0] == 1


def test_an_upper_bound_is_no_row_of_the_card() -> None:
    row = {"top1": 75.0, "low": 66.0, "high": 83.0, "rgb_rate": 10.0, "audio_rate": 100.0, "gmacs": 41.0}
    assert list(rows_of({"even-1": row, "best-1": row})) == ["even-1"]
