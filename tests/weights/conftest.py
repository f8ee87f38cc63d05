"""A small model on disk, shared by the tests of fetching and pushing."""

from pathlib import Path

import pytest

from adamml import ModelCard
from adamml.nn import AdaMML
from adamml.weights.checkpoint import save_model


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory, toy_network: AdaMML, toy_card: ModelCard) -> Path:
    folder = tmp_path_factory.mktemp("hub") / "toy"
    save_model(folder, toy_network, toy_card)
    return folder
