"""How a policy looks in every figure: one colour and one marker each, so that no meaning hangs on colour alone.

Blue is picture and orange is sound, as on the page. A policy at a threshold ("adamml@0.30") looks like its base.
"""

import re

LOOKS = {
    "adamml": ("#0f7a5e", "D", "diamond"),
    "rgb": ("#3b7fc4", "s", "square"),
    "audio": ("#d9772b", "^", "triangle-up"),
    "all": ("#3a3a3a", "o", "circle"),
    "random": ("#8c8c8c", "X", "x"),
    "cascade": ("#b8397e", "v", "triangle-down"),
    "liteeval": ("#7a55c7", "P", "cross"),
    "adamml-nocost": ("#8a7400", "h", "hexagon"),
}
_SPARE = (("#56a3c9", "<", "triangle-left"), ("#a3522a", ">", "triangle-right"), ("#5f6b2e", "p", "pentagon"))
INK, MUTED, GRID, BAND = "#22262b", "#667079", "#e3e6e9", "#f6f7f8"
_AT = re.compile(r"(.+)@(\d*\.?\d+)")


def at_threshold(policy: str) -> tuple[str, float | None]:
    """("adamml", 0.3) for "adamml@0.30"; (name, None) for any other name."""
    match = _AT.fullmatch(policy)
    return (match[1], float(match[2])) if match else (policy, None)


def look(policy: str) -> tuple[str, str, str]:
    """Colour, matplotlib's marker and plotly's; the same name always looks the same."""
    base = at_threshold(policy)[0]
    return LOOKS.get(base) or _SPARE[sum(base.encode()) % len(_SPARE)]
