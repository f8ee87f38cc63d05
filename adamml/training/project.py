"""A project: one's own classes, from class folders of clips to a model, in one folder that can be gone on with.

my-project/project.toml    what was asked for
my-project/manifest.csv    the clips that are used, and which of them are kept apart
my-project/run/            states, logs, results
my-project/model/          the model
my-project/README.md       what the model is, and how well it did
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from adamml.datasets.class_folders import TEST_SHARE
from adamml.files import write_whole
from adamml.training.config import PRESETS, ClipsPreset
from adamml.training.loop import TrainingError
from adamml.training.overrides import overridden
from adamml.weights.model_lookup import DEFAULT_MODEL

FILE = "project.toml"
# For some hundred clips at most, on two cores: as many segments as published for training, which halves the time; steps
# for as little as there is to learn from; and of the other rows only the cascade, which needs no glimpse.
SETTINGS: dict[str, Any] = {
    "segments": 5,
    "policy.epochs": 15,
    "policy.batch": 48,
    "cascade.steps": 400,
    "cascade.batch": 48,
    "rows": ["cascade"],
}
TEXT = ("name", "clips", "start", "preset", "separator")
KINDS: dict[str, tuple[type, ...]] = dict.fromkeys(TEXT, (str,))
KINDS |= {"test_share": (float, int), "seed": (int,), "shared_sources": (bool,), "settings": (dict,)}


@dataclass(frozen=True, kw_only=True)
class Project:
    """What `project.toml` holds.

    Attributes:
        name: of the model.
        clips: folder of class folders, absolute.
        start: model whose backbones are kept.
        preset: one of those that train on clips with cached backbones.
        test_share: share of each class that is kept apart to measure on.
        seed: of that split.
        separator: names of clips that agree before it are of one source and stay on one side; empty for none.
        shared_sources: names of clips of different classes that agree are of one source, too.
        settings: other values for settings of the preset.

    Raises:
        TrainingError: when a value cannot be used.
    """

    name: str
    clips: str
    start: str = DEFAULT_MODEL
    preset: str = "clips-cpu"
    test_share: float = TEST_SHARE
    seed: int = 0
    separator: str = ""
    shared_sources: bool = False
    settings: Mapping[str, Any] = field(default_factory=lambda: dict(SETTINGS))

    def __post_init__(self) -> None:
        if not 0 < self.test_share < 1:
            raise TrainingError(f"the test share must lie between 0 and 1, not {self.test_share}")
        self.chosen_preset()

    def chosen_preset(self) -> ClipsPreset:
        """The preset with this project's settings."""
        preset = PRESETS.get(self.preset)
        if not isinstance(preset, ClipsPreset):
            usable = ", ".join(name for name, known in PRESETS.items() if isinstance(known, ClipsPreset))
            raise TrainingError(f"a project's preset must be one of {usable}, not {self.preset!r}")
        return overridden(preset, self.settings)


def write_project(folder: Path, project: Project) -> None:
    """Write `project.toml`, whole or not at all.

    Raises:
        OSError: when it cannot be written.
    """
    plain = [name for name in (f.name for f in fields(Project)) if name != "settings"]
    lines = [
        "# `adamml new` goes on with this project; settings are those of the preset, see adamml/training/config.py."
    ]
    lines += [f"{name} = {_toml(getattr(project, name))}" for name in plain]
    lines += ["", "[settings]", *(f"{name} = {_toml(value)}" for name, value in project.settings.items()), ""]
    write_whole(folder / FILE, "\n".join(lines))


def _toml(value: Any) -> str:
    # What JSON writes of strings, numbers and lists of these, TOML reads.
    return json.dumps(value, ensure_ascii=False)


def read_project(folder: Path) -> Project:
    """Read `project.toml`.

    Raises:
        TrainingError: when it is not there or not a project; the message says what is wrong.
    """
    path = folder / FILE
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"{str(path)!r} cannot be read as a project: {error}") from error
    for name, value in values.items():
        kinds = KINDS.get(name)
        if kinds is None:
            raise TrainingError(f"{path}: there is no {name!r} in a project; there is {', '.join(KINDS)}")
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise TrainingError(f"{path}: {name} cannot be {value!r}")
    if missing := {"name", "clips"} - values.keys():
        raise TrainingError(f"{path}: {', '.join(sorted(missing))} is missing")
    return Project(**values | {"settings": dict(_flat(values.get("settings", {})))})


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """TOML reads `policy.epochs = 3` as a table in a table; settings are named with dots."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
