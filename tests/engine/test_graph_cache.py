"""Prepared networks on disk: kept once, made anew when damaged, and never in the way."""

import copy
import hashlib
import os
import sys
import threading
from pathlib import Path

import pytest
import torch

from adamml.engine import graph_cache
from adamml.engine.onnx_backend import OnnxBackend
from adamml.engine.submodules import cpu_parts_of, example_of
from adamml.nn import ARCHITECTURES, AdaMML
from tests.toy_app import toy_recognizer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ADAMML_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_a_damaged_or_useless_graph_is_made_anew(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    toy_recognizer(backend="onnx")
    kept = sorted(folder.iterdir())
    assert [file.name.split("-")[0] for file in kept] == [
        "features_audio",
        "features_rgb",
        "glimpse_audio",
        "glimpse_rgb",
    ]
    whole = {file: file.read_bytes() for file in kept}
    kept[0].write_bytes(whole[kept[0]][:-1] + b"?")  # one byte has changed
    kept[1].write_bytes(whole[kept[1]][:100])  # cut off
    kept[2].write_bytes(hashlib.sha256(b"no graph").digest() + b"no graph")  # whole, but not a graph
    again = toy_recognizer(backend="onnx")
    assert again.backend == "onnx"
    assert again.preparation
    assert caplog.text.count("made anew") == 3
    assert not toy_recognizer(backend="onnx").preparation
    assert sorted(folder.iterdir()) == kept


def test_a_place_that_cannot_be_written_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("ADAMML_CACHE", str(tmp_path / "file"))
    assert toy_recognizer(backend="onnx").backend == "onnx"
    assert "cannot be kept" in caplog.text


def test_what_cannot_be_exported_runs_in_torch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> bytes:
        raise RuntimeError("no such operator")

    monkeypatch.setattr("adamml.engine.onnx_backend.as_onnx", broken)
    assert toy_recognizer(backend="onnx").backend == "torch"
    assert "no such operator" in caplog.text
    assert not folder.exists()


def test_without_the_package_torch_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "adamml.engine.onnx_backend", None)  # as if its import failed
    assert toy_recognizer(backend="auto").backend == "torch"
    assert "cannot be used" in caplog.text


def test_other_weights_are_another_graph() -> None:
    layer = torch.nn.Linear(2, 2)
    before = graph_cache.fingerprint(layer)
    assert graph_cache.fingerprint(layer) == before
    assert graph_cache.fingerprint(layer, "other torch") != before
    with torch.no_grad():
        layer.bias[0] += 1e-7
    assert graph_cache.fingerprint(layer) != before


def test_writers_at_once_leave_whole_files(folder: Path) -> None:
    contents = [bytes([n]) * 300_000 for n in range(6)]
    start, seen = threading.Barrier(7), []

    def write(content: bytes) -> None:
        start.wait()
        for _ in range(5):
            graph_cache.keep_graph("same", content)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    start.wait()
    while any(thread.is_alive() for thread in threads):
        seen.append(graph_cache.kept_graph("same"))
    assert all(found is None or found in contents for found in seen)
    assert graph_cache.kept_graph("same") in contents
    assert [file.name for file in folder.iterdir()] == ["same.graph"]


def test_only_what_was_used_last_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_cache, "KEPT", 3)
    for age, name in enumerate("abc"):
        graph_cache.keep_graph(name, name.encode())
        os.utime(folder / f"{name}.graph", (1000 + age, 1000 + age))
    assert graph_cache.kept_graph("a") == b"a"  # and so it was used just now
    graph_cache.keep_graph("d", b"d")
    assert {file.stem for file in folder.iterdir()} == {"a", "c", "d"}


def test_models_of_other_classes_share_the_graphs_of_what_they_share(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = copy.deepcopy(toy_recognizer().ready.engine.network)
    assert OnnxBackend(network, 1).preparation
    features = network.recognizers["rgb"].net.fc.in_features
    network.recognizers["rgb"].net.fc = torch.nn.Linear(features, 9)
    assert not OnnxBackend(network, 1).preparation
    with torch.no_grad():
        network.recognizers["rgb"].net.conv1.weight[0] += 1e-3
    assert OnnxBackend(network, 1).preparation


def test_models_that_share_a_network_and_give_it_other_shapes_have_graphs_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The glimpse of the picture is the same network in both kinds of models."""
    monkeypatch.setenv("ADAMML_CACHE", str(tmp_path))
    published, i3d = AdaMML(3), AdaMML(3, ARCHITECTURES["i3d-tagger"])
    i3d.policy.rgb.load_state_dict(published.policy.rgb.state_dict())
    for network in (published, i3d):
        network.eval().requires_grad_(False)
        parts = {"glimpse_rgb": cpu_parts_of(network)["glimpse_rgb"]}
        monkeypatch.setattr("adamml.engine.onnx_backend.cpu_parts_of", lambda _, parts=parts: parts)
        frames = example_of(network, "glimpse_rgb")
        said = OnnxBackend(network, 1).run("glimpse_rgb", frames)
        torch.testing.assert_close(said, parts["glimpse_rgb"](frames), atol=1e-3, rtol=1e-3)
