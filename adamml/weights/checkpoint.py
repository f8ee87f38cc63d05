"""Weights on disk: a folder of safetensors files and one `model.json` that says what they are.

    everyday-av/
      model.json               name, version, classes, licence, training facts, sha256 of every file
      recognizers.safetensors  both recognizers and the fusion weight: shared by every policy
      adamml.safetensors       AdaMML's policy; every other learned policy has such a file too

Matrices are stored in half precision (or in float32, where a model has to stay exactly what it was), one-dimensional
tensors (batch-norm statistics, biases) in float32; all are float32 once loaded. What is loaded is the very bytes whose
sha256 was checked. Nothing is ever unpickled here, and nothing is fetched: `adamml.weights.model_lookup` does that.
"""

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from adamml.files import cache_folder, write_all
from adamml.nn import ARCHITECTURES, AdaMML
from adamml.nn.confidence import Floats, confidence
from adamml.nn.policy_networks import new_policy_network, own_state
from adamml.results.policy_spec import base_name, spec_of

FORMAT = 1
MODEL_FILE = "model.json"
CARD_FILE = "README.md"  # for people, and for the Hugging Face Hub; a model works without
RECOGNIZERS_FILE = "recognizers.safetensors"
_INSTALLED = Path(__file__).resolve().parents[1] / "checkpoints"  # in a wheel (setup.py)
CHECKPOINTS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).resolve().parents[2] / "checkpoints"
CLASSIFIERS = (  # K values each, where a model has them
    "recognizers.rgb.net.fc.bias",
    "recognizers.audio.net.classifier.1.bias",
    "recognizers.rgb.head.bias",
    "recognizers.audio.head.bias",
)
NAME = re.compile(r"[A-Za-z0-9_][\w.-]*", re.ASCII)  # of models, policies and files: never a path


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged or not what it says it is. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What `model.json` holds.

    Attributes:
        trained: one sentence on what it was trained on.
        untrained: True for random weights, as tests use them; every result then says so.
        architecture: kind of model, one of `adamml.nn.ARCHITECTURES`.
        sounds: names of the sounds that its audio recognizer can tell, where it names any.
        files: file name -> sha256.
        temperatures: policy -> T; its clip scores are softmax(logits / T).
        unknown: policy -> {"score", "threshold"}: less than that of this confidence means "none of my classes".
        least_logit: modality -> the least that its largest logit must come to, in the mean over the segments in which
            it ran; below it, too, no class is named. Probabilities say which class is likeliest, and are high as well
            where all classes are far off; the logit itself says how much of it is there (Hendrycks et al. 2022).
        facts: training facts and measured results, free-form.
    """

    name: str
    version: str
    classes: tuple[str, ...]
    licence: str
    trained: str
    untrained: bool = False
    architecture: str = "published"
    modalities: tuple[str, ...] = ("rgb", "audio")
    sounds: tuple[str, ...] = ()
    policies: tuple[str, ...] = ("adamml",)
    files: Mapping[str, str] = field(default_factory=dict)
    temperatures: Mapping[str, float] = field(default_factory=dict)
    unknown: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    least_logit: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes):
            raise CheckpointError(f"model {self.name!r} needs at least two classes, each named once")
        texts = (self.name, self.version, self.licence, self.trained, *self.classes, *self.sounds, *self.files.values())
        if not all(isinstance(text, str) for text in texts):
            raise CheckpointError(f"the description of model {self.name!r} has a number or a list where a text belongs")
        if self.architecture not in ARCHITECTURES:
            known = ", ".join(ARCHITECTURES)
            raise CheckpointError(
                f"model {self.name!r} is of the unknown kind {self.architecture!r}; this version reads {known}"
            )
        if not all(isinstance(name, str) and NAME.fullmatch(name) for name in (*self.policies, *self.files)):
            raise CheckpointError(f"model {self.name!r} names a policy or a file that cannot be one")

    def can_run(self, policy: str) -> bool:
        """Whether a policy's network, if it takes one, belongs to this model; a number in its name changes nothing."""
        network = spec_of(policy).network
        return not network or network in self.policies

    def temperature(self, policy: str) -> float:
        """T of a policy's clip scores; policies that were not calibrated take AdaMML's, and 1 without any."""
        return self.temperatures.get(base_name(policy), self.temperatures.get("adamml", 1.0))

    def knows(self, policy: str, clip_logits_K: Floats, largest: Mapping[str, float] | None = None) -> bool:
        """Whether a policy's clip logits are sure enough of any class.

        Args:
            largest: modality that ran -> the mean of its largest logits, see `least_logit`.
        """
        if any(value < self.least_logit.get(modality, -math.inf) for modality, value in (largest or {}).items()):
            return False
        rule = self.unknown.get(base_name(policy), self.unknown.get("adamml"))
        if rule is None:
            return True
        return bool(confidence(clip_logits_K, rule["score"], self.temperature(policy)) >= rule["threshold"])


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A checkpoint in memory, in evaluation mode, without gradients."""

    card: ModelCard
    network: AdaMML
    deciders: Mapping[str, nn.Module] = field(default_factory=dict)  # policies beside the network's own, by name
    folder: Path | None = None  # where it was read from


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _to_bytes(state: Mapping[str, Tensor], half: bool) -> bytes:
    kept = {
        name: (value.half() if half and value.ndim > 1 else value.float()).contiguous()
        for name, value in state.items()
        if not name.endswith("num_batches_tracked")
    }
    return save_safetensors(kept, metadata={"format": "pt"})


def _recognizer_state(network: AdaMML) -> dict[str, Tensor]:
    return {name: value for name, value in network.state_dict().items() if not name.startswith("policy.")}


def save_model(
    folder: Path,
    network: AdaMML,
    card: ModelCard,
    deciders: Mapping[str, nn.Module] | None = None,
    *,
    half: bool = True,
) -> ModelCard:
    """Write recognizers, policies and `model.json` (last); returns the card with its policies and checksums.

    Args:
        deciders: networks of further policies by name; "adamml" is always written.
        half: whether matrices are stored in half precision.

    Raises:
        OSError: when the folder cannot be written; a model that was there is then as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    modules = {"adamml": network.policy} | dict(deciders or {})
    contents = {RECOGNIZERS_FILE: _to_bytes(_recognizer_state(network), half)}
    contents |= {f"{name}.safetensors": _to_bytes(own_state(name, module), half) for name, module in modules.items()}
    values = asdict(card) | {
        "policies": tuple(modules),
        "files": {name: _sha256(data) for name, data in contents.items()},
    }
    written = json.dumps({"format": FORMAT} | values, indent=2) + "\n"
    write_all({folder / name: data for name, data in contents.items()} | {folder / MODEL_FILE: written.encode()})
    return ModelCard(**values)


