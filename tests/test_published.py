"""The networks, the sampling, the spectrograms and the penalty give the figures of the published implementation."""

import json

import numpy as np
import pytest
import torch

from adamml.checkpoint import CheckpointError
from adamml.media.sampling import TICKS_PER_SECOND, centre_tick, plan_segments, segment_ticks
from adamml.media.spectrogram import log_spectrogram, sound_window
from adamml.nn import policy_penalty
from adamml.published import load_published, our_name
from tests import published

SAMPLING = json.loads((published.HERE / "sampling.json").read_text())
SPECTROGRAMS = json.loads((published.HERE / "spectrograms.json").read_text())
PENALTIES = json.loads((published.HERE / "policy_loss.json").read_text())


def relative(ours: torch.Tensor, theirs: np.ndarray) -> float:
    return float(np.abs(ours.numpy() - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize(("case", "prefix"), [("forward_1", "module."), ("forward_2", "")])
def test_forward_matches_the_published_model(case: str, prefix: str) -> None:
    expected = np.load(published.HERE / f"{case}.npz")
    salt, segments, batch = str(expected["salt"]), int(expected["segments"]), int(expected["batch"])
    model = load_published({"state_dict": published.state_dict(salt, prefix), "temperature": 5.0})
    with torch.inference_mode():
        out = model(*published.inputs(salt, segments, batch))
    assert np.array_equal(out.decisions.numpy(), expected["decisions"])
    assert relative(out.policy_logits, expected["policy_logits"]) < 1e-4
    assert relative(out.modality_logits["rgb"], expected["rgb_logits"]) < 1e-4
    assert relative(out.modality_logits["audio"], expected["audio_logits"]) < 1e-4
    assert relative(out.clip_logits, expected["logits"]) < 1e-4


def test_every_published_name_has_one_of_ours(toy_network) -> None:
    manifest = json.loads((published.HERE / "state_dict_manifest.json").read_text())
    ours = {name: list(value.shape) for name, value in toy_network.state_dict().items()}
    renamed = {our_name(name): shape for name, shape in manifest.items()}
    assert set(renamed) == set(ours)
    differing = [name for name in ours if renamed[name] != ours[name]]
    # Only the classifiers differ, by the number of classes.
    assert all(".fc." in name or ".classifier." in name for name in differing)


@pytest.mark.parametrize("damage", ["missing", "unknown", "shape", "no state dict"])
def test_a_damaged_published_checkpoint_is_refused(damage: str) -> None:
    state = published.state_dict("any")
    if damage == "missing":
        del state["policy_net.lstm.weight_hh"]
    elif damage == "unknown":
        state["flow_net.conv.weight"] = torch.zeros(1)
    elif damage == "shape":
        state["policy_net.lstm.weight_hh"] = torch.zeros(2, 2)
    with pytest.raises(CheckpointError):
        load_published({} if damage == "no state dict" else {"state_dict": state})


@pytest.mark.parametrize("row", SAMPLING, ids=lambda row: f"{row['num_frames']}x{row['num_segments']}")
def test_sampling_matches_every_published_row(row: dict) -> None:
    ticks = segment_ticks(row["num_frames"], row["num_segments"])
    assert [tick + 1 for segment in ticks for tick in segment] == row["indices_1based"]
    assert [centre_tick(segment) + 1 for segment in ticks] == row["audio_centre_frame_1based"]
    plan = plan_segments(row["num_frames"] / TICKS_PER_SECOND, row["num_segments"])
    by_time = [round(time * TICKS_PER_SECOND) + 1 for segment in plan for time in segment.frame_times]
    assert by_time == row["indices_1based"]


@pytest.mark.parametrize("case", SPECTROGRAMS, ids=lambda case: case["key"])
def test_spectrogram_matches(case: dict) -> None:
    expected = np.load(published.HERE / "spectrograms.npz")[case["key"]]
    centre = (1 + case["centre_frame"]) / case["fps"]
    ours = log_spectrogram(sound_window(published.signal(case["signal"], case["seconds"]), centre))
    assert ours.shape == (256, 256)
    np.testing.assert_allclose(ours.numpy()[::8, ::8], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", PENALTIES)
def test_published_penalty_matches(case: dict) -> None:
    ours = policy_penalty(
        torch.tensor(case["selection"]),
        torch.tensor(case["logits"]),
        torch.tensor(case["target"]),
        cost_weights=tuple(case["cost_weights"]),
        gamma=case["gamma"],
        form="published",
    )
    assert float(ours) == pytest.approx(case["blockdrop"], rel=1e-5)


def test_per_clip_penalty_pairs_each_clip_with_its_own_usage() -> None:
    """Clip 0 is right and uses everything; clip 1 is wrong and uses nothing: (1.05 + gamma) / 2."""
    decisions = torch.tensor([[[1.0, 1.0]], [[0.0, 0.0]]])
    logits = torch.tensor([[2.0, 0.0], [2.0, 0.0]])
    labels = torch.tensor([0, 1])
    assert float(policy_penalty(decisions, logits, labels)) == pytest.approx((1.05 + 10) / 2)
    # The published form multiplies the means instead: 0.5 * 0.525 + 10 * 0.5.
    assert float(policy_penalty(decisions, logits, labels, form="published")) == pytest.approx(0.2625 + 5)


def test_penalty_wants_one_weight_per_modality() -> None:
    with pytest.raises(ValueError, match="2 modalities"):
        policy_penalty(torch.zeros(1, 1, 2), torch.zeros(1, 3), torch.tensor([0]), cost_weights=(1.0,))
