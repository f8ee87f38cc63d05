"""The networks, the sampling, the spectrograms and the penalty give the figures of the published implementation."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from adamml.media.front_ends import log_spectrogram, sound_window
from adamml.media.sampling import center_tick, plan_segments, segment_ticks
from adamml.nn import AdaMML, policy_penalty
from adamml.weights.checkpoint import CheckpointError
from adamml.weights.ibm_checkpoint import KINETICS_SOUNDS, load_published, our_name, read_published
from tests import published_weights

SAMPLING = json.loads((published_weights.HERE / "sampling.json").read_text())
SPECTROGRAMS = json.loads((published_weights.HERE / "spectrograms.json").read_text())
PENALTIES = json.loads((published_weights.HERE / "policy_loss.json").read_text())


def relative(ours: torch.Tensor, theirs: np.ndarray) -> float:
    return float(np.abs(ours.numpy() - theirs).max() / np.abs(theirs).max())


def test_forward_matches_the_published_model() -> None:
    """The other stored case goes the whole way through a release, in `test_hub`."""
    expected = np.load(published_weights.HERE / "forward_2.npz")
    salt, segments, batch = str(expected["salt"]), int(expected["segments"]), int(expected["batch"])
    model = load_published({"state_dict": published_weights.state_dict(salt), "temperature": 5.0})
    with torch.inference_mode():
        out = model(*published_weights.inputs(salt, segments, batch))
    assert np.array_equal(out.decisions.numpy(), expected["decisions"])
    assert relative(out.policy_logits, expected["policy_logits"]) < 1e-4
    assert relative(out.modality_logits["rgb"], expected["rgb_logits"]) < 1e-4
    assert relative(out.modality_logits["audio"], expected["audio_logits"]) < 1e-4
    assert relative(out.clip_logits, expected["logits"]) < 1e-4


def test_every_published_name_has_one_of_ours(published_network) -> None:
    manifest = json.loads((published_weights.HERE / "state_dict_manifest.json").read_text())
    ours = {name: list(value.shape) for name, value in published_network.state_dict().items()}
    renamed = {our_name(name): shape for name, shape in manifest.items()}
    assert set(renamed) == set(ours)
    differing = [name for name in ours if renamed[name] != ours[name]]
    # Only the classifiers differ, by the number of classes.
    assert all(".fc." in name or ".classifier." in name for name in differing)


@pytest.fixture(scope="module")
def untrained() -> dict[str, torch.Tensor]:
    """A published state dict of 31 classes with initial weights."""
    ours = AdaMML(31).state_dict()
    manifest = json.loads((published_weights.HERE / "state_dict_manifest.json").read_text())
    return {f"module.{name}": ours[our_name(name)] for name in manifest}


LSTM = "module.policy_net.lstm.weight_hh"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({LSTM: None}, "1 tensors missing and 0 unknown"),
        ({"flow_net.conv.weight": torch.zeros(1)}, "'flow_net.conv.weight' is no tensor of the published RGB"),
        ({LSTM: torch.zeros(2, 2)}, "size mismatch for policy.lstm.weight_hh"),
        ({LSTM: "text"}, "holds named tensors, unlike 'module.policy_net.lstm.weight_hh'"),
        ({LSTM: torch.zeros(1024, 256).to_sparse()}, "holds named tensors, unlike"),
        ({LSTM.removeprefix("module."): torch.zeros(1024, 256)}, "some tensors twice"),
        ({LSTM: torch.full((1024, 256), float("inf"))}, "not finite, the first of them 'policy.lstm.weight_hh'"),
        ({"module.main_net.nets.0.fc.bias": None}, "no RGB classifier"),
        ({"module.main_net.nets.1.classifier.1.bias": torch.zeros(30)}, "size mismatch for recognizers.audio"),
    ],
)
def test_a_damaged_published_checkpoint_is_refused(untrained: dict, change: dict, message: str) -> None:
    state = {name: value for name, value in (untrained | change).items() if value is not None}
    with pytest.raises(CheckpointError, match=message):
        load_published({"state_dict": state})


@pytest.mark.parametrize("checkpoint", [{}, {"state_dict": {}}, {"state_dict": [1]}])
def test_a_checkpoint_without_weights_is_refused(checkpoint: dict) -> None:
    with pytest.raises(CheckpointError, match="holds a 'state_dict'; this one does not"):
        load_published(checkpoint)


@pytest.mark.parametrize(
    ("layer", "channels", "modality"),
    [("conv1", 3, "rgb"), ("conv1", 10, "flow"), ("conv1", 15, "rgbdiff"), ("features.0.0", 1, "sound")],
)
def test_recognizers_alone_are_recognized(layer: str, channels: int, modality: str) -> None:
    with pytest.raises(CheckpointError, match=f"this is a published recognizer of {modality} alone"):
        load_published({"state_dict": {f"module.{layer}.weight": torch.zeros(64, channels, 7, 7)}})


def test_other_combinations_are_declined_by_name() -> None:
    first = {
        "module.main_net.nets.0.conv1.weight": 3,
        "module.main_net.nets.1.features.0.0.weight": 1,
        "module.main_net.nets.2.conv1.weight": 10,
        "module.policy_net.joint_net.nets.0.features.0.0.weight": 3,
        "module.policy_net.joint_net.nets.1.features.0.0.weight": 1,
        "module.policy_net.joint_net.nets.2.features.0.0.weight": 15,
    }
    with pytest.raises(CheckpointError, match=r"model for rgb \+ sound \+ flow, .* at rgb \+ sound \+ rgbdiff; only"):
        load_published({"state_dict": {name: torch.zeros(8, channels, 3, 3) for name, channels in first.items()}})


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(2_000_000))
    monkeypatch.setattr("adamml.weights.ibm_checkpoint.MAX_BYTES", 1_000_000)
    assert (tmp_path / "bomb.pth").stat().st_size < 10_000
    with pytest.raises(CheckpointError, match="no published file is"):
        read_published(tmp_path / "bomb.pth")


def test_there_are_31_classes_each_once_in_alphabetical_order() -> None:
    assert len(set(KINETICS_SOUNDS)) == 31
    assert list(KINETICS_SOUNDS) == sorted(KINETICS_SOUNDS)


@pytest.mark.parametrize("row", SAMPLING, ids=lambda row: f"{row['num_frames']}x{row['num_segments']}")
def test_sampling_matches_every_published_row(row: dict) -> None:
    ticks = segment_ticks(row["num_frames"], row["num_segments"])
    assert [tick + 1 for segment in ticks for tick in segment] == row["indices_1based"]
    assert [center_tick(segment) + 1 for segment in ticks] == row["audio_centre_frame_1based"]
    plan = plan_segments(row["num_frames"] / 29.97, row["num_segments"])
    by_time = [round(time * 29.97) + 1 for segment in plan for time in segment.frame_times]
    assert by_time == row["indices_1based"]


@pytest.mark.parametrize("case", SPECTROGRAMS, ids=lambda case: case["key"])
def test_spectrogram_matches(case: dict) -> None:
    expected = np.load(published_weights.HERE / "spectrograms.npz")[case["key"]]
    center = (1 + case["centre_frame"]) / case["fps"]
    ours = log_spectrogram(sound_window(published_weights.signal(case["signal"], case["seconds"]), center))
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
