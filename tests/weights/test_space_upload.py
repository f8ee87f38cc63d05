"""Hosting: a Space becomes equal to the tracked tree, and whatever goes wrong is said in one line."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adamml.weights.space_upload import ROOT, HostingError, main, readme_for, tracked_files, upload
from tests.weights.fake_hub import LARGE, OWNER, TOKEN, Hub, hub


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small repository with a file that is too large to be committed plainly, and one that git does not track."""
    root = tmp_path_factory.mktemp("tree")
    (root / "app").mkdir()
    (root / "README.md").write_text("---\ntitle: x\nsdk: gradio\n---\n# x\n")
    (root / "requirements.txt").write_text("gradio\n")
    (root / "app" / "__main__.py").write_text("print('page')\n")
    (root / "weights [1].safetensors").write_bytes(bytes(range(256)) * (LARGE // 256 + 1))
    (root / "secret.env").write_text("password")
    (root / ".gitignore").write_text("*.env\n")
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)  # the stand-in stores large files itself
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


def test_a_space_becomes_the_tracked_tree(server: Hub, tree: Path) -> None:
    said: list[str] = []
    url = upload(f"{OWNER}/studio", root=tree, say=said.append)
    assert url == f"{server.address}/spaces/{OWNER}/studio"
    assert server.created[0]["sdk"] == "gradio"
    assert server.created[0]["type"] == "space"
    stored = server.spaces[f"{OWNER}/studio"]
    assert {name for name in stored if name != ".gitattributes"} == set(tracked_files(tree))
    assert all(stored[name] == (tree / name).read_bytes() for name in tracked_files(tree))
    assert "secret.env" not in stored
    assert len(server.large) == 1
    # A second time: what is there only on the Space goes, and nothing large is sent again.
    stored["old.py"] = b"gone from the tree"
    stored["README.md"] = b"changed there"
    upload(f"{OWNER}/studio", root=tree, say=said.append)
    assert "old.py" not in stored
    assert stored["README.md"] == (tree / "README.md").read_bytes()
    assert len(server.commits) == 2
    assert len(server.large) == 1
    assert TOKEN not in " ".join(said)


@pytest.mark.parametrize(
    ("space", "token", "says"),
    [
        ("studio", TOKEN, "owner/name"),
        (f"{OWNER}/bad--name", TOKEN, "cannot be a repository's name"),
        ("somebody/studio", TOKEN, "right to write"),
        (f"{OWNER}/studio", "", "set HF_TOKEN"),
        (f"{OWNER}/studio", "hf_wrong", "HF_TOKEN is not valid"),
    ],
)
def test_refusals_are_one_line_that_says_what_to_do(
    space: str,
    token: str,
    says: str,
    server: Hub,
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setattr("adamml.weights.space_upload.upload.__kwdefaults__", {"models": (), "root": tree, "say": print})
    assert main([space]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.startswith("adamml: ")
    assert said.count("\n") == 1
    assert server.commits == []


def test_thumbnail_and_models_are_named_as_the_space_needs_them(server: Hub, tree: Path) -> None:
    text = "---\ntitle: x\nthumbnail: assets/x.webp\n---\nthumbnail: stays\n"
    assert readme_for("ada/studio", text, models=["ada/one"]) == (
        "---\ntitle: x\nthumbnail: https://huggingface.co/spaces/ada/studio/resolve/main/assets/x.webp\n"
        "models: [ada/one]\n---\nthumbnail: stays\n"
    )
    upload(f"{OWNER}/linked", models=["ada/one"], root=tree, say=lambda _: None)
    assert b"models: [ada/one]\n---" in server.spaces[f"{OWNER}/linked"]["README.md"]
    with pytest.raises(HostingError, match="front matter"):
        readme_for("ada/studio", "# x\n")
    with pytest.raises(HostingError, match="a model as owner/name"):
        upload(f"{OWNER}/linked", models=["one"], root=tree)


def test_no_network_is_said(server: Hub, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nothing listens on the discard port
    with pytest.raises(HostingError, match="cannot be reached"):
        upload(f"{OWNER}/studio", root=tree)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostingError, match="no git checkout"):
        tracked_files(tmp_path)


def test_what_a_space_runs_is_what_the_image_runs() -> None:
    front = (ROOT / "README.md").read_text().split("---")[1]
    app_file = re.search(r"^app_file: (\S+)$", front, re.M)
    assert app_file is not None
    image = (ROOT / "Dockerfile").read_text()
    assert (ROOT / app_file[1]).is_file()
    assert f'CMD ["python", "{app_file[1]}"]' in image
    version = re.search(r'^python_version: "(\S+)"$', front, re.M)
    assert version is not None
    assert f"FROM python:{version[1]}-slim" in image
    assert "USER " in image
    pinned = re.search(r"^sdk_version: (\S+)$", front, re.M)
    assert pinned is not None
    assert f"gradio=={pinned[1]}" in (ROOT / "requirements.txt").read_text()


def test_licences_of_what_is_hosted_are_named() -> None:
    readme = (ROOT / "README.md").read_text()
    assert re.search(r"^license: cc-by-nc-4\.0\b", readme.split("---")[1], re.M)
    said = readme.rpartition("## Licenses")[2]
    assert all(name in said for name in ("Apache-2.0", "CC BY-NC 4.0", "GPL-2"))
