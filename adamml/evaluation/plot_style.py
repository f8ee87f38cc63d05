"""What all figures have in common; a policy's own color and marker stand in its `PolicySpec`."""

import re

from adamml.results.policy_spec import split_name

_NUMBER = re.compile(r"\d*\.?\d+")
INK, MUTED, GRID, BAND = "#22262b", "#667079", "#e3e6e9", "#f6f7f8"


def at_threshold(policy: str) -> tuple[str, float | None]:
    """("adamml", 0.3) for "adamml@0.30"; (name, None) for a name without a threshold."""
    base, number = split_name(policy)
    return (base, float(number)) if "@" in policy and _NUMBER.fullmatch(number) else (policy, None)
