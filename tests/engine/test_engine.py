"""The engine: backends agree, company changes nothing, what is not asked for is not run."""

import copy
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from adamml import ClipSession, Finished, Probed, Recognizer, Scored
from adamml.engine import Engine, EngineError
from adamml.engine.backend_choice import choose
from adamml.engine.onnx_backend import OnnxBackend, Sessions
from adamml.engine.submodules import example_of, parts_of
from adamml.engine.torch_backend import TorchBackend, agrees, folded
from adamml.inputs import PUBLISHED_INPUT
from adamml.nn import MODALITIES, AdaMML
from adamml.policies import ManualPolicy
from tests.clips import tone, write_clip
from tests.toy_app import toy_recognizer

PARTS = ("features_rgb", "features_audio", "glimpse_rgb", "glimpse_audio")


@pytest.fixture(scope="module")
def shipped() -> dict[str, Recognizer]:
    return {name: Recognizer.load("everyday-av", backend=name) for name in ("onnx", "openvino", "torch")}


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 s in which picture and sound change."""
    rng = np.random.default_rng(5)
    scenes = [np.kron(rng.integers(0, 255, (9, 16, 3), np.uint8), np.ones((20, 20, 1), np.uint8)) for _ in range(3)]
    noise = np.concatenate([rng.normal(0, loud, 24_000) for loud in (0.01, 0.3, 0.1)]).astype(np.float32)

    def scene(index: int, width: int, height: int) -> np.ndarray:
        return np.roll(scenes[index // 25], 2 * index, axis=1)

    folder = tmp_path_factory.mktemp("lively")
    return write_clip(folder / "clip.mp4", seconds=3.0, picture=scene, size=(320, 180), sound=noise[None])


@pytest.fixture(scope="module")
def sessions(shipped: dict[str, Recognizer], lively: Path) -> dict[str, ClipSession]:
    return {name: model.open(lively, segments=3) for name, model in shipped.items()}


@pytest.mark.parametrize("policy", ["adamml", "cascade", "all"])
def test_backends_decide_alike_and_say_the_same(sessions: dict[str, ClipSession], policy: str) -> None:
    found = {name: session.analyze(policy) for name, session in sessions.items()}
    onnx = found.pop("onnx")
    for name, other in found.items():
        assert [s.decisions for s in onnx.segments] == [s.decisions for s in other.segments]
        assert onnx.label == other.label
        for s in onnx.segments:
            for modality, used in s.decisions.items():
                if used:
                    key = (modality, s.index)
                    logits = [sessions[backend]._memory[key] for backend in ("onnx", name)]
                    torch.testing.assert_close(*logits, atol=1e-3, rtol=0)


@pytest.mark.parametrize("part", PARTS)
def test_company_and_order_change_no_bit(shipped: dict[str, Recognizer], toy_network: AdaMML, part: str) -> None:
    generator = torch.Generator().manual_seed(1)
    inputs = [example_of(toy_network, part)[0]]
    for _ in range(2):
        noise = torch.rand(inputs[0].shape, generator=generator)
        inputs.append((255 * noise).byte() if part.endswith("rgb") else 8 * noise - 12)
    for name in shipped:
        engine = shipped[name].ready.engine
        if part == "glimpse_audio":  # its policy hears through the recognizer
            part = engine.glimpse_part("audio")
        exclusive = [engine.run(part, x).features for x in inputs]
        together = [done.features for done in engine.many(part, inputs)]
        backwards = [done.features for done in engine.many(part, inputs[::-1])][::-1]
        for one, other, third in zip(exclusive, together, backwards, strict=True):
            assert torch.equal(one, other)
            assert torch.equal(one, third)


class _Sums:
    """A backend of fixed batches that adds up its inputs."""

    name, batch, preparation = "sums", 4, 0.0

    def __init__(self, concurrency: int) -> None:
        self._concurrency, self.sizes, self.exclusive = concurrency, [], []

    def concurrency(self, part: str) -> int:
        return self._concurrency

    def multithreaded(self, part: str) -> bool:
        return part == "large"

    def in_own_threads(self, part: str) -> bool:
        return False

    def run(self, part: str, inputs: Tensor, *, exclusive: bool) -> Tensor:
        self.sizes.append(len(inputs))
        self.exclusive.append(exclusive)
        return inputs.flatten(1).sum(1, keepdim=True)


@pytest.mark.parametrize("concurrency", [1, 2])
def test_batches_that_are_not_full_are_filled_up(toy_network: AdaMML, concurrency: int) -> None:
    backend = _Sums(concurrency)
    engine = Engine(toy_network, {}, backend)
    results = [float(done.features) for done in engine.many("any", [torch.full((3,), float(n)) for n in range(6)])]
    assert results == [0, 3, 6, 9, 12, 15]
    assert backend.sizes == [4, 4]


@pytest.mark.parametrize(
    ("part", "segments", "most", "abreast"),
    [("large", 7, 7, 6), ("large", 2, 2, 0), ("large", 7, None, 7), ("small", 7, 7, 7), ("small", 1, 1, 0)],
)
def test_what_is_left_over_has_all_cores(
    toy_network: AdaMML, part: str, segments: int, most: int | None, abreast: int
) -> None:
    """Of a large part those that do not fill the lanes run one after the other; small ones are not worth that."""

    class Single(_Sums):
        batch = 1

    backend = Single(3)
    numbers = [torch.tensor([float(n)]) for n in range(segments)]
    results = [float(done.features) for done in Engine(toy_network, {}, backend).many(part, numbers, most)]
    assert results == list(range(segments))
    assert backend.exclusive == [False] * abreast + [True] * (segments - abreast)


@pytest.mark.parametrize("concurrency", [1, 2])
def test_what_is_not_taken_is_not_computed(toy_network: AdaMML, concurrency: int) -> None:
    backend, given = _Sums(concurrency), []

    def inputs() -> Iterator[Tensor]:
        for n in range(100):
            given.append(n)
            yield torch.zeros(3)

    results = Engine(toy_network, {}, backend).many("any", inputs())
    next(results)
    results.close()
    assert len(backend.sizes) <= concurrency + 1
    assert len(given) <= 4 * (concurrency + 1)


def test_what_runs_side_by_side_is_given_its_part_of_the_time(toy_network: AdaMML) -> None:
    """Waiting for a core, or for anything else, is no time of a network's: the total is what a person waits."""

    class Waits(_Sums):
        batch = 1

        def run(self, part: str, inputs: Tensor, *, exclusive: bool) -> Tensor:
            time.sleep(0.05)
            until = time.thread_time() + 0.02
            while time.thread_time() < until:
                pass
            return super().run(part, inputs, exclusive=exclusive)

    exclusive, together = (
        sum(done.seconds for done in Engine(toy_network, {}, Waits(concurrency)).many("any", torch.zeros(4, 3)))
        for concurrency in (1, 2)
    )
    assert exclusive >= 4 * 0.07
    assert 4 * 0.02 / 2 <= together < 4 * 0.03 / 2
    (single,) = Engine(toy_network, {}, Waits(2)).many("any", torch.zeros(1, 3), 1)
    assert single.seconds >= 0.07  # which has nothing beside it


