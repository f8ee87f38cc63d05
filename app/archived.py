"""The data set that the page was started with, if it was: its clips, and which of them can be opened here.

Set once, by `adamml archive`, before the page is served. A page that was started in any other way has none, and no
request can give it one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

PAGE = 50  # clips on one page
Order = Literal["doubtful", "dear", "name"]
Used = Literal["", "both", "picture", "sound", "neither"]


class Answer(Protocol):
    """What is shown of a clip (`adamml.batch.results.ClipAnswer`, which needs a package that the page does not)."""

    @property
    def clip(self) -> str: ...
    @property
    def start(self) -> float | None: ...
    @property
    def end(self) -> float | None: ...
    @property
    def duration(self) -> float: ...
    @property
    def label(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def known(self) -> bool: ...
    @property
    def looked(self) -> float: ...
    @property
    def listened(self) -> float: ...
    @property
    def macs(self) -> int: ...
    @property
    def macs_if_all(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Archived:
    """A data set and its files.

    Attributes:
        name: of the data set, for its heading.
        model, policy, segments: that it was made with.
        answers: in the order of their names.
        failures: clip -> what is wrong with it.
        files: clip -> file, of those that are here.
    """

    name: str
    model: str
    policy: str
    segments: int
    answers: Sequence[Answer]
    failures: Mapping[str, str]
    files: Mapping[str, Path]


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What is asked for; shares are per cent."""

    label: str = ""
    surest: float = 100.0
    used: Used = ""
    cheapest: float = 0.0
    order: Order = "doubtful"


_IS_USED: Mapping[Used, Callable[[Answer], bool]] = {
    "": lambda a: True,
    "both": lambda a: a.looked > 0 and a.listened > 0,
    "picture": lambda a: a.looked > 0 and not a.listened,
    "sound": lambda a: a.listened > 0 and not a.looked,
    "neither": lambda a: not a.looked and not a.listened,
}
_KEYS: Mapping[Order, Callable[[Answer], tuple[object, ...]]] = {
    # Of those that are none of the model's classes nobody knows what they are.
    "doubtful": lambda a: (a.known, a.score, a.clip),
    "dear": lambda a: (-a.macs, a.clip),
    "name": lambda a: (a.clip,),
}

_archived: Archived | None = None


def use(archived: Archived) -> None:
    """Before the page is served."""
    global _archived
    _archived = archived


def file_of(clip: str) -> Path | None:
    """The file of a clip of the data set; None for any other name."""
    return _archived.files.get(clip) if _archived else None


def seconds_of(clip: str) -> tuple[float, float] | None:
    """The seconds of the file that a clip of the data set is; None where that is all of it."""
    answers = _archived.answers if _archived else ()
    answer = next((each for each in answers if each.clip == clip), None)
    if answer is None or (answer.start is None and answer.end is None):
        return None
    start = answer.start or 0.0
    return start, start + answer.duration if answer.end is None else answer.end


def files() -> list[str]:
    """All that the server may hand out on its account."""
    return [str(path) for path in _archived.files.values()] if _archived else []


def selected(archived: Archived, asked: Filter) -> list[Answer]:
    """The clips that are asked for, in the order that is asked for."""
    found = [
        answer
        for answer in archived.answers
        if (not asked.label or answer.label == asked.label)
        and 100 * answer.score <= asked.surest
        and 100 * share(answer) >= asked.cheapest
        and _IS_USED[asked.used](answer)
    ]
    return sorted(found, key=_KEYS[asked.order])


def share(answer: Answer) -> float:
    """What a clip took of running everything."""
    return answer.macs / answer.macs_if_all
