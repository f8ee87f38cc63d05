"""Weights come back as they were written, and anything else is refused by name."""

import dataclasses
import errno
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from safetensors.torch import save as save_tensors
from torch import nn

from adamml import CheckpointError, ModelCard, Recognizer
from adamml.nn import AdaMML
from adamml.results.policy_spec import deciding_networks
from adamml.weights.checkpoint import MODEL_FILE, RECOGNIZERS_FILE, find_model, load_model, read_card, save_model

TEMPERATURES = {"adamml": 1.25, "liteeval": 0.5}
UNKNOWN = {"adamml": {"score": "negative_energy", "threshold": 3.5}}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, toy_network: AdaMML, toy_card: ModelCard) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "toy"
    save_model(folder, toy_network, toy_card)
    return folder


@pytest.fixture(scope="module")
def complete(
    tmp_path_factory: pytest.TempPathFactory,
    toy_network: AdaMML,
    toy_card: ModelCard,
    toy_deciders: dict[str, nn.Module],
) -> Path:
    """With all networks that decide, temperatures and a threshold of the unknown."""
    folder = tmp_path_factory.mktemp("checkpoints") / "complete"
    card = dataclasses.replace(toy_card, temperatures=TEMPERATURES, unknown=UNKNOWN)
    save_model(folder, toy_network, card, {k: v for k, v in toy_deciders.items() if k != "adamml"})
    return folder


def linked(model: Path, folder: Path) -> Path:
    """A copy that a test may damage; its files are links."""
    folder.mkdir()
    for file in model.iterdir():
        (folder / file.name).hardlink_to(file)
    return folder


@pytest.fixture
def copied(saved: Path, tmp_path: Path) -> Path:
    return linked(saved, tmp_path / "toy")


def replace(path: Path, data: bytes) -> None:
    path.unlink()  # the link, not what it links to
    path.write_bytes(data)


def test_round_trip(saved: Path, toy_network: AdaMML, toy_card: ModelCard) -> None:
    loaded = load_model(saved)
    assert dataclasses.replace(loaded.card, files={}) == toy_card
    state = loaded.network.state_dict()
    for name, value in toy_network.state_dict().items():
        back = state[name]
        assert back.dtype == value.dtype
        if value.ndim > 1:
            torch.testing.assert_close(back, value, rtol=1e-3, atol=1e-6)  # stored in half precision
        else:
            assert torch.equal(back, value)
    assert not loaded.network.training
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())
    values = sum(value.numel() for value in toy_network.state_dict().values())
    assert sum(file.stat().st_size for file in saved.iterdir()) < 2.1 * values
    assert not list(saved.glob("*.part"))


def test_all_deciders_come_back(complete: Path, toy_deciders: dict[str, nn.Module]) -> None:
    loaded = load_model(complete)
    assert loaded.card.policies == tuple(loaded.deciders) == deciding_networks()
    assert (loaded.card.temperatures, loaded.card.unknown) == (TEMPERATURES, UNKNOWN)
    for name, decider in loaded.deciders.items():
        assert not decider.training
        written, back = toy_deciders[name].state_dict(), decider.state_dict()
        assert written.keys() == back.keys()
        for key, value in written.items():
            if value.ndim > 1:
                torch.testing.assert_close(back[key], value, rtol=1e-3, atol=1e-6)
            else:
                assert torch.equal(back[key], value), f"{name}: {key}"
    assert loaded.deciders["adamml"] is loaded.network.policy
    own = load_file(complete / "adamml-nocost.safetensors")
    assert {key.partition(".")[0] for key in own} == {"joint", "lstm", "heads"}  # glimpses are the model's
    assert loaded.deciders["adamml-nocost"].rgb is loaded.network.policy.rgb  # type: ignore[union-attr]
    assert Recognizer(loaded).ready.cost.step("cascade").decide > 0


def test_what_was_calibrated_for_one_policy_serves_its_budgets_and_the_rest(complete: Path) -> None:
    card = read_card(complete)
    assert [card.temperature(name) for name in ("adamml@0.30", "liteeval", "rgb")] == [1.25, 0.5, 1.25]
    assert card.knows("adamml@0.30", np.array([4.0, 0.0, 0.0, 0.0]))
    assert not card.knows("rgb", np.zeros(4))
    strict = dataclasses.replace(card, least_logit={"rgb": 3.0})
    logits = np.array([4.0, 0.0, 0.0, 0.0])
    assert [strict.knows("rgb", logits, {"rgb": value}) for value in (2.9, 3.0)] == [False, True]
    assert strict.knows("rgb", logits, {"audio": -1.0})


def test_a_decider_that_was_tampered_with_is_refused(complete: Path, tmp_path: Path) -> None:
    folder = linked(complete, tmp_path / "complete")
    file = folder / "cascade.safetensors"
    data = bytearray(file.read_bytes())
    data[-100] ^= 1
    replace(file, bytes(data))
    with pytest.raises(CheckpointError, match=r"cascade\.safetensors does not have the sha256"):
        load_model(folder)


