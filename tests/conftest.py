"""Shared by all tests: untrained models, a small one and one of full size, and a plain clip."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from adamml import ModelCard, Recognizer
from adamml.nn import ARCHITECTURES, PUBLISHED, AdaMML, Architecture
from adamml.nn.policy_networks import new_policy_network
from adamml.results.policy_spec import deciding_networks
from adamml.weights.checkpoint import LoadedModel
from tests.clips import tone, write_clip
from tests.small_model import SMALL, untrained_card

CLASSES = ("cat", "dog", "drum", "sea")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What opens a browser says so by its fixtures."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever runs the tests may have fetched models and chosen one; what tests prepare is kept for them alone.

    Nor is the faster backend looked for, every time anew; what does look for it says so.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADAMML_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("ADAMML_MODEL", raising=False)
        patch.setenv("ADAMML_BACKEND", "onnx")
        yield


@pytest.fixture(autouse=True)
def scheduled_as_before() -> Iterator[None]:
    """A test that leaves its process a real-time one starves all that comes after, and its cause is hard to find."""
    before = os.sched_getscheduler(0)
    yield
    assert os.sched_getscheduler(0) == before, "use ordinary_priority of tests.clips around what sets a priority"


@pytest.fixture(scope="session")
def toy_card() -> Iterator[ModelCard]:
    """Of the small model, which can be saved and loaded in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, SMALL.name, SMALL)
        yield untrained_card("toy", CLASSES, SMALL.name)


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a server of a module's own keeps its temporary files."""
    made = tmp_path_factory.mktemp("server") / "temp"
    made.mkdir()
    return made


@pytest.fixture(scope="session")
def published_network() -> AdaMML:
    """The published shape with random weights."""
    return undecided(PUBLISHED)


@pytest.fixture(scope="session")
def toy_network() -> AdaMML:
    """The same parts, small."""
    return undecided(SMALL)


def undecided(kind: Architecture) -> AdaMML:
    """Random weights whose policy is undecided enough to choose differently from segment to segment."""
    torch.manual_seed(3)
    network = AdaMML(len(CLASSES), kind, fusion="renormalised").requires_grad_(False)
    fit_norms(network)
    return network.eval()


def fit_norms(network: AdaMML) -> None:
    """Let every norm fit noise: through fresh ones a signal dies away, and all segments would look alike."""
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    network.train()
    sound, frames = -6 + 5 * torch.randn(2, 256, 256), torch.randn(1, 8, 3, 192, 192)
    with torch.inference_mode():
        for part in (network.recognizers["audio"], network.policy.audio):
            part(sound)
        network.recognizers["rgb"](frames)
        network.policy.rgb(frames[:, ::2])
    for norm in norms:
        norm.momentum = 0.1
        norm.num_batches_tracked.zero_()  # which no checkpoint keeps
    network.recognizers["rgb"].net.fc.weight.mul_(0.01)  # its features come out large; it should not be sure of all


@pytest.fixture(scope="session")
def toy_deciders(toy_network: AdaMML) -> dict[str, nn.Module]:
    """All trained networks that decide, with random weights; "adamml" is the network's own."""
    torch.manual_seed(4)
    return {name: new_policy_network(name, toy_network).eval().requires_grad_(False) for name in deciding_networks()}


@pytest.fixture(scope="session")
def toy(toy_network: AdaMML, toy_card: ModelCard, toy_deciders: dict[str, nn.Module]) -> Recognizer:
    return Recognizer(LoadedModel(card=toy_card, network=toy_network, deciders=toy_deciders), backend="torch")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 s of a moving block and a tone."""
    return write_clip(tmp_path_factory.mktemp("clips") / "plain.mp4", seconds=4.0, sound=tone(4.0))
