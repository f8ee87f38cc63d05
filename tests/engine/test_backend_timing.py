"""The faster backend is found out once, has to compute the same, and a missing one is no hindrance."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adamml.engine import backend_timing
from adamml.engine.backend_choice import new_engine
from adamml.engine.backend_timing import fastest, kept, timed
from adamml.nn import AdaMML
from tests.toy_app import toy_recognizer

ROOT = Path(__file__).parents[2]


class Takes:
    """A backend that takes a while and says a number."""

    batch, preparation = 1, 0.0

    def __init__(self, name: str, seconds: float, says: float = 1.0) -> None:
        self.name, self.seconds, self.says, self.runs = name, seconds, says, 0

    def concurrency(self, part: str) -> int:
        return 1

    def multithreaded(self, part: str) -> bool:
        return True

    def in_own_threads(self, part: str) -> bool:
        return False

    def run(self, part: str, inputs: Tensor, *, exclusive: bool) -> Tensor:
        self.runs += 1
        until = time.process_time() + self.seconds
        while time.process_time() < until:
            pass
        return torch.full((1, 4), self.says)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ADAMML_CACHE", str(tmp_path / "kept"))
    monkeypatch.delenv("ADAMML_BACKEND", raising=False)
    return tmp_path / "kept"


@pytest.mark.parametrize(
    ("seconds", "says", "chosen"), [(0.0, 1.0, "openvino"), (0.4, 1.0, "onnx"), (0.0, 1.1, "onnx")]
)
def test_the_faster_one_that_computes_the_same_is_chosen(
    toy_network: AdaMML, seconds: float, says: float, chosen: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = timed(toy_network, {"onnx": Takes("onnx", 0.1), "openvino": Takes("openvino", seconds, says)})
    assert found.chosen == chosen
    assert found.seconds["onnx"] >= 0.1
    assert ("other features" in caplog.text) == ("openvino" not in found.seconds) == (says != 1.0)


def test_it_is_found_out_once(toy_network: AdaMML, folder: Path) -> None:
    def backends() -> dict[str, Takes]:
        return {"onnx": Takes("onnx", 0.1), "openvino": Takes("openvino", 0.0)}

    first, second = backends(), backends()
    chosen = fastest(toy_network, {name: lambda made=made: made for name, made in first.items()})
    assert chosen is first["openvino"]
    assert chosen.preparation >= 0.1
    assert fastest(toy_network, {name: lambda made=made: made for name, made in second.items()}) is second["openvino"]
    assert [made.runs for made in second.values()] == [0, 0]
    (only,) = kept().values()
    assert only.chosen == "openvino"
    assert "openvino on" in str(only)


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": {"chosen": "onnx"}}', "{"])
def test_what_was_kept_and_cannot_be_read_is_found_out_anew(toy_network: AdaMML, folder: Path, content: str) -> None:
    folder.mkdir()
    (folder / "backends.json").write_text(content)
    made = {"onnx": Takes("onnx", 0.05), "openvino": Takes("openvino", 0.0)}
    assert fastest(toy_network, {name: lambda made=made: made for name, made in made.items()}) is made["openvino"]
    assert len(json.loads((folder / "backends.json").read_text())) == 1


def test_without_openvino_onnx_runtime_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adamml.engine.openvino_backend", None)  # as if its import failed
    assert toy_recognizer(backend="auto").backend == "onnx"


def test_one_that_is_named_is_taken_and_one_that_is_gone_is_no_hindrance(
    toy_network: AdaMML, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADAMML_BACKEND", "openvino")
    assert new_engine(toy_network).backend.name == "openvino"
    assert kept() == {}  # nothing had to be found out

    def gone() -> Takes:
        raise ImportError("no openvino")

    monkeypatch.setattr(backend_timing, "kept", lambda: dict.fromkeys([key], found))
    key = backend_timing._key(toy_network, ["onnx", "openvino"])
    found = backend_timing.Timing(processor="this", chosen="openvino", seconds={})
    onnx = Takes("onnx", 0.0)
    assert fastest(toy_network, {"onnx": lambda: onnx, "openvino": gone}) is onnx


def test_openvino_tells_nobody_that_it_is_used(tmp_path: Path) -> None:
    """Left alone, its import sends an event to its maker, from a process of its own."""
    script = """
import sys
seen = []
sys.addaudithook(lambda event, _: seen.append(event))
import adamml.engine.openvino_backend
print({event for event in seen if event.startswith(("socket.", "subprocess.", "os.fork", "os.posix_spawn", "os.exec"))})
import openvino.tools.ovc.telemetry_utils as telemetry
print(telemetry.tm.__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["set()", "openvino.tools.ovc.telemetry_stub"]
    assert not (tmp_path / "intel").exists()  # where it would keep a number for this machine
