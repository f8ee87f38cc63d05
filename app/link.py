"""A link that brings an example back as it was shown: its query string, written and read.

    ?clip=pianist_muted&model=kinetics-400&policy=adamml&segments=10&budget=0.2&cells=3120312031&compare=shown,rgb

Without `model`, the one that the clip is an example of answers, where it is served, or else the default. `budget` is
the slider's share of running everything, as on the command line, and `cells` holds one digit per segment where cells
were switched by hand after that (1 picture, 2 sound, 3 both, 0 neither). A policy may have its number: adamml@0.30,
even-3; in anytime-20% it is a budget.
What comes in is a stranger's: names have to exist, numbers are brought into their range, and anything else is refused
with a sentence. Uploaded clips have no link, because they are deleted.
Where a data set is looked through (`adamml archive`), `archived` names one of its clips in place of `clip`; that may be
a part of a file.
"""

import filecmp
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import adamml
from adamml.results.policy_spec import split_name
from app import actions, archived, examples, service
from app.timeline_model import MODALITIES
from app.view_state import BUDGETS, Grid, ViewState, grid_of, has_budget

KEYS = ("clip", "archived", "model", "policy", "segments", "cells", "budget", "compare")
_WORTH = {"rgb": 1, "audio": 2}


class LinkError(ValueError):
    """A link that cannot be followed. `str(error)` is fit to be shown, once escaped."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """Settings of one clip, or a part of it; `cells` were switched within the `budget`, if there is one."""

    clip: Path
    part: service.Part | None = None
    model: str | None = None
    policy: str = "adamml"
    segments: int = 10
    cells: Grid | None = None
    budget: float | None = None
    pair: tuple[str, str] | None = None

    def fits(self, shown: ViewState) -> bool:
        """Whether this result is the one that the link meant. A short clip has fewer segments than were asked for."""
        part = (self.part.start, self.part.end) if self.part else (None, None)
        return (shown.key.path, shown.base.policy, shown.key.segments, (shown.key.start, shown.key.end)) == (
            str(self.clip),
            self.policy,
            self.segments,
            part,
        ) and service.models.name(self.model) == service.models.name(shown.key.model)


def example_of(path: str | None) -> Path | None:
    """The example that a clip is, byte for byte; None for any other."""
    for example in examples.paths().values():
        if path and Path(path).name == example.name and filecmp.cmp(path, example, shallow=False):
            return example
    return None


def write(shown: ViewState, pair: tuple[str, str] | None = None) -> str:
    """The query string for what is shown, with its question mark.

    Raises:
        LinkError: when the clip is no example.
    """
    example = example_of(shown.key.path)
    if shown.part:
        raise LinkError("A link brings back a whole example, and this is a part of one.")
    if example is None:
        raise LinkError("Your own clips are deleted after your visit, so no link can bring one back.")
    values = {"clip": example.stem}
    model = service.models.name(shown.key.model)
    if model != _model(example.stem):
        values["model"] = model
    values |= {"policy": shown.base.policy, "segments": str(len(shown.base.segments))}
    if shown.budget is not None:
        values["budget"] = f"{shown.budget:g}"
    if shown.switched:
        values["cells"] = "".join(str(sum(_WORTH[m] * row[m] for m in MODALITIES)) for row in grid_of(shown.current))
    if pair is not None:
        values["compare"] = ",".join(pair)
    return f"?{urlencode(values, safe=',')}"


def read(query: Mapping[str, str]) -> Link | None:
    """The link in a page's query, or None where there is none.

    Raises:
        LinkError: when something in it does not exist.
    """
    if not any(key in query for key in KEYS):
        return None
    asked = query.get("clip", "")
    clip, part = _archived(query["archived"]) if "archived" in query else (_example(asked), None)
    model = query.get("model", _model(asked))
    if model not in service.models.cards():
        raise LinkError(f"This link names no model of this page. The models are {', '.join(service.names())}.")
    policies = service.policies(model)
    named = query.get("policy", "adamml")
    if not service.runs(named, model):
        raise LinkError(f"This link names an unknown way of choosing. The ways are {', '.join(policies)}.")
    policy, share = _without_budget(adamml.get_policy(named).name)
    segments = round(min(max(_number(query.get("segments", "10"), "segments"), 1), service.max_segments()))
    budget = query.get("budget", share)
    return Link(
        clip=clip,
        part=part,
        model=model,
        policy=policy,
        segments=segments,
        budget=None if budget is None else min(max(round(_number(budget, "budget"), 2), BUDGETS[0]), 1.0),
        cells=_cells(query["cells"], segments) if "cells" in query else None,
        pair=_pair(query["compare"], ("shown", *policies)) if "compare" in query else None,
    )


def apply(shown: ViewState, link: Link) -> ViewState:
    """Switch and budget as the link says."""
    if link.budget is not None and has_budget(shown.base):
        shown = actions.set_budget(shown, link.budget)
    return shown if link.cells is None else actions.switch(shown, link.cells)


def _example(name: str) -> Path:
    here = examples.paths()
    if name in here:
        return here[name]
    if any(offer.name == name for offer in examples.all_offers(service.names())):
        raise LinkError("This link names an example that was not fetched here yet: its button fetches it.")
    raise LinkError(f"This link names no example of this page. The examples are {', '.join(here)}.")


def _archived(name: str) -> tuple[Path, service.Part | None]:
    if (file := archived.file_of(name)) is None:
        raise LinkError("This link names a clip of a data set that this page was not started with.")
    seconds = archived.seconds_of(name)
    return file, None if seconds is None else service.Part(start=seconds[0], end=seconds[1])


def _model(name: str) -> str:
    """The model that judges an example unless a link says otherwise."""
    return served_as(examples.model_of(name)) or service.models.name(None)


def served_as(model: str | None) -> str | None:
    """By which name this page serves a model that calls itself so; None where it does not."""
    return next((key for key, card in service.models.cards().items() if card.name == model), None)


def _without_budget(policy: str) -> tuple[str, str | None]:
    """The policy and the slider's share, where its name has one that the slider can be put to."""
    base, number = split_name(policy)
    stops = {f"{budget:.0%}": f"{budget:.2f}" for budget in BUDGETS}
    return (base, stops[number]) if number in stops else (policy, None)


def _number(text: str, name: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise LinkError(f"In this link, {name} is not a number.")
    return float(text)


def _cells(text: str, segments: int) -> Grid:
    if not re.fullmatch(f"[0-3]{{{segments}}}", text):
        raise LinkError(f"In this link, cells is not {segments} digits from 0 to 3, one for each segment.")
    return tuple({m: bool(int(digit) & _WORTH[m]) for m in MODALITIES} for digit in text)


def _pair(text: str, names: tuple[str, ...]) -> tuple[str, str]:
    left, comma, right = text.partition(",")
    if not comma or left not in names or right not in names[1:]:
        raise LinkError("In this link, compare does not name two ways of choosing.")
    return left, right