def model_roots() -> tuple[Path, Path]:
    """The two folders that models are looked up in by name: the repository's, then the cache's."""
    return Path(os.environ.get("ADAMML_CHECKPOINTS", CHECKPOINTS)), cache_folder() / "models"


def find_model(name_or_path: str | Path) -> Path:
    """The folder of a checkpoint that is here: a path to one, or a name looked up in `model_roots()`.

    Raises:
        CheckpointError: when there is none.
    """
    direct = Path(name_or_path)
    if (direct / MODEL_FILE).is_file():
        return direct
    roots = model_roots()
    if NAME.fullmatch(str(name_or_path)):
        for root in roots:
            if (root / name_or_path / MODEL_FILE).is_file():
                return root / name_or_path
    names = sorted({path.parent.name for root in roots for path in root.glob(f"[!.]*/{MODEL_FILE}")})
    known = f"models here: {', '.join(names)}" if names else f"there are no models in {roots[0]}"
    raise CheckpointError(f"no model named {str(name_or_path)!r}; {known}")


def read_card(folder: Path) -> ModelCard:
    """`model.json` as a validated card."""
    try:
        values = json.loads((folder / MODEL_FILE).read_text())
        if values.pop("format") != FORMAT:
            raise CheckpointError(f"{folder / MODEL_FILE} has another format than {FORMAT}; update adamml")
        for key in ("classes", "modalities", "policies", "sounds"):
            values[key] = tuple(values.get(key, ()))
        return ModelCard(**values)
    except CheckpointError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{folder / MODEL_FILE} cannot be read as a model description: {error}") from error


