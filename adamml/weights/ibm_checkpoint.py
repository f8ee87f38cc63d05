"""The published weights: what is known of them, and their conversion (Panda et al., ICCV 2021; the RGB + sound model).

Sources: the authors' repository, github.com/IBM/AdaMML (Apache-2.0). Its README points to the release `weights-v0.1`;
`train_adamml_stage.py` writes what a file holds (`state_dict` under DataParallel's prefix `module.`, `temperature`,
`epoch`, `arch`, `stage`, optimizers); `utils/dataset_config.py` has 31 classes, named in
`adamml.weights.kinetics_sounds`. The label files themselves were never published: that labels count in the order of
that list is an assumption. `adamml weights verify` checks it on labeled clips.
"""

import pickle
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from adamml.nn import AdaMML
from adamml.weights.checkpoint import CheckpointError, ModelCard, fill, save_model
from adamml.weights.kinetics_sounds import KINETICS_SOUNDS

MAX_BYTES = 2 << 30  # of a file, and of what a compressed one unpacks to; the published ones take some 0.5 GB
CLASS_ORDER = "alphabetical, assumed: no label file was published; confirm with `adamml weights verify`"


@dataclass(frozen=True, kw_only=True)
class PublishedModel:
    """A model that its authors have released: `repository` and `tag` name the release, `about` is for people."""

    name: str
    repository: str
    tag: str
    classes: tuple[str, ...]
    licence: str
    about: str


PUBLISHED = {
    model.name: model
    for model in (
        PublishedModel(
            name="kinetics-sounds",
            repository="IBM/AdaMML",
            tag="weights-v0.1",
            classes=KINETICS_SOUNDS,
            licence="Apache-2.0 (of the repository that releases them)",
            about="Kinetics-Sounds, 31 classes of Kinetics-400, trained and released by the authors of AdaMML",
        ),
    )
}

# Published name -> ours, applied in order. The published policy backbones keep every convolution, norm and
# activation of a block in one flat list; torchvision nests convolution and norm, hence the number tables.
_FIRST_BLOCK = {"0": "0.0", "1": "0.1", "3": "1", "4": "2"}
_LATER_BLOCK = {"0": "0.0", "1": "0.1", "3": "1.0", "4": "1.1", "6": "2", "7": "3"}
_POLICY_NETS = {"0": "rgb", "1": "audio"}

_FIRST_LAYER = re.compile(r"(?:(main_net|policy_net\.joint_net)\.nets\.\d+\.)?(?:conv1|features\.0\.0)\.weight")
_BY_CHANNELS = {3: "rgb", 1: "sound", 10: "flow", 15: "rgbdiff"}  # train_adamml_stage.py: 2 x 5 and 3 x 5


def our_name(published: str) -> str:
    """Our state-dict name of a published one, with or without the `module.` of DataParallel."""
    name = published.removeprefix("module.")
    if name == "main_net.lf_weights":
        return "rgb_weight"
    if match := re.fullmatch(r"main_net\.nets\.([01])\.(.+)", name):
        return f"recognizers.{_POLICY_NETS[match[1]]}.net.{match[2]}"
    if match := re.fullmatch(r"policy_net\.joint_net\.nets\.([01])\.conv\.(.+)", name):
        return f"policy.{_POLICY_NETS[match[1]]}.features.18.{match[2]}"
    if match := re.fullmatch(r"policy_net\.joint_net\.nets\.([01])\.features\.(\d+)\.conv\.(\d)\.(.+)", name):
        net, block, part, rest = match.groups()
        table = _FIRST_BLOCK if block == "1" else _LATER_BLOCK
        return f"policy.{_POLICY_NETS[net]}.features.{block}.conv.{table.get(part, part)}.{rest}"
    if match := re.fullmatch(r"policy_net\.joint_net\.nets\.([01])\.(features\..+)", name):
        return f"policy.{_POLICY_NETS[match[1]]}.{match[2]}"
    if match := re.fullmatch(r"policy_net\.joint_net\.(joint\..+)", name):
        return f"policy.{match[1]}"
    if match := re.fullmatch(r"policy_net\.fcs\.(.+)", name):
        return f"policy.heads.{match[1]}"
    if match := re.fullmatch(r"policy_net\.(lstm\..+)", name):
        return f"policy.{match[1]}"
    raise CheckpointError(f"{published!r} is no tensor of the published RGB + sound model")


def read_published(path: Path) -> Mapping[str, Any]:
    """A published file, loaded by torch's restricted unpickler: tensors and plain values, no code.

    Raises:
        CheckpointError: when it is missing, damaged, too large, or holds anything else.
    """
    try:
        with path.open("rb") as file:
            if path.stat().st_size > MAX_BYTES or _unpacked(path) > MAX_BYTES:
                raise CheckpointError(f"{path} is larger than {MAX_BYTES >> 30} GiB: no published file is")
            checkpoint = _restricted(file)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    except _NotSafeError as error:
        raise CheckpointError(
            f"{path} is refused: it holds more than tensors and plain values ({error}), and could run code"
        ) from error
    except _NoCheckpointError as error:
        raise CheckpointError(f"{path} is no checkpoint of PyTorch, or only a part of one") from error
    if not isinstance(checkpoint, Mapping):
        raise CheckpointError(f"{path} holds a {type(checkpoint).__name__}, not a checkpoint")
    return checkpoint


