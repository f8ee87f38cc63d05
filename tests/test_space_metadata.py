"""README.md's front matter is what a Space accepts (hub documentation, "Spaces Configuration Reference")."""

import re
import tomllib
from pathlib import Path

import pytest

from adamml.training.model_index import front_matter

ROOT = Path(__file__).parent.parent
KEYS = {
    *("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file", "app_port"),
    *("suggested_hardware", "suggested_storage", "fullWidth", "header", "short_description", "models", "datasets"),
    *("tags", "thumbnail", "pinned", "license", "hf_oauth", "preload_from_hub", "startup_duration_timeout"),
}
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
HARDWARE = {"cpu-basic", "cpu-upgrade"}  # what this page uses; it asks for no GPU
REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@pytest.fixture(scope="module")
def front() -> dict:
    return front_matter((ROOT / "README.md").read_text())


def test_only_known_keys_and_values(front: dict) -> None:
    assert set(front) <= KEYS
    assert front["sdk"] == "gradio"
    assert {front["colorFrom"], front["colorTo"]} <= COLORS
    assert front["suggested_hardware"] in HARDWARE
    assert len(front["short_description"]) <= 60
    assert front["license"] == "cc-by-nc-4.0"  # the strictest of what is hosted


def test_files_exist_and_links_are_repositories(front: dict) -> None:
    assert (ROOT / front["app_file"]).is_file()
    assert (ROOT / front["thumbnail"]).is_file()
    assert all(REPO.fullmatch(name) for key in ("models", "datasets") for name in front.get(key, []))
    assert front["datasets"]
    assert all(isinstance(tag, str) and tag == tag.lower() for tag in front["tags"])


def test_python_is_a_text_and_one_that_the_package_takes(front: dict) -> None:
    assert isinstance(front["python_version"], str), "unquoted, 3.10 would be read as 3.1"
    version = tuple(int(part) for part in front["python_version"].split("."))
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    least = tuple(int(part) for part in required.removeprefix(">=").split("."))
    assert len(version) in (2, 3)
    assert version >= least


def test_where_no_model_of_the_hub_is_named_the_head_says_why() -> None:
    heads = {"README.md": "models", "checkpoints/everyday-av/README.md": "base_model"}
    for name, key in (heads | {"checkpoints/kinetics-400/README.md": "base_model"}).items():
        text = (ROOT / name).read_text()
        assert key in front_matter(text) or f"\n# no {key}: " in text.split("\n---\n")[0], name


def test_the_paper_is_linked_where_people_and_the_hub_look() -> None:
    for name in ("README.md", "checkpoints/everyday-av/README.md", "checkpoints/kinetics-400/README.md"):
        assert "https://arxiv.org/abs/2105.05165" in (ROOT / name).read_text(), name
