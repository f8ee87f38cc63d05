"""Composed clips keep the contract, the split keeps sources apart, and the cost loss teaches the policy to skip."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from adamml.nn import AdaMML, gumbel_softmax_decisions
from adamml.training.data.pictures import Move, degrade
from adamml.training.data.sources import OTHER, read_sources
from adamml.training.train_policy import Bank, compose, fused, policy_loss

K = 3


@pytest.fixture
def banks() -> dict[str, Bank]:
    """Segments whose glimpse tells whether they are of a class; logits are right for a class, flat for nothing."""
    generator = torch.Generator().manual_seed(0)

    def bank() -> Bank:
        label = torch.tensor([OTHER, *range(K)]).repeat(40)
        known = (label != OTHER).float()[:, None]
        glimpse = 0.1 * torch.randn(len(label), 1280, generator=generator) + known
        logits = 6 * F.one_hot(label.clamp(min=0), K).float() * known
        return Bank(glimpse=glimpse, logits=logits, label=label)

    return {"rgb": bank(), "audio": bank()}


MISSING = {"rgb": torch.zeros(1, 1280), "audio": torch.zeros(1, 1280)}


def test_composed_clips_keep_the_contract(banks: dict[str, Bank]) -> None:
    clips = compose(banks, MISSING, 3000, np.random.default_rng(0), dropout=0.0)
    useful = clips.useful.bool()
    assert useful.flatten(1).any(1).all()  # at least one span is not "neither"
    both, picture = (useful.all(-1)).float().mean(), (useful[..., 0] & ~useful[..., 1]).float().mean()
    assert float(both) == pytest.approx(1 / 6, abs=0.02)
    assert float(picture) == pytest.approx(1 / 3, abs=0.02)
    informative = clips.logits["rgb"].amax(-1) > 0
    assert torch.equal(informative, useful[..., 0])


def test_dropped_modalities_show_the_policy_the_fill(banks: dict[str, Bank]) -> None:
    clips = compose(banks, MISSING, 400, np.random.default_rng(0), dropout=0.2)
    lost = clips.present[:, 0] == 0
    assert 0.1 < float(lost.float().mean()) < 0.3
    assert (clips.glimpse["rgb"][lost] == 0).all()
    assert (clips.useful[lost][..., 0] == 0).all()
    assert (clips.present.sum(1) >= 1).all()


def test_the_cost_loss_teaches_the_policy_to_skip_what_is_useless(banks: dict[str, Bank]) -> None:
    torch.manual_seed(0)
    network = AdaMML(K, fusion="renormalised").requires_grad_(False)
    learned = [
        *network.policy.joint.parameters(),
        *network.policy.lstm.parameters(),
        *network.policy.heads.parameters(),
    ]
    for parameter in learned:
        parameter.requires_grad_(True)
    optimiser = torch.optim.Adam(learned, lr=1e-3)
    rng, noise = np.random.default_rng(0), torch.Generator().manual_seed(0)
    for _ in range(40):
        clips = compose(banks, MISSING, 32, rng, dropout=0.0)
        logits = network.policy.from_features(clips.glimpse["rgb"], clips.glimpse["audio"])
        decisions = gumbel_softmax_decisions(logits, 2.0, noise)
        loss = policy_loss(network, clips, decisions, (0.4, 0.4))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    clips = compose(banks, MISSING, 200, rng, dropout=0.0)
    with torch.inference_mode():
        chosen = network.policy.from_features(clips.glimpse["rgb"], clips.glimpse["audio"]).argmax(-1)
        right = fused(network, clips, chosen.float()).argmax(1) == clips.label
    used = chosen.float()
    assert float(right.float().mean()) > 0.9
    assert 0.1 < float(used.mean()) < 0.6
    assert float((used * clips.useful).sum() / used.sum()) > 0.8


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
