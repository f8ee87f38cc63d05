"""Models by name, wherever they are: in the repository, in this user's cache, or to be fetched."""

import logging
from dataclasses import dataclass
from pathlib import Path

from adamml.checkpoint import MODEL_FILE, CheckpointError, ModelCard, find_model, model_roots, read_card

DEFAULT_MODEL = "everyday-av"  # comes with the repository
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class InstalledModel:
    """A model that is here: `name` is what `Recognizer.load` takes, `where` its folder."""

    name: str
    card: ModelCard
    where: Path


def installed_models() -> tuple[InstalledModel, ...]:
    """The models that are here, without reading their weights: the bundled one first, then the repository's, then the
    user's cache. One whose description cannot be read is left out, and the log says why."""
    found: dict[str, InstalledModel] = {}
    for root in model_roots():
        for file in sorted(root.glob(f"[!.]*/{MODEL_FILE}")):
            name = file.parent.name
            try:
                found.setdefault(name, InstalledModel(name=name, card=read_card(file.parent), where=file.parent))
            except CheckpointError as error:
                _log.warning("left out of the models: %s", error)
    return tuple(sorted(found.values(), key=lambda model: model.name != DEFAULT_MODEL))


def card_of(name_or_path: str | Path) -> ModelCard:
    """What a checkpoint says of itself, without reading its weights.

    Raises:
        CheckpointError: when there is no such checkpoint, or its description cannot be read.
    """
    return read_card(find_model(name_or_path))
