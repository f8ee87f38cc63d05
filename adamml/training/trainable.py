"""Can a model be trained on these clips at all? Asked before the hours that it takes, and again of what can be used."""

from collections.abc import Collection, Iterable

from adamml.datasets.manifest import Manifest
from adamml.training.loop import TrainingError


def check_trainable(manifest: Manifest, sides: Iterable[str]) -> None:
    """Refuse a list that no model can be trained on.

    Args:
        sides: of the split that are needed.

    Raises:
        TrainingError: for a side without clips, fewer than two classes, or a class without clips to learn from.
    """
    for side in sides:
        if not manifest.side(side):
            raise TrainingError(f"the manifest has no {side} clips, which are needed")
    if len(manifest.classes) < 2:
        raise TrainingError(
            f"the manifest has clips of one class only, {manifest.classes[0]!r}; a model needs two or more"
        )
    learned = {entry.label for entry in manifest.side("train")}
    check_learned(manifest.classes, learned, "the manifest lists only test clips of it")


def check_learned(classes: Iterable[str], learned: Collection[str], why: str) -> None:
    """Refuse to train when a class has nothing to learn from: the model could only ever be wrong about it.

    Raises:
        TrainingError: naming the classes.
    """
    if lacking := [label for label in classes if label not in learned]:
        raise TrainingError(
            f"there is nothing to learn from of {', '.join(map(repr, lacking))}: {why}; add training clips, or leave "
            "the class out of the manifest"
        )
