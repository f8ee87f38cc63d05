"""The faster backend is found out once, has to compute the same, and a missing one is no hindrance."""

import json
import os
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adamml.engine import backend_choice, backend_timing, openvino_backend
from adamml.engine.backend_choice import new_engine
from adamml.engine.backend_timing import fastest, kept, same_answer, timed
from adamml.engine.onnx_backend import OnnxBackend
from adamml.engine.probe_segments import probe_segments
from adamml.nn import AdaMML
from tests.toy_app import toy_recognizer

ROOT = Path(__file__).parents[2]


class Takes:
    """A backend that takes a while and says a number."""

    batch, preparation = 1, 0.0

    def __init__(self, name: str, seconds: float, says: float = 1.0) -> None:
        self.name, self.seconds, self.says, self.runs = name, seconds, says, 0
        self.precision = "bfloat16" if name == "openvino-bfloat16" else "float32"

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


class Rounds(Takes):
    """The reference's features, multiplied."""

    def __init__(self, name: str, reference: OnnxBackend, factor: float) -> None:
        super().__init__(name, 0.0)
        self._reference, self._factor = reference, factor

    def run(self, part: str, inputs: Tensor, *, exclusive: bool) -> Tensor:
        return self._factor * self._reference.run(part, inputs, exclusive=exclusive)


@pytest.mark.parametrize(("factor", "passes"), [(1.0, True), (1.003, True), (-200.0, False), (float("nan"), False)])
def test_fewer_digits_have_to_give_the_same_answers(
    toy_network: AdaMML, factor: float, passes: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Features that differ by 3 in a thousand would not do in float32."""
    reference = OnnxBackend(toy_network, 1)
    bfloat16 = Rounds("openvino-bfloat16", reference, factor)
    found = timed(toy_network, {"onnx": reference, bfloat16.name: bfloat16})
    assert (bfloat16.name in found.seconds) == passes
    assert ("other answers" in caplog.text) == (not passes)
    float32 = Rounds("openvino", reference, factor)
    assert ("openvino" in timed(toy_network, {"onnx": reference, "openvino": float32}).seconds) == (factor == 1.0)


@pytest.mark.parametrize(
    ("found", "same"),
    [
        ([0.70, 0.20, 0.10], True),
        ([0.72, 0.18, 0.10], True),
        ([0.74, 0.16, 0.10], False),  # further than the tolerance
        ([float("nan"), 0.2, 0.1], False),
    ],
)
def test_answers_are_the_same_within_a_tolerance(found: list[float], same: bool) -> None:
    assert same_answer(torch.tensor(found), torch.tensor([0.70, 0.20, 0.10])) == same


def test_another_class_is_another_answer_unless_both_were_as_good_as_equal() -> None:
    assert not same_answer(torch.tensor([0.40, 0.41]), torch.tensor([0.42, 0.40]))
    assert same_answer(torch.tensor([0.40, 0.41]), torch.tensor([0.41, 0.40]))


def test_segments_to_compare_on_are_the_same_every_time_and_unlike(toy_network: AdaMML) -> None:
    first, second = (list(probe_segments(toy_network.kind.rgb)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    means = [segment.float().mean((0, 1, 2, 3)) for segment in first]
    assert all((a - b).abs().max() > 5 for a, b in combinations(means, 2))
    assert all(segment.float().std(1).mean() > 1 for segment in first)  # they move


def test_bfloat16_is_not_imitated(toy_network: AdaMML, caplog: pytest.LogCaptureFixture) -> None:
    """Where the processor lacks it, it is no candidate, and asking for it gives the reference and says so."""
    if "BF16" in openvino_backend._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        engine = new_engine(toy_network, backend="openvino-bfloat16")
        assert (engine.backend.name, engine.backend.precision) == ("openvino-bfloat16", "bfloat16")
        return
    engine = new_engine(toy_network, backend="openvino-bfloat16")
    assert (engine.backend.name, engine.backend.precision) == ("onnx", "float32")
    assert "no instructions for bfloat16" in caplog.text


def test_published_precision_can_be_asked_for(toy_network: AdaMML, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(backend_choice, "fastest", lambda network, made: asked.append(tuple(made)) or made["onnx"]())
    for backend in ("auto", "auto-float32"):
        assert new_engine(toy_network, backend=backend).backend.precision == "float32"
    assert asked == [("onnx", "openvino", "openvino-bfloat16"), ("onnx", "openvino")]


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
