"""The clips to try with each model: which they are, and where.

`assets/examples/examples.json` names them by model. A name is that of a clip beside it, or of one that the product can
fetch (`adamml.list_examples`); a model that it does not name is offered every clip that comes along.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import adamml

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
TABLE = EXAMPLES / "examples.json"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One clip to try.

    Attributes:
        name: as in links.
        source: what is known of a clip that does not come along; None for one that does.
    """

    name: str
    source: adamml.Example | None = None

    @property
    def path(self) -> Path | None:
        """Where it is; None while it has to be fetched. Uses no network."""
        return EXAMPLES / f"{self.name}.mp4" if self.source is None else _fetched(self.name)

    @property
    def title(self) -> str:
        """A name for people."""
        return self.name.replace("_", " ").capitalize() if self.source is None else self.source.title

    @property
    def button(self) -> str:
        """What its button says, which is before anything is fetched what would be, and from where."""
        if self.source is None or self.path is not None:
            return self.title
        return f"{self.title}: fetch {self.source.origin}"


def offers(model: str | None) -> tuple[Offer, ...]:
    """The clips to try with a model, by the name on its card."""
    named = _table().get(model or "")
    known = {example.name: example for example in adamml.list_examples()}
    if named is None:
        return tuple(Offer(name=path.stem) for path in sorted(EXAMPLES.glob("*.mp4")))
    there = (Offer(name=name, source=known.get(name)) for name in named)
    return tuple(offer for offer in there if offer.source is not None or offer.path.is_file())  # type: ignore[union-attr]


def all_offers(models: Iterable[str]) -> tuple[Offer, ...]:
    """Every clip that any of these models is offered, each once."""
    return tuple({offer.name: offer for model in models for offer in offers(model)}.values())


def model_of(name: str) -> str | None:
    """The model that a clip is offered with first."""
    return next((model for model, names in _table().items() if name in names), None)


def paths() -> dict[str, Path]:
    """Name -> file of every clip that is here: those that come along, and those that were fetched."""
    here = {path.stem: path for path in sorted(EXAMPLES.glob("*.mp4"))}
    fetched = {example.name: _fetched(example.name) for example in adamml.list_examples()}
    return here | {name: path for name, path in fetched.items() if path is not None}


def folders() -> list[str]:
    """Where they lie, which the server has to be allowed to read from."""
    try:
        return [str(EXAMPLES), str(adamml.example_folder())]
    except adamml.ExampleError:  # no home to fetch into
        return [str(EXAMPLES)]


def _fetched(name: str) -> Path | None:
    try:
        return adamml.local_example(name)
    except adamml.ExampleError:
        return None


@cache
def _table() -> dict[str, list[str]]:
    read: dict[str, list[str]] = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.is_file() else {}
    return read
