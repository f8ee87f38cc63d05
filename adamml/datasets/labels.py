"""Names of classes that are probably meant to be one.

They differ by case, blanks, underscores, hyphens, signs that nobody sees (a zero-width space, a byte order mark) or
accents' encoding.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_APART = re.compile(r"[_\-\u2010-\u2015]")  # an underscore, a hyphen, a dash


def plain(label: str) -> str:
    """A class's name however a folder or list spells it."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", label) if unicodedata.category(sign) != "Cf")
    return " ".join(_APART.sub(" ", seen).split()).casefold()


def alike(labels: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Names that read the same, as sorted groups of two or more."""
    groups: dict[str, set[str]] = {}
    for label in labels:
        groups.setdefault(plain(label), set()).add(label)
    return tuple(tuple(sorted(names)) for _, names in sorted(groups.items()) if len(names) > 1)


def spelled(names: Iterable[str]) -> str:
    """Names for people, in quotes; those that look alike letter for letter are told apart by the signs' numbers."""
    shown = list(names)
    looks = Counter(unicodedata.normalize("NFC", name) for name in shown)
    return ", ".join(ascii(n) if looks[unicodedata.normalize("NFC", n)] > 1 else repr(n) for n in shown)
