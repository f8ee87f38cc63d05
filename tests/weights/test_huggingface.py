"""Models of the hub: a revision is pinned and said, a broken transfer goes on, a model comes back as it was pushed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard as HubCard

from adamml import CheckpointError, Recognizer
from adamml.cli import main
from adamml.weights import huggingface, model_lookup
from adamml.weights.checkpoint import CARD_FILE, MODEL_FILE, load_model
from adamml.weights.download import FetchError, UnreachableError
from tests.fake_release import FakeRelease, shelf
from tests.weights.fake_hub import OWNER, TOKEN, Hub, hub

COMMIT, LATER = "0123456789abcdef0123456789abcdef01234567", "fedcba9876543210fedcba9876543210fedcba98"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeRelease]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("ADAMML_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface, "_pinned", {})
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    with shelf() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


@pytest.fixture
def receiving(monkeypatch: pytest.MonkeyPatch, server: FakeRelease) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with hub() as receiving:
        monkeypatch.setenv("HF_ENDPOINT", receiving.address)
        yield receiving


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_a_revision_is_pinned_and_that_is_said(server: FakeRelease, toy_folder: Path) -> None:
    server.put_model("ada/toy", COMMIT, files_of(toy_folder) | {CARD_FILE: b"# toy"}, revisions=("v1",))
    said: list[str] = []
    folder = model_lookup.resolve("hf://ada/toy", say=said.append)
    assert said[0] == f"ada/toy is taken at its commit of now; to keep to it, name hf://ada/toy@{COMMIT}"
    assert said[1].startswith("fetching 2 files, ")
    assert folder.name == f"hf--ada--toy--{COMMIT}"
    assert (folder / CARD_FILE).read_bytes() == b"# toy"
    assert not list((folder.parent.parent / "downloads").iterdir())

    # The repository moves on: this process keeps to what it began with; another revision is another question.
    asked = len(server.seen)
    server.files["/api/models/ada/toy"] = b"{}"
    assert model_lookup.resolve("hf://ada/toy", say=said.append) == folder
    assert model_lookup.resolve(f"hf://ada/toy@{COMMIT}", say=said.append) == folder
    assert len(server.seen) == asked
    assert len(said) == 2
    assert model_lookup.resolve("hf://ada/toy@v1", say=said.append) == folder
    assert [path for _, path, _ in server.seen[asked:]] == ["/api/models/ada/toy/revision/v1"]


def test_offline_the_commit_of_the_last_time_serves(
    server: FakeRelease, toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put_model("ada/toy", COMMIT, files_of(toy_folder))
    folder = model_lookup.resolve("hf://ada/toy", say=lambda _: None)
    monkeypatch.setattr(huggingface, "_pinned", {})
    server.shutdown()
    server.server_close()
    said: list[str] = []
    assert model_lookup.resolve("hf://ada/toy", say=said.append) == folder
    assert said[0].startswith(f"ada/toy: the commit of the last time, {COMMIT}, serves, because ")
    with pytest.raises(UnreachableError, match="is there a network"):
        model_lookup.resolve("hf://ada/other", say=said.append)
    with pytest.raises(UnreachableError, match="is there a network"):
        model_lookup.resolve(f"hf://ada/toy@{LATER}", say=said.append)


def test_what_arrived_of_a_broken_transfer_is_not_fetched_again(server: FakeRelease, toy_folder: Path) -> None:
    files, name = files_of(toy_folder), "recognizers.safetensors"
    server.put_model("ada/toy", COMMIT, files)
    path = f"/ada/toy/resolve/{COMMIT}/{name}"
    server.breaks[path] = [15_000_000]
    folder = model_lookup.resolve(f"hf://ada/toy@{COMMIT}", say=lambda _: None)
    begun = [int(asked[6:].split("-")[0]) for _, seen, asked in server.seen if seen == path and asked is not None]
    assert len(begun) == 1
    assert 5_000_000 < begun[0] <= 15_000_000
    assert (folder / name).read_bytes() == files[name]


def test_a_later_call_goes_on_where_an_earlier_one_stopped(
    server: FakeRelease, toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(toy_folder)
    server.put_model("ada/toy", COMMIT, files)
    refused = f"/ada/toy/resolve/{COMMIT}/recognizers.safetensors"
    server.refusals[refused] = (503, {})
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    with pytest.raises(UnreachableError):
        model_lookup.resolve(f"hf://ada/toy@{COMMIT}", say=lambda _: None)
    del server.refusals[refused]
    asked = len(server.seen)
    model_lookup.resolve(f"hf://ada/toy@{COMMIT}", say=lambda _: None)
    fetched = [path for method, path, _ in server.seen[asked:] if method == "GET" and "/resolve/" in path]
    assert fetched == [refused]


def test_a_pushed_model_comes_back_byte_for_byte(server: FakeRelease, receiving: Hub, toy_folder: Path) -> None:
    address = Recognizer(load_model(toy_folder), backend="torch").push_to_hub(f"{OWNER}/toy")
    stored = receiving.models[f"{OWNER}/toy"]
    assert set(stored) == {".gitattributes", CARD_FILE, *files_of(toy_folder)}
    assert {name: stored[name] for name in files_of(toy_folder)} == files_of(toy_folder)
    card = HubCard(stored[CARD_FILE].decode())
    assert (card.data.library_name, card.data.pipeline_tag) == ("adamml-studio", "video-classification")
    assert "https://arxiv.org/abs/2105.05165" in card.text

    _, _, commit = address.partition("@")
    assert receiving.commits == [commit]
    server.put_model(f"{OWNER}/toy", commit, stored)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", server.address)
        back = Recognizer.from_pretrained(f"{OWNER}/toy", revision=commit, backend="torch")
        assert model_lookup.hub_address(f"{OWNER}/toy") == f"hf://{OWNER}/toy"
    assert back.card == load_model(toy_folder).card


def test_pushing_again_removes_what_the_model_no_longer_has(receiving: Hub, toy_folder: Path) -> None:
    assert main(["weights", "push", str(toy_folder), f"{OWNER}/again", "--private"]) == 0
    assert "private" in receiving.created[0].values() or receiving.created[0].get("private")
    stored = receiving.models[f"{OWNER}/again"]
    stored |= {"cascade.safetensors": b"of an older version", "notes.txt": b"by somebody"}
    assert main(["weights", "push", str(toy_folder), f"{OWNER}/again"]) == 0
    assert "cascade.safetensors" not in stored
    assert stored["notes.txt"] == b"by somebody"
    assert len(receiving.large) == 2  # nothing large was sent twice


@pytest.mark.parametrize(
    ("repo", "token", "says"),
    [
        ("toy", TOKEN, "owner/name"),
        ("somebody/toy", TOKEN, "right to write"),
        (f"{OWNER}/toy", "hf_wrong", "HF_TOKEN is not valid"),
    ],
)
def test_refusals_of_a_push_are_one_line(
    receiving: Hub,
    toy_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    repo: str,
    token: str,
    says: str,
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    assert main(["weights", "push", str(toy_folder), repo]) == 2
    said = capsys.readouterr().err
    assert said.startswith("adamml: ")
    assert said.count("\n") == 1
    assert says in said
    assert receiving.models == {}


def test_only_repositories_have_revisions(toy_folder: Path) -> None:
    for name in (str(toy_folder), "kinetics-400", f"hf://ada/toy@{COMMIT}"):
        with pytest.raises(CheckpointError, match="has revisions"):
            Recognizer.from_pretrained(name, revision="v1")


def test_a_model_in_memory_is_saved_exactly(toy: Recognizer, tmp_path: Path) -> None:
    saved = load_model(toy.save_pretrained(tmp_path / "saved"))
    assert set(saved.card.policies) == set(toy.ready.engine.deciders)
    state = saved.network.state_dict()
    for name, value in toy.ready.engine.network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(state[name], value), name
    assert {file.suffix for file in (tmp_path / "saved").iterdir()} == {".json", ".safetensors"}


def test_a_model_from_a_folder_is_copied_or_refused(toy_folder: Path, tmp_path: Path) -> None:
    first = Recognizer(load_model(toy_folder), backend="torch").save_pretrained(tmp_path / "first")
    assert files_of(first) == files_of(toy_folder)
    recognizer = Recognizer(load_model(first), backend="torch")
    (first / "adamml.safetensors").write_bytes(b"exchanged")
    with pytest.raises(CheckpointError, match="damaged or changed"):
        recognizer.save_pretrained(tmp_path / "second")
    assert not (tmp_path / "second").exists()
    with pytest.raises(FetchError, match="owner/name"):
        recognizer.push_to_hub("toy")
    assert (first / MODEL_FILE).is_file()
