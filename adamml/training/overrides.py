"""Changing single settings of a preset: `--set stage1.epochs=1` on the command line, `[settings]` in a project."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from adamml.training.loop import TrainingError

Config = TypeVar("Config")


def parse_setting(text: str) -> tuple[str, Any]:
    """ "stage1.epochs=1" as name and value; values are written as in TOML.

    Raises:
        TrainingError: when it is no such thing.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise TrainingError(f"a setting is written as stage1.epochs=1, not {text!r}")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        raise TrainingError(f"{value!r} is no number, text in quotes, or list of those, in {text!r}") from None


def overridden(config: Config, settings: Mapping[str, Any]) -> Config:
    """The configuration with other values: dotted name -> value.

    Raises:
        TrainingError: for a name that it does not have, or a value of another kind than the one there.
    """
    for name, value in settings.items():
        config = _with(config, name.split("."), value, name)
    return config


def _with(config: Config, path: list[str], value: Any, name: str) -> Config:
    known = {field.name for field in fields(config)} if is_dataclass(config) else set()
    if path[0] not in known:
        listed = ", ".join(sorted(known)) or "nothing"
        raise TrainingError(f"there is no setting {name!r}; instead of {path[0]!r} there is {listed}")
    old = getattr(config, path[0])
    new = _with(old, path[1:], value, name) if len(path) > 1 else _fitting(value, old, name)
    return replace(config, **{path[0]: new})  # type: ignore[type-var]


def _fitting(value: Any, old: Any, name: str) -> Any:
    """The value as the kind of thing that stands there; where nothing stands, anything may."""
    if isinstance(value, list):
        value = tuple(value)
    if isinstance(old, float) and type(value) is int:
        value = float(value)
    if old is not None and type(value) is not type(old):
        raise TrainingError(f"{name} is {old!r}; {value!r} is of another kind")
    return value
