"""Models by name: a release becomes a model of ours with the published outputs, and whatever goes wrong is said."""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from adamml import CheckpointError, Recognizer, card_of, installed_models
from adamml.cli import main
from adamml.weights import model_lookup
from adamml.weights.checkpoint import CHECKPOINTS, MODEL_FILE, load_model
from adamml.weights.download import FetchError, UnreachableError
from adamml.weights.github_release import assets_of, modalities_in, pick
from adamml.weights.ibm_checkpoint import KINETICS_SOUNDS, PUBLISHED, read_published
from tests import published_weights
from tests.fake_release import RELEASE, FakeRelease, shelf

FILE = "rgb-sound-adamml.pth.tar"
BUNDLED = {file.parent.name for file in CHECKPOINTS.glob("*/model.json")}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def release_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file as the published training code writes it, with the weights behind the reference outputs."""
    expected = np.load(published_weights.HERE / "forward_1.npz")
    momentum = {"momentum_buffer": torch.zeros(3)}
    checkpoint = {
        "epoch": 20,
        "arch": "kinetics-sounds-rgb-sound-adamml",
        "state_dict": published_weights.state_dict(str(expected["salt"]), "module."),
        "best_top1": torch.tensor([88.1]),
        "optimizer": {"state": {0: momentum}, "param_groups": [{"lr": 0.001, "params": [0]}]},
        "temperature": 5.0 * 0.965**19,
        "stage": "finetune",
    }
    path = tmp_path_factory.mktemp("release") / FILE
    torch.save(checkpoint, path)
    return path.read_bytes()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeRelease]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("ADAMML_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("adamml.weights.download.PAUSE", 0)
    monkeypatch.setattr(model_lookup, "_in_place_of", {})
    with shelf() as server:
        monkeypatch.setenv("ADAMML_RELEASES", server.address)
        yield server


def put(toy_folder: Path, folder: Path) -> None:
    """A model to install, made of links."""
    for file in toy_folder.iterdir():
        (folder / file.name).hardlink_to(file)


def test_the_release_becomes_a_model_with_the_published_outputs(
    server: FakeRelease, release_file: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put_release({FILE: release_file, "rgb.pth.tar": b"-", "rgb-flow-rgbdiff.pth.tar": b"-"})
    server.breaks[f"/store/{FILE}"] = [50_000_000]
    assert main(["weights", "pull", "kinetics-sounds"]) == 0
    said = capsys.readouterr()
    assert "31 classes" in said.out
    assert "100 % of" in said.err
    assert ("GET", f"/store/{FILE}", "bytes=50000000-") in server.seen

    folder = model_lookup.resolve("kinetics-sounds")
    model = load_model(folder)
    assert model.card.classes == KINETICS_SOUNDS
    assert model.card.licence.startswith("Apache-2.0")
    assert model.card.facts["published"] == {
        "arch": "kinetics-sounds-rgb-sound-adamml",
        "stage": "finetune",
        "epoch": 20,
        "temperature": 5.0 * 0.965**19,
        "best_top1": 88.1,
    }
    assert model.card.facts["source"]["sha256_stated"]
    expected = np.load(published_weights.HERE / "forward_1.npz")
    model.network.fusion = "published"
    with torch.inference_mode():
        out = model.network(
            *published_weights.inputs(str(expected["salt"]), int(expected["segments"]), int(expected["batch"]))
        )
    assert np.array_equal(out.decisions.numpy(), expected["decisions"])
    for ours, theirs in (
        (out.policy_logits, "policy_logits"),
        (out.modality_logits["rgb"], "rgb_logits"),
        (out.modality_logits["audio"], "audio_logits"),
        (out.clip_logits, "logits"),
    ):
        assert float(np.abs(ours.numpy() - expected[theirs]).max() / np.abs(expected[theirs]).max()) < 1e-4

    # It is a model like any other, asked for by name, without a further request; nothing else stays in the cache.
    asked = len(server.seen)
    assert main(["weights", "pull", "kinetics-sounds"]) == 0
    assert {model.name for model in installed_models()} == {*BUNDLED, "kinetics-sounds"}
    assert main(["weights", "list"]) == 0
    assert "kinetics-sounds  weights-v0.1, 31 classes, 169 MB" in capsys.readouterr().out
    monkeypatch.setenv("ADAMML_MODEL", "kinetics-sounds")
    assert Recognizer.load(backend="torch").card.classes == KINETICS_SOUNDS
    assert len(server.seen) == asked
    assert not list((folder.parent.parent / "downloads").iterdir())
    assert sorted(file.name for file in folder.iterdir()) == [
        "adamml.safetensors",
        "model.json",
        "recognizers.safetensors",
    ]


def test_what_the_environment_names_is_fetched_at_the_start(
    server: FakeRelease, toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    server.put_model("ada/toy", COMMIT, {file.name: file.read_bytes() for file in toy_folder.iterdir()})
    name = f"hf://ada/toy@{COMMIT}"
    monkeypatch.setenv("ADAMML_MODEL", name)
    said: list[str] = []
    folder = model_lookup.resolve(say=said.append)
    size = sum(file.stat().st_size for file in toy_folder.glob("*.safetensors"))
    assert said == [f"fetching 2 files, {size / 1e6:.0f} MB, from {server.address}/ada/toy"]
    assert card_of().name == "toy"
    assert name in {model.name for model in installed_models()}
    asked = len(server.seen)
    assert model_lookup.resolve(name, say=said.append) == folder
    assert len(server.seen) == asked
    assert sorted(file.name for file in folder.iterdir()) == sorted(file.name for file in toy_folder.iterdir())


def test_offline_the_bundled_model_serves_and_that_is_said_once(
    server: FakeRelease, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ADAMML_MODEL", "kinetics-sounds")
    monkeypatch.setattr(model_lookup, "DEFAULT_MODEL", "everyday-av")
    server.shutdown()
    server.server_close()
    assert card_of("kinetics-sounds").name == "everyday-av"
    said = capsys.readouterr().err
    assert "kinetics-sounds cannot be fetched, so the bundled model everyday-av serves instead: " in said
    assert "is there a network?" in said
    assert said.count("\n") == 1
    assert model_lookup.resolve().name == "everyday-av"
    assert capsys.readouterr().err == ""


def test_a_refused_release_is_no_reason_to_use_another_model(
    server: FakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADAMML_MODEL", "kinetics-sounds")
    with pytest.raises(FetchError, match="there is nothing at"):
        model_lookup.resolve()
    monkeypatch.setenv("ADAMML_MODEL", "kinetics-songs")
    with pytest.raises(CheckpointError, match="no model named 'kinetics-songs'; models here: everyday-av"):
        model_lookup.resolve()


def test_a_name_alone_fetches_nothing(server: FakeRelease) -> None:
    with pytest.raises(CheckpointError, match="fetch it with: adamml weights pull kinetics-sounds"):
        Recognizer.load("kinetics-sounds")
    assert server.seen == []


def test_a_damaged_model_is_neither_used_nor_replaced(
    server: FakeRelease, toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = model_lookup.install("kinetics-sounds", lambda folder: put(toy_folder, folder))
    (folder / "adamml.safetensors").unlink()
    monkeypatch.setenv("ADAMML_MODEL", "kinetics-sounds")
    with pytest.raises(CheckpointError, match=r"adamml\.safetensors cannot be read"):
        Recognizer.load()
    assert server.seen == []


@pytest.mark.parametrize("damage", ["truncated", "page", "flow", "bomb"])
def test_a_release_that_is_something_else_leaves_nothing(server: FakeRelease, tmp_path: Path, damage: str) -> None:
    sentinel, path = tmp_path / "executed", tmp_path / FILE

    class Bomb:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(sentinel),)

    content: dict = {"state_dict": {"module.conv1.weight": torch.zeros(64, 10, 7, 7)}}
    message = "published recognizer of flow alone"
    if damage == "bomb":
        content, message = {"state_dict": Bomb()}, r"more than tensors and plain values \(posix.mkdir\), and could run"
    torch.save(content, path)
    data = path.read_bytes()
    if damage in ("truncated", "page"):
        data, message = data[: len(data) // 2] if damage == "truncated" else b"<html>", "or only a part of one"
    server.put_release({FILE: data})
    with pytest.raises(CheckpointError, match=message):
        model_lookup.pull("kinetics-sounds", say=lambda _: None)
    assert not sentinel.exists()
    cache = tmp_path / "cache"
    assert [file.name for file in cache.rglob("*") if file.is_file() and file.suffix != ".lock"] == []
    assert "kinetics-sounds" not in {model.name for model in installed_models()}


def test_a_wrong_checksum_is_refused(server: FakeRelease, tmp_path: Path) -> None:
    server.put_release({FILE: b"weights"})
    server.files[f"/store/{FILE}"] = b"wights!"
    with pytest.raises(FetchError, match="damaged or changed"):
        model_lookup.pull("kinetics-sounds", say=lambda _: None)
    assert not list((tmp_path / "cache" / "downloads").iterdir())


@pytest.mark.parametrize("answer", [b"[]", b'{"assets": [{"name": "x"}]}', b'{"assets": null}', b'"text"'])
def test_an_answer_that_is_no_release_is_refused(server: FakeRelease, answer: bytes) -> None:
    server.files[RELEASE] = answer
    with pytest.raises(FetchError, match="does not answer like a release"):
        model_lookup.pull("kinetics-sounds", say=lambda _: None)


@pytest.mark.parametrize(
    ("name", "modalities"),
    [
        ("kinetics-sounds-rgb-sound-adamml-j_mobilenet_v2-lstm.pth.tar", {"rgb", "sound"}),
        ("AdaMML_RGB_Audio.pth", {"rgb", "sound"}),
        ("kinetics-sounds-rgb-flow-rgbdiff-adamml.pth.tar", {"rgb", "flow", "rgbdiff"}),
        ("kinetics_sounds_rgb.pth.tar", {"rgb"}),
        ("kinetics-sounds-sound_mobilenet_v2.pth.tar", {"sound"}),
        ("RGBDiff.pth", {"rgbdiff"}),
    ],
)
def test_names_of_release_files_say_what_they_take(name: str, modalities: set[str]) -> None:
    assert modalities_in(name) == modalities


def test_a_file_is_picked_only_when_it_is_clear_which(server: FakeRelease) -> None:
    model = PUBLISHED["kinetics-sounds"]

    def described(*files: str) -> tuple:
        server.put_release(dict.fromkeys(files, b"x"), digests=False)
        return assets_of(json.loads(server.files[RELEASE]), "url")

    assert pick(described("rgb.pth", "audio.pth", "rgb_audio.pth"), model, None).name == "rgb_audio.pth"
    assert pick(described("a.pth", "b.pth"), model, "b.pth").sha256 is None
    with pytest.raises(FetchError, match=r"no file whose name says RGB \+ sound; there is: a\.pth, b\.pth\. Choose"):
        pick(described("a.pth", "b.pth"), model, None)
    with pytest.raises(FetchError, match="several files"):
        pick(described("rgb_audio.pth", "rgb_sound.pth"), model, None)
    with pytest.raises(FetchError, match="there is: nothing"):
        pick((), model, None)


def test_two_at_once_build_one_model(server: FakeRelease, toy_folder: Path) -> None:
    built: list[Path] = []
    said: list[str] = []

    def build(folder: Path) -> None:
        built.append(folder)
        while not said:  # the other one waits
            time.sleep(0.01)
        put(toy_folder, folder)

    threads = [
        threading.Thread(target=model_lookup.install, args=("two", build), kwargs={"say": said.append}) for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert said == ["another process fetches two; waiting for it"]
    assert load_model("two").card.name == "toy"


def test_a_model_that_cannot_be_loaded_is_not_installed(server: FakeRelease, toy_folder: Path, tmp_path: Path) -> None:
    folder = model_lookup.install("mine", lambda folder: put(toy_folder, folder))
    (folder.parent / ".mine.killed.new").mkdir()  # left by a process that was killed

    def build(folder: Path) -> None:
        put(toy_folder, folder)
        (folder / "adamml.safetensors").unlink()

    with pytest.raises(CheckpointError, match="cannot be read"):
        model_lookup.install("mine", build, force=True)
    assert load_model("mine").card.name == "toy"
    assert [path.name for path in folder.parent.iterdir() if path.suffix != ".lock"] == ["mine"]
    model_lookup.install("mine", lambda folder: put(toy_folder, folder), force=True)
    assert [path.name for path in folder.parent.iterdir() if path.suffix != ".lock"] == ["mine"]
    for name in ("everyday-av", "../mine", ".mine", ""):
        with pytest.raises(CheckpointError):
            model_lookup.install(name, build)


def test_a_cache_that_cannot_be_written_is_named(
    server: FakeRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("ADAMML_CACHE", str(tmp_path / "file"))
    with pytest.raises(CheckpointError, match=r"cannot be written: .*ADAMML_CACHE"):
        model_lookup.install("mine", lambda folder: None)


@pytest.mark.parametrize("address", [f"hf://a--b/c@{COMMIT}", "hf://@", "hf://toy", "hf://ada/toy@", "hf://a/b/c"])
def test_what_is_no_hub_address_is_refused(server: FakeRelease, address: str) -> None:
    with pytest.raises(CheckpointError, match="is not hf://OWNER/REPO"):
        Recognizer.load(address)
    assert server.seen == []


@pytest.mark.parametrize("fault", ["tampered", "no description", "lacking", "offline", "no such repository", "plain"])
def test_a_hub_that_gives_something_else_is_refused(
    server: FakeRelease, toy_folder: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://example.invalid" if fault == "plain" else server.address)
    files = {file.name: file.read_bytes() for file in toy_folder.iterdir()}
    if fault == "tampered":
        files["adamml.safetensors"] = files["adamml.safetensors"][:-1] + b"x"
    elif fault == "no description":
        del files[MODEL_FILE]
    elif fault == "lacking":
        del files["adamml.safetensors"]
    if fault != "no such repository":
        server.put_model("ada/toy", COMMIT, files)
    if fault == "offline":
        server.shutdown()
        server.server_close()
    with pytest.raises(CheckpointError) as raised:
        model_lookup.resolve(f"hf://ada/toy@{COMMIT}", say=lambda _: None)
    assert isinstance(raised.value, UnreachableError) == (fault == "offline")
    assert "example.invalid" in str(raised.value) or fault != "plain"
    assert {model.name for model in installed_models()} == BUNDLED


def test_a_file_that_is_here_is_imported(
    server: FakeRelease, release_file: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.pth.tar"
    path.write_bytes(release_file)
    names, few = tmp_path / "names.txt", tmp_path / "few.txt"
    names.write_text("\n".join(f"class {number}" for number in range(31)) + "\n")
    few.write_text("yes\nno\n")
    assert main(["weights", "import", str(path), "--name", "mine", "--classes", str(names)]) == 0
    assert card_of("mine").classes[30] == "class 30"
    assert server.seen == []
    capsys.readouterr()
    for arguments in (["none"], [str(path), "--classes", str(names)], [str(names)], [str(path), "--classes", "none"]):
        assert main(["weights", "import", *arguments]) == 2
        said = capsys.readouterr().err
        assert said.startswith("adamml: ")
        assert said.count("\n") == 1
    assert main(["weights", "import", str(path), "--name", "two", "--classes", str(few)]) == 2
    assert "has 31 classes, and 2 names are given" in capsys.readouterr().err


def test_files_of_the_older_format_are_read(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": torch.ones(2)}}, tmp_path / "old", _use_new_zipfile_serialization=False)
    assert torch.equal(read_published(tmp_path / "old")["state_dict"]["a"], torch.ones(2))


def test_a_description_that_cannot_be_read_is_left_out(
    server: FakeRelease, toy_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = model_lookup.install("broken", lambda folder: put(toy_folder, folder))
    (folder / MODEL_FILE).unlink()
    (folder / MODEL_FILE).write_text("{")
    assert {model.name for model in installed_models()} == BUNDLED
    assert "broken" in caplog.text
