"""An exported model: every network is there, gives the model's numbers on a clip, and a wrong one is refused."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from adamml import Recognizer
from adamml.cli import main
from adamml.engine import exported_networks, onnx_folder
from adamml.engine.onnx_folder import DESCRIPTION, OnnxExportError
from adamml.engine.submodules import example_of
from adamml.weights.checkpoint import CHECKPOINTS

MODEL = "kinetics-400"


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load(CHECKPOINTS / MODEL, backend="torch", device="cpu")


@pytest.fixture(scope="module")
def exported(recognizer: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recognizer.export_onnx(tmp_path_factory.mktemp("onnx") / "out")


def described(folder: Path) -> dict:
    return json.loads((folder / DESCRIPTION).read_text())


def session(folder: Path, name: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])


def test_every_network_is_there_and_described(exported: Path, recognizer: Recognizer) -> None:
    found = described(exported)
    assert set(found["networks"]) == {
        *("features_rgb", "features_audio", "glimpse_rgb", "classify_rgb", "classify_audio", "sounds"),
        *("adamml", "adamml-nocost", "cascade", "liteeval-glance", "liteeval-look"),
    }
    assert {file.name for file in exported.iterdir()} == {DESCRIPTION, *(f"{name}.onnx" for name in found["networks"])}
    for network in found["networks"].values():
        data = (exported / network["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == network["sha256"]
        assert 0 <= network["difference"] <= onnx_folder.TOLERANCE
        opened = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        assert [(each.name, each.shape) for each in opened.get_inputs()] == [
            (each["name"], each["shape"]) for each in network["inputs"]
        ]
        assert [each.name for each in opened.get_outputs()] == network["outputs"]
    assert found["model"]["name"] == MODEL
    assert found["classes"] == list(recognizer.card.classes)
    assert len(found["sounds"]) == 527
    assert found["input"]["picture"]["shape"] == [32, 192, 192, 3]
    assert "32000 Hz" in found["input"]["sound"]["about"]


def test_the_graphs_alone_decide_as_the_model_does(exported: Path, recognizer: Recognizer) -> None:
    """Three segments, by the names in the description and nothing else of ours."""
    engine = recognizer.ready.engine
    step, network = session(exported, "adamml"), engine.network
    state = {each.name: np.zeros(each.shape, np.float32) for each in step.get_inputs() if each.name.endswith("_before")}
    ours = network.policy.initial_state(1)
    for shift in (0, 60, 120):
        frames = example_of(network, "features_rgb").roll(shift, 2)
        sound = example_of(network, "features_audio").roll(shift, 2)
        rgb = session(exported, "glimpse_rgb").run(None, {"input": frames.numpy()})[0]
        audio = session(exported, "features_audio").run(None, {"input": sound.numpy()})[0]
        given = state | {"rgb": rgb, "audio": audio}
        after = step.run(None, given)
        state = dict(zip(state, after, strict=True))
        with torch.inference_mode():
            ours = network.policy.observe(
                engine.run("glimpse_rgb", frames[0]).features[None],
                engine.run("features_audio", sound[0]).features[None],
                ours,
            )
        assert np.allclose(state["logits_before"], ours.logits.numpy(), atol=1e-4)


def test_a_graph_that_differs_is_refused_and_nothing_stays(
    toy: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Moody(nn.Module):
        """Traced, it is a constant."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * float(x.sum())

    def one(network: nn.Module, deciders: object) -> list[exported_networks.ExportedNetwork]:
        plain, moody = nn.Linear(3, 2), Moody()
        return [
            exported_networks.ExportedNetwork(
                name=name, about="", module=module, inputs={"x": torch.arange(3.0)[None]}, outputs=("y",)
            )
            for name, module in (("plain", plain), ("moody", moody))
        ]

    monkeypatch.setattr(onnx_folder, "exported_networks", one)
    with pytest.raises(OnnxExportError, match=r"moody\.onnx: y differs from the model by .* at most 1e-03 is accepted"):
        toy.export_onnx(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("no folder")
    for arguments in (["no-such-model", str(tmp_path)], [MODEL, str(tmp_path / "file")]):
        assert main(["export-onnx", *arguments]) == 2
        said = capsys.readouterr().err
        assert said.startswith("adamml: ")
        assert said.count("\n") == 1