def test_an_error_of_the_decoder_comes_through(toy_network: AdaMML) -> None:
    def broken() -> Iterator[Tensor]:
        yield torch.zeros(3)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(Engine(toy_network, {}, _Sums(2)).many("any", broken()))


@pytest.mark.parametrize("frames", [1, 3, 8])
def test_frames_that_go_their_own_ways_come_to_the_same(toy_network: AdaMML, frames: int) -> None:
    recognizer = copy.deepcopy(toy_network.recognizers["rgb"]).double().eval()  # in which rounding hides nothing
    x = torch.randn(1, frames, 3, 64, 64, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    with torch.inference_mode():
        torch.testing.assert_close(recognizer.features_apart(list(x.unbind(1))), recognizer.features(x))


@pytest.mark.parametrize("part", PARTS)
def test_folding_changes_nothing_but_rounding(toy_network: AdaMML, part: str) -> None:
    module = parts_of(toy_network)[part]
    copied = folded(module)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in copied.modules())
    assert any(isinstance(layer, torch.nn.BatchNorm2d) for layer in module.modules())
    x = example_of(toy_network, part)
    with torch.inference_mode():
        wanted, found = module(x), copied(x)
    assert float((wanted - found).abs().max()) < 1e-4 * float(wanted.abs().max())