class _NotSafeError(Exception):
    pass


class _NoCheckpointError(Exception):
    pass


def _restricted(file: BinaryIO) -> Any:
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if found := re.search(r"(?:GLOBAL|global|class|function) ([\w.]+)", str(error)):
            raise _NotSafeError(found[1]) from error
        raise _NoCheckpointError from error
    except Exception as error:  # hostile bytes: there is no list of what reading them may raise
        raise _NoCheckpointError from error


def _unpacked(path: Path) -> int:
    """Bytes that a file of today's format takes when unpacked; 0 for the older format, which is not compressed."""
    if not zipfile.is_zipfile(path):
        return 0
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def load_published(checkpoint: Mapping[str, Any]) -> AdaMML:
    """The published model from its checkpoint, with the published fusion rule, in evaluation mode.

    Args:
        checkpoint: `{"state_dict": name -> tensor, "temperature": number, ...}`, from `read_published`. The temperature
            belongs to training; inference takes the arg max and does not need it.

    Raises:
        CheckpointError: when names or shapes are not those of the published RGB + sound model, or values not finite.
    """
    state_dict = checkpoint.get("state_dict")
    if not isinstance(state_dict, Mapping) or not state_dict:
        raise CheckpointError("a published checkpoint holds a 'state_dict'; this one does not")
    for name, value in state_dict.items():
        if not (isinstance(name, str) and isinstance(value, Tensor) and value.layout == torch.strided):
            raise CheckpointError(f"the 'state_dict' of a published checkpoint holds named tensors, unlike {name!r}")
    _check_modalities(state_dict)
    state = {our_name(name): value for name, value in state_dict.items()}
    if len(state) < len(state_dict):
        raise CheckpointError("the checkpoint has some tensors twice, with and without the prefix 'module.'")
    try:
        (num_classes,) = state["recognizers.rgb.net.fc.bias"].shape
    except (KeyError, ValueError) as error:
        raise CheckpointError("the checkpoint has no RGB classifier (main_net.nets.0.fc.bias)") from error
    model = AdaMML(max(1, num_classes), fusion="published")
    fill(model, state, "published checkpoint")
    broken = [name for name, value in model.state_dict().items() if not value.isfinite().all()]
    if broken:
        raise CheckpointError(f"{len(broken)} tensors hold values that are not finite, the first of them {broken[0]!r}")
    return model.eval()


def _check_modalities(state_dict: Mapping[str, Tensor]) -> None:
    """Say by name which of the published models this is, unless it is the RGB + sound one."""
    parts: dict[str, list[str]] = {}
    for name, value in state_dict.items():
        if (match := _FIRST_LAYER.fullmatch(name.removeprefix("module."))) and value.ndim == 4:
            parts.setdefault(match[1] or "", []).append(_BY_CHANNELS.get(value.shape[1], "unknown"))
    if alone := parts.get(""):
        raise CheckpointError(
            f"this is a published recognizer of {alone[0]} alone; what is needed is the AdaMML model for RGB + sound, "
            "which holds both recognizers and the policy"
        )
    run, decide = parts.get("main_net", []), parts.get("policy_net.joint_net", [])
    if run and decide and (run, decide) != (["rgb", "sound"],) * 2:
        raise CheckpointError(
            f"this is the published model for {' + '.join(run)}, with a policy that looks at {' + '.join(decide)}; "
            "only the one for rgb + sound can be used here (optical flow is not computed)"
        )


def convert(
    path: Path, folder: Path, *, name: str, classes: tuple[str, ...], licence: str, trained: str, source: dict[str, Any]
) -> ModelCard:
    """Write a published file as a checkpoint of ours, in float32: what was published stays exactly that.

    Args:
        source: where the file came from; kept in the card's facts beside what the file says of itself.

    Raises:
        CheckpointError: when the file is not a whole, safe checkpoint of the RGB + sound model with these classes.
        OSError: when the folder cannot be written.
    """
    checkpoint = read_published(path)
    network = load_published(checkpoint)
    if network.num_classes != len(classes):
        raise CheckpointError(f"{path.name} has {network.num_classes} classes, and {len(classes)} names are given")
    card = ModelCard(
        name=name,
        version=str(source.get("tag", "imported")),
        classes=classes,
        licence=licence,
        trained=trained,
        facts={"source": source, "class_order": CLASS_ORDER, "published": _plain(checkpoint)},
    )
    return save_model(folder, network, card, half=False)


def _plain(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """What a published file says of its training, as numbers and texts; the temperature is Gumbel-Softmax's."""
    said: dict[str, Any] = {}
    for key in ("arch", "stage", "epoch", "temperature", "best_top1"):
        value = checkpoint.get(key)
        if isinstance(value, Tensor) and value.numel() == 1:
            value = round(float(value), 4)
        if isinstance(value, str | int | float):
            said[key] = value[:200] if isinstance(value, str) else value
    return said
