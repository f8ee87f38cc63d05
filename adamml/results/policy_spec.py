"""What there is to know of every policy by its name: words, color, whether a network decides, who trains it.

Everything that lists, names or draws policies reads it here. How a policy decides stands in `adamml.policies`, in one
file each. A further policy is registered in both: `register` here, and its decider there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

# The rows of the table that the project is measured by, in its order.
ROWS = ("rgb", "audio", "all", "adamml", "adamml-nocost", "cascade", "liteeval", "random")
_AT = re.compile(r"([^@]+)@(.*)")
_LOOKS = re.compile(r"(even|anytime)-([1-9]\d{0,3})|(anytime)-(\d{1,3}(?:\.\d+)?%)")


@dataclass(frozen=True, kw_only=True)
class PolicySpec:
    """One policy.

    Attributes:
        name: in commands, files and results.
        label: as a heading on the page and in exports.
        title: of its row in a table, Markdown; the label where there is none.
        phrase: inside a sentence, after "than".
        color, marker, symbol: in every figure, for matplotlib and plotly; no meaning hangs on color alone.
        network: name of the trained network that decides, and of its file; empty where none does.
        trainer: "module:function" that makes its training job, see `adamml.training.decider_jobs`.
        number: what a number in its name means, as in adamml@0.30 and even-3.
    """

    name: str
    label: str
    title: str = ""
    phrase: str = ""
    color: str = "#56a3c9"
    marker: str = "<"
    symbol: str = "triangle-left"
    network: str = ""
    trainer: str = ""
    number: Literal["", "threshold", "certainty", "looks"] = ""


_SPECS: dict[str, PolicySpec] = {}


def register(spec: PolicySpec) -> PolicySpec:
    """Make a policy known.

    Raises:
        ValueError: when its name is taken by another.
    """
    if _SPECS.get(spec.name, spec) != spec:
        raise ValueError(f"there is a policy {spec.name!r} already")
    _SPECS[spec.name] = spec
    return spec


def specs() -> Iterator[PolicySpec]:
    """All that are known, in the order of the tables."""
    yield from _SPECS.values()


def deciding_networks() -> tuple[str, ...]:
    """Names of the trained networks that decide; "adamml" is the model's own."""
    return tuple(dict.fromkeys(spec.network for spec in specs() if spec.network))


def split_name(name: str) -> tuple[str, str]:
    """("adamml", "0.30") for "adamml@0.30", ("even", "3") for "even-3", (name, "") for a name without a number."""
    match = _AT.fullmatch(name) or _LOOKS.fullmatch(name)
    base, number = [part for part in match.groups() if part is not None] if match else (name, "")
    return base, number


def base_name(name: str) -> str:
    """The name without its number: what decides does not depend on it."""
    return split_name(name)[0]


def spec_of(name: str) -> PolicySpec:
    """A policy by name, with its number in label and title; of an unknown one what its name says."""
    base, number = split_name(name)
    spec = _SPECS.get(base) or PolicySpec(name=base, label=base.replace("_", " ").replace("-", " ").capitalize())
    if not number:
        return spec
    if "@" not in name:
        share = f"looks at {number}".replace("%", " %")
        said = f"{spec.label}, {share if '%' in number else number + (' look' if number == '1' else ' looks')}"
    elif spec.number == "certainty":
        said = f"{spec.label.removesuffix(', until sure')}, until {float(number):.0%} sure".replace("%", " %")
    else:
        said = f"{spec.label} at {number}"
    return replace(spec, name=name, label=said, title=said)


register(
    PolicySpec(
        name="rgb",
        label="RGB only",
        phrase="only looking (RGB)",
        color="#3b7fc4",
        marker="s",
        symbol="square",
    )
)
register(
    PolicySpec(
        name="audio",
        label="Sound only",
        title="Audio only",
        phrase="only listening",
        color="#d9772b",
        marker="^",
        symbol="triangle-up",
    )
)
register(
    PolicySpec(
        name="all",
        label="Everything",
        title="Weighted fusion (everything)",
        phrase="running everything",
        color="#3a3a3a",
        marker="o",
        symbol="circle",
    )
)
register(PolicySpec(name="even", label="Even", color="#a3522a", marker=">", symbol="triangle-right", number="looks"))
register(
    PolicySpec(
        name="adamml",
        label="AdaMML",
        title="**AdaMML**",
        phrase="letting AdaMML choose",
        color="#0f7a5e",
        marker="D",
        symbol="diamond",
        network="adamml",
        trainer="adamml.training.joint:policy_job",
        number="threshold",
    )
)
register(
    PolicySpec(
        name="anytime",
        label="Anytime",
        title="**AdaMML, anytime**",
        phrase="letting AdaMML look until it is sure",
        network="adamml",
        color="#1f8a8a",
        marker="*",
        symbol="star",
        number="certainty",
    )
)
register(
    PolicySpec(
        name="adamml-nocost",
        label="AdaMML without costs",
        title="AdaMML without the cost loss",
        color="#8a7400",
        marker="h",
        symbol="hexagon",
        network="adamml-nocost",
        trainer="adamml.training.joint:policy_job",
        number="threshold",
    )
)
register(
    PolicySpec(
        name="cascade",
        label="Sound first",
        title="**Audio-first cascade**",
        color="#b8397e",
        marker="v",
        symbol="triangle-down",
        network="cascade",
        trainer="adamml.training.cascade_trainer:cascade_job",
        number="threshold",
    )
)
register(
    PolicySpec(
        name="liteeval",
        label="LiteEval",
        color="#7a55c7",
        marker="P",
        symbol="cross",
        network="liteeval",
        trainer="adamml.training.liteeval_trainer:liteeval_job",
    )
)
register(
    PolicySpec(
        name="confident",
        label="Evenly, until sure",
        color="#5f6b2e",
        marker="p",
        symbol="pentagon",
        number="certainty",
    )
)
register(
    PolicySpec(
        name="random",
        label="Random",
        title="Random at AdaMML's rates",
        color="#8c8c8c",
        marker="X",
        symbol="x",
    )
)
register(PolicySpec(name="by-hand", label="By hand"))