def test_onnx_runs_only_what_was_chosen(tmp_path: Path) -> None:
    model, calls = toy_recognizer(backend="onnx"), Counter()
    backend = model.ready.engine.backend
    assert isinstance(backend, OnnxBackend)

    class Counted:
        def __init__(self, name: str, session: Any) -> None:
            self.name, self.session = name, session

        def run(self, *arguments: object) -> Any:
            calls.update([self.name])
            return self.session.run(*arguments)

    for name, (one, spread) in backend.sessions.items():
        backend.sessions[name] = Sessions(Counted(name, one), Counted(name, spread))
    path = write_clip(tmp_path / "clip.mp4", seconds=3.0, sound=tone(3.0))
    grid = tuple({"rgb": rgb, "audio": audio} for rgb, audio in ((True, False), (False, True), (False, False)))
    analysis = model.analyze(path, ManualPolicy(grid=grid), segments=3)
    assert [[s.decisions[m] for m in MODALITIES] for s in analysis.segments] == [list(row.values()) for row in grid]
    assert calls == {"features_rgb": 1, "features_audio": 1}
    calls.clear()
    with model.open(path, segments=3) as session:
        events = session.run("all")
        while not isinstance(next(events), Scored):
            pass
        events.close()
    assert calls.keys() == {"features_rgb"}
    assert calls.total() <= backend.concurrency("features_rgb")  # those that run at once


def test_the_first_analysis_says_what_was_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ADAMML_CACHE", str(tmp_path / "cache"))
    path = write_clip(tmp_path / "clip.mp4", seconds=1.0)

    def opening(model: Recognizer) -> str:
        with model.open(path, segments=1) as session:
            events = list(session.run("rgb"))
        assert isinstance(events[0], Probed)
        assert isinstance(events[-1], Finished)
        return events[0].message

    with caplog.at_level("INFO"):
        first = toy_recognizer(backend="onnx")
    assert "happens once" in caplog.text
    assert "once" in first.preparation
    assert first.preparation in opening(first)
    assert opening(first) == "Looked the file over"
    second = toy_recognizer(backend="onnx")
    assert (second.backend, second.preparation) == ("onnx", "")
    assert opening(second) == "Looked the file over"


@pytest.mark.parametrize(
    ("backend", "device", "gpu", "named", "expected"),
    [
        ("auto", "auto", False, "", ("auto", "cpu")),
        ("auto", "auto", True, "", ("torch", "cuda")),
        ("auto", "cpu", True, "", ("auto", "cpu")),
        ("auto", "cuda:1", True, "", ("torch", "cuda:1")),
        ("auto", "auto", True, "onnx", ("onnx", "cpu")),
        ("auto", "auto", False, "torch", ("torch", "cpu")),
        ("auto", "auto", True, "openvino", ("openvino", "cpu")),
        ("auto", "auto", False, "steam", ("auto", "cpu")),
        ("onnx", "auto", True, "torch", ("onnx", "cpu")),
        ("torch", "auto", False, "onnx", ("torch", "cpu")),
    ],
)
def test_the_backend_follows_from_what_is_asked_and_what_is_there(
    backend: str, device: str, gpu: bool, named: str, expected: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADAMML_BACKEND", named)
    assert choose(backend, device, gpu=gpu) == expected


@pytest.mark.parametrize(
    ("backend", "device", "gpu"),
    [
        ("steam", "auto", True),
        ("auto", "tpu", True),
        ("auto", "cuda", False),
        ("onnx", "cuda", True),
        ("openvino", "cuda", True),
    ],
)
def test_what_there_is_not_cannot_be_chosen(backend: str, device: str, gpu: bool) -> None:
    with pytest.raises(EngineError):
        choose(backend, device, gpu=gpu)


def test_half_precision_has_to_hold() -> None:
    wanted = torch.linspace(0, 5, 100)
    assert agrees(wanted.half().float(), wanted)
    assert not agrees(wanted * 1.1, wanted)
    assert not agrees(torch.where(wanted > 4, torch.inf, wanted), wanted)
    assert not agrees(torch.full((100,), torch.nan), wanted)


def test_the_model_itself_stays_as_it_was(toy_network: AdaMML) -> None:
    before = {name: value.clone() for name, value in toy_network.state_dict().items()}
    backend = TorchBackend(toy_network)
    backend.run("features_rgb", torch.zeros(1, *PUBLISHED_INPUT.picture.shape, dtype=torch.uint8))
    assert all(torch.equal(value, before[name]) for name, value in toy_network.state_dict().items())
    assert toy_network.recognizers["rgb"].net.bn1.training is False
