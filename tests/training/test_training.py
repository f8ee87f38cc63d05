"""Composed clips keep the contract, the split keeps sources apart, and the cost loss teaches the policy to skip."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from adamml.datasets.pictures import Move, degrade
from adamml.datasets.sources import read_sources
from adamml.nn import MODALITIES
from adamml.training.cached_evaluation import CachedClips
from adamml.training.cached_feature_recipe import calibrated
from adamml.training.feature_bank import SPAN_KINDS, Bank, ClipBatch, ComposedClips, RecordedClips
from adamml.training.joint import FUSION_RANGE, JointJob, JointModel, JointStage, start_open
from adamml.training.loop import run
from adamml.training.photo_sound_recipe import AlwaysOn
from tests.training.synthetic_banks import MISSING, LittleNetwork, banks, composed


def draw(clips: ComposedClips, count: int, seed: int = 0) -> ClipBatch:
    return clips.draw([np.random.default_rng([seed, clip]) for clip in range(count)])


def test_composed_clips_keep_the_contract() -> None:
    batch = draw(composed(), 600)
    assert batch.truth is not None
    assert batch.features is not None
    assert batch.logits is not None
    useful = batch.truth > 0  # B, S, M
    assert useful.flatten(1).any(1).all()  # at least one second is not "neither"
    both = useful.all(-1)
    kinds = {"both": both, "picture": useful[..., 0] & ~both, "sound": useful[..., 1] & ~both}
    for kind, cells in kinds.items():
        assert float(cells.float().mean()) == pytest.approx(SPAN_KINDS[kind], abs=0.025), kind
    assert torch.equal(batch.truth == 2, both[..., None].expand_as(useful))  # each repeats what the other says
    for i, m in enumerate(MODALITIES):
        label, source = (
            batch.features[m][..., -2],
            batch.features[m][..., -1],
        )  # see `tests.training.synthetic_banks.bank`
        assert torch.equal(label, torch.where(useful[..., i], batch.label[:, None].float(), -1.0))
        assert torch.equal(batch.logits[m].amax(-1) > 0, useful[..., i])
        for clip in range(len(useful)):
            used = source[clip][useful[clip, :, i]].unique()
            assert len(used) <= (3 if m == "rgb" else 1)
    photos = {len(batch.features["rgb"][c, ..., -1][useful[c, :, 0]].unique()) for c in range(len(useful))}
    assert {1, 2, 3} <= photos
    assert (batch.present == 1).all()


def test_a_clip_depends_on_its_own_generator_alone() -> None:
    clips = composed(dropout=0.2)
    together, alone = draw(clips, 5), clips.draw([np.random.default_rng([0, 3])])
    assert together.glimpse is not None
    assert alone.glimpse is not None
    assert torch.equal(together.label[3:4], alone.label)
    assert torch.equal(together.uniform[3:4], alone.uniform)
    for m in MODALITIES:
        assert torch.equal(together.glimpse[m][3:4], alone.glimpse[m])


def test_clips_of_nothing_say_nothing_anywhere() -> None:
    batch = draw(composed(nothing=True), 20)
    assert batch.truth is not None
    assert batch.logits is not None
    assert (batch.truth == 0).all()
    assert all((batch.logits[m] == 0).all() for m in MODALITIES)


def test_dropped_modalities_show_the_policy_the_fill() -> None:
    batch = draw(composed(dropout=0.2), 200)
    assert batch.glimpse is not None
    assert batch.truth is not None
    for i, m in enumerate(MODALITIES):
        lost = batch.present[:, i] == 0
        assert 0.1 < float(lost.float().mean()) < 0.3
        assert (batch.glimpse[m][lost] == MISSING.glimpse[m]).all()
        assert (batch.glimpse[m][~lost] != MISSING.glimpse[m]).all()
        assert (batch.truth[lost][..., i] == 0).all()
    assert (batch.present.sum(1) >= 1).all()  # never both


def test_recorded_clips_keep_their_segments_in_order() -> None:
    count, segments = 4, 3
    entries = torch.arange(count * segments)
    label, source = entries // segments % 2, entries // segments
    marked = {
        m: Bank(
            glimpse=(entries + 100.0 * i)[:, None].repeat(1, 1280),
            features=(entries + 100.0 * i)[:, None],
            logits=torch.zeros(len(entries), 2),
            label=label,
            source=source,
        )
        for i, m in enumerate(MODALITIES)
    }
    present = torch.tensor([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    everything = RecordedClips(marked, present, MISSING).all()
    assert everything.features is not None
    assert everything.glimpse is not None
    assert everything.label.tolist() == [0, 1, 0, 1]
    for i, m in enumerate(MODALITIES):
        assert everything.features[m][..., 0].tolist() == [[c * 3 + s + 100.0 * i for s in range(3)] for c in range(4)]
    assert (everything.glimpse["rgb"][2] == -5).all()
    assert (everything.glimpse["audio"][3] == -5).all()
    drawn = RecordedClips(marked, present, MISSING, dropout=0.5).draw([np.random.default_rng(k) for k in range(60)])
    assert set(drawn.label.tolist()) == {0, 1}
    assert set(drawn.present.sum(1).tolist()) == {1.0}  # of whole clips one side is always lost, of others none


def learned(cost: tuple[float, float] | None, folder: Path) -> tuple[LittleNetwork, ClipBatch, torch.Tensor]:
    """Train a policy on synthetic clips: the network, clips that it never saw, and its decisions on them."""
    network = LittleNetwork()
    start_open(network.policy)
    stage = JointStage(epochs=4, steps=15, batch=24, rate=5e-3, cost_weights=cost)
    run(JointJob(JointModel(network), composed(), stage), folder, seed=0, say=lambda _: None)
    batch = draw(composed(), 100, seed=1)
    answers = CachedClips(network, {}, batch).answers("adamml")  # type: ignore[arg-type]
    used = [[[float(d.use[m]) for m in MODALITIES] for d in each.decisions] for each in answers]
    return network, batch, torch.tensor(used)


@pytest.fixture(scope="module")
def frugal(tmp_path_factory: pytest.TempPathFactory) -> tuple[LittleNetwork, ClipBatch, torch.Tensor]:
    """Learned with the cost loss."""
    return learned((0.4, 0.4), tmp_path_factory.mktemp("frugal"))


def test_the_cost_loss_teaches_the_policy_to_skip_what_is_useless(
    frugal: tuple[LittleNetwork, ClipBatch, torch.Tensor], tmp_path: Path
) -> None:
    network, batch, decisions = frugal
    assert batch.truth is not None
    clip_logits = CachedClips(network, {}, batch).logits("adamml")  # type: ignore[arg-type]
    assert float((clip_logits.argmax(1) == batch.label).float().mean()) > 0.9
    used = float(decisions.mean())
    assert 0.1 < used < 0.6
    assert float((decisions * (batch.truth > 0)).sum() / decisions.sum()) > 0.8
    _, _, free = learned(None, tmp_path / "free")
    assert float(free.mean()) > used + 0.1  # without the cost loss there is no reason to skip


class Watched(JointJob):
    """Notes all weights before every step."""

    def loss(self, network: torch.nn.Module, step: int, rows: range) -> torch.Tensor:
        self.seen = [*getattr(self, "seen", []), copy.deepcopy(self.network.state_dict())]
        return super().loss(network, step, rows)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_parts_that_take_turns_change_only_in_their_own(optimizer: str, tmp_path: Path) -> None:
    stage = JointStage(train=("classifiers", "decider"), epochs=4, steps=2, batch=6, rate=1e-2, optimizer=optimizer)
    job = Watched(JointModel(LittleNetwork()), composed(), stage)
    run(job, tmp_path, seed=0, say=lambda _: None)
    states = [*job.seen, job.network.state_dict()]
    for step in range(8):
        before, after = states[step], states[step + 1]
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        deciders = {name for name in changed if name.startswith(("policy.", "network.policy."))}
        assert changed
        assert deciders == (changed if step // 2 % 2 else set()), step


def test_the_fusion_weight_stays_a_weight(tmp_path: Path) -> None:
    """However useless the picture, its weight ends above 0: below, fusion would turn the sign of what it says."""
    blank = banks()
    blank["rgb"] = replace(blank["rgb"], features=0 * blank["rgb"].features, logits=0 * blank["rgb"].logits)
    network = LittleNetwork()
    stage = JointStage(train=("fusion",), epochs=1, steps=10, batch=4, recognizer_rate=0.5, cost_weights=None)
    job = JointJob(JointModel(network, AlwaysOn()), ComposedClips(blank, MISSING), stage)
    run(job, tmp_path, seed=0, say=lambda _: None)
    assert float(network.rgb_weight.detach()) == pytest.approx(FUSION_RANGE[0])


def test_takes_of_one_recording_and_mirrored_photos_stay_together(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for folder in ("everyday/cat/images", "everyday/cat/audio", "other/images/background", "other/audio/rain"):
        (tmp_path / folder).mkdir(parents=True)
    for index in range(12):
        blobs = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)).resize((240, 180))
        blobs.save(tmp_path / f"everyday/cat/images/a_{index:02d}.jpg")
        mirrored = blobs.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        mirrored.save(tmp_path / f"everyday/cat/images/b_{index:02d}.jpg")
    for take in "ABC":
        (tmp_path / f"everyday/cat/audio/esc10_1-77-{take}.ogg").write_bytes(b"")
    sources = read_sources(tmp_path)
    assert sources.classes == ("cat",)
    by_group: dict[str, set[bool]] = {}
    for source in (*sources.photos, *sources.sounds):
        by_group.setdefault(source.group, set()).add(source.test)
    assert all(len(sides) == 1 for sides in by_group.values())
    assert len({source.group for source in sources.photos}) == 12
    assert len({source.group for source in sources.sounds}) == 1
    with pytest.raises(FileNotFoundError, match="expected everyday"):
        read_sources(tmp_path / "nothing")


def test_a_moving_crop_stays_inside_the_photo() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        move = Move.draw(rng)
        for seconds in (0.0, 0.5, 1.0):
            left, top, right, bottom = move.box((320, 200), seconds)
            assert left >= -1e-6
            assert top >= -1e-6
            assert right <= 320 + 1e-6
            assert bottom <= 200 + 1e-6
            assert right - left == pytest.approx(bottom - top)


def test_degrading_changes_the_picture_and_keeps_its_shape() -> None:
    frames = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3), dtype=np.uint8)
    worse = degrade(frames, np.random.default_rng(1))
    assert worse.shape == frames.shape
    assert worse.dtype == np.uint8
    assert not np.array_equal(worse, frames)


def test_own_models_learn_their_doubt_from_clips_kept_apart(
    frugal: tuple[LittleNetwork, ClipBatch, torch.Tensor],
) -> None:
    """Nine in ten right answers are kept; a clip of nothing known is surer of nothing; a handful tells nothing."""
    network, batch, _ = frugal
    found = calibrated(network, {"adamml": network.policy}, batch, ["rgb", "adamml", "random"])  # type: ignore[arg-type]
    assert set(found.temperatures) == set(found.unknown) == {"rgb", "adamml"}
    line, scale = found.unknown["adamml"]["threshold"], found.temperatures["adamml"]

    def sure(clips: ClipBatch) -> np.ndarray:
        logits = CachedClips(network, {}, clips).logits("adamml")  # type: ignore[arg-type]
        return (logits / scale).softmax(-1).max(-1).values.numpy()

    logits = CachedClips(network, {}, batch).logits("adamml")  # type: ignore[arg-type]
    right = (logits.argmax(-1) == batch.label).numpy()
    assert 0.88 <= float((sure(batch)[right] >= line).mean()) <= 1
    assert float((sure(draw(composed(nothing=True), 40, seed=3)) < line).mean()) > 0.9
    few = draw(composed(), 9, seed=2)
    assert calibrated(network, {}, few, ["rgb"]).unknown == {}  # type: ignore[arg-type]