def copy_model(source: Path, folder: Path) -> None:
    """The same model in another folder, byte for byte, its card for people included.

    Raises:
        CheckpointError: when the source is damaged.
        OSError: when the folder cannot be written; a model that was there is then as it was.
    """
    card = read_card(source)
    contents = {name: _read_checked(source, name, card) for name in card.files}
    for name in (CARD_FILE, MODEL_FILE):
        if (source / name).is_file():
            contents[name] = (source / name).read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    write_all({folder / name: data for name, data in contents.items()}, inputs=[source / name for name in contents])


def _read_checked(folder: Path, name: str, card: ModelCard) -> bytes:
    expected = card.files.get(name)
    if expected is None:
        raise CheckpointError(f"{folder / MODEL_FILE} names no checksum for {name}")
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise CheckpointError(f"{folder / name} cannot be read: {error.strerror}") from error
    if _sha256(data) != expected:
        raise CheckpointError(f"{folder / name} does not have the sha256 in {MODEL_FILE}: damaged or changed")
    return data


def _read_weights(folder: Path, name: str, card: ModelCard) -> dict[str, Tensor]:
    data = _read_checked(folder, name, card)
    try:
        return {key: value.float() for key, value in load_safetensors(data).items()}
    except SafetensorError as error:
        raise CheckpointError(f"{folder / name} is not a safetensors file: {error}") from error


def fill(module: nn.Module, state: Mapping[str, Tensor], what: str, ignore: tuple[str, ...] = ()) -> None:
    """`load_state_dict` that forgives only missing batch counters and names under `ignore`."""
    try:
        missing, unexpected = module.load_state_dict(dict(state), strict=False)
    except RuntimeError as error:
        raise CheckpointError(f"{what}: {str(error).splitlines()[-1].strip()}") from error
    missing = [name for name in missing if not name.endswith("num_batches_tracked") and not name.startswith(ignore)]
    if missing or unexpected:
        first = (missing or unexpected)[0]
        raise CheckpointError(
            f"{what}: {len(missing)} tensors missing and {len(unexpected)} unknown, the first of them {first!r}"
        )


def load_model(name_or_path: str | Path) -> LoadedModel:
    """Load a checkpoint, checking checksums, names and shapes.

    Raises:
        CheckpointError: for anything that is not exactly what the description promises.
    """
    folder = find_model(name_or_path)
    card = read_card(folder)
    kind = ARCHITECTURES[card.architecture]
    network = AdaMML(len(card.classes), kind, fusion=kind.fusion)
    recognizers = _read_weights(folder, RECOGNIZERS_FILE, card)
    for name, bias in recognizers.items():
        if name in CLASSIFIERS and bias.shape != (len(card.classes),):
            raise CheckpointError(
                f"{folder / MODEL_FILE} names {len(card.classes)} classes, but {name} in {RECOGNIZERS_FILE} "
                f"has the shape {tuple(bias.shape)}"
            )
    fill(network, recognizers, str(folder / RECOGNIZERS_FILE), ("policy.",))
    deciders: dict[str, nn.Module] = {}
    for name in card.policies:
        file = f"{name}.safetensors"
        try:
            deciders[name] = new_policy_network(name, network)
        except ValueError as error:
            raise CheckpointError(f"{folder / MODEL_FILE}: {error}") from error
        ignore = ("rgb.", "audio.") if name.startswith("adamml-") else ()
        fill(deciders[name], _read_weights(folder, file, card), str(folder / file), ignore)
        deciders[name].eval().requires_grad_(False)
    network.share_equal_glimpses()
    return LoadedModel(card=card, network=network.eval().requires_grad_(False), deciders=deciders, folder=folder)
