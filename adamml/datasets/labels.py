"""Names of classes that are probably meant to be one: they differ by case, blanks, underscores or accents' encoding."""

import unicodedata
from collections.abc import Iterable


def plain(label: str) -> str:
    """A class's name however a folder or list spells it."""
    return " ".join(unicodedata.normalize("NFKC", label).replace("_", " ").split()).casefold()


def alike(labels: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Names that read the same, as sorted groups of two or more."""
    groups: dict[str, set[str]] = {}
    for label in labels:
        groups.setdefault(plain(label), set()).add(label)
    return tuple(tuple(sorted(names)) for _, names in sorted(groups.items()) if len(names) > 1)