def test_a_decider_of_an_unknown_kind_is_refused(copied: Path) -> None:
    values = json.loads((copied / MODEL_FILE).read_text())
    replace(copied / MODEL_FILE, json.dumps(values | {"policies": ["adamml", "clairvoyant"]}).encode())
    with pytest.raises(CheckpointError, match="no network decides under the name 'clairvoyant'"):
        load_model(copied)


def test_untrained_models_say_so(saved: Path, clip: Path) -> None:
    analysis = Recognizer.load(saved).analyze(clip, "audio", segments=1)
    assert any("untrained" in note for note in analysis.notes)
    assert analysis.weights["recognizers"].startswith("recognizers.safetensors ")


def test_names_are_looked_up(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADAMML_CHECKPOINTS", str(saved.parent))
    assert find_model("toy") == saved
    with pytest.raises(CheckpointError, match=r"no model named 'toi'; models here: toy"):
        find_model("toi")
    with pytest.raises(CheckpointError):
        find_model("../toy/../..")


@pytest.mark.parametrize("damage", ["flipped", "truncated", "missing"])
def test_damaged_weights_are_refused(copied: Path, damage: str) -> None:
    file = copied / RECOGNIZERS_FILE
    data = bytearray(file.read_bytes())
    data[-1000] ^= 1
    if damage == "missing":
        file.unlink()
    else:
        replace(file, bytes(data) if damage == "flipped" else bytes(data[: len(data) // 2]))
    with pytest.raises(CheckpointError, match=RECOGNIZERS_FILE):
        load_model(copied)


@pytest.mark.parametrize(
    "change",
    [
        {"classes": ["cat", "dog", "drum"]},
        {"classes": ["cat", "cat", "drum", "sea"]},
        {"classes": None},
        {"format": 99},
        {"files": {}},
        {"surprise": 1},
        {"name": 5},
        {"policies": ["adamml", "../../adamml"]},
        {"files": {"../x": "0"}},
        {"files": ["recognizers.safetensors"]},
    ],
)
def test_a_description_that_does_not_fit_is_refused(copied: Path, change: dict) -> None:
    file = copied / MODEL_FILE
    values = json.loads(file.read_text()) | change
    replace(file, json.dumps(values).encode())
    with pytest.raises(CheckpointError):
        load_model(copied)


def test_pickles_are_never_opened(copied: Path) -> None:
    file = copied / "adamml.safetensors"
    torch.save({"a": torch.zeros(1)}, copied / "x")
    data = (copied / "x").read_bytes()
    replace(file, data)
    description = json.loads((copied / MODEL_FILE).read_text())
    description["files"]["adamml.safetensors"] = hashlib.sha256(data).hexdigest()
    replace(copied / MODEL_FILE, json.dumps(description).encode())
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_model(copied)


def rewritten(folder: Path, state: dict[str, torch.Tensor]) -> None:
    """Another content of the recognizers' file, with a checksum that fits."""
    data = save_tensors(state)
    replace(folder / RECOGNIZERS_FILE, data)
    description = json.loads((folder / MODEL_FILE).read_text())
    description["files"][RECOGNIZERS_FILE] = hashlib.sha256(data).hexdigest()
    replace(folder / MODEL_FILE, json.dumps(description).encode())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"surprise": torch.zeros(1)}, "0 tensors missing and 1 unknown, the first of them 'surprise'"),
        ({"rgb_weight": None}, "1 tensors missing and 0 unknown, the first of them 'rgb_weight'"),
        ({"rgb_weight": torch.zeros(2)}, "size mismatch for rgb_weight"),
        ({"recognizers.rgb.net.fc.bias": torch.zeros(5)}, r"names 4 classes, but .*fc.bias in .* has the shape \(5,\)"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(copied: Path, change: dict, message: str) -> None:
    state = load_file(copied / RECOGNIZERS_FILE) | change
    rewritten(copied, {name: value for name, value in state.items() if value is not None})
    with pytest.raises(CheckpointError, match=message):
        load_model(copied)


def test_a_failed_write_leaves_the_old_model(
    copied: Path, toy_network: AdaMML, toy_card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {file.name: file.read_bytes() for file in copied.iterdir()}
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if MODEL_FILE in path.name:
            write(path, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        save_model(copied, toy_network, dataclasses.replace(toy_card, version="1"))
    assert {file.name: file.read_bytes() for file in copied.iterdir()} == before


def test_float32_is_kept_where_it_is_asked_for(tmp_path: Path, toy_network: AdaMML, toy_card: ModelCard) -> None:
    save_model(tmp_path, toy_network, toy_card, half=False)
    stored = load_file(tmp_path / RECOGNIZERS_FILE)
    state = toy_network.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in stored.items())
