"""What the Dockerfile says, for whoever has no Docker: its instructions, and what the container runs."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

DOCKERFILE = Path(__file__).resolve().parent.parent / "Dockerfile"


@dataclass(frozen=True, kw_only=True)
class Container:
    """The image's settings as its last stage leaves them.

    Attributes:
        user: who runs the command.
        environment: as set by ENV; `$NAME` stays as it is written.
        command, health: what is run, and what says whether it is well.
        installs: the arguments of every `pip install`.
        instructions: (name, arguments) of all, in order.
    """

    user: str
    environment: dict[str, str]
    command: list[str]
    health: list[str]
    installs: list[list[str]]
    instructions: list[tuple[str, str]]


def read(path: Path = DOCKERFILE) -> Container:
    """Read the few instructions that ours uses; commands are in the form of a list."""
    text = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    lines = [line.strip() for line in re.sub(r"\\\n", " ", text).splitlines() if line.strip()]
    instructions = [(name.upper(), rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]
    last = dict(instructions)
    words = [word for name, rest in instructions if name == "ENV" for word in shlex.split(rest)]
    runs = [shlex.split(rest) for name, rest in instructions if name == "RUN"]
    return Container(
        user=last.get("USER", "root"),
        environment={key: value for key, _, value in (word.partition("=") for word in words)},
        command=json.loads(last["CMD"]),
        health=json.loads(last["HEALTHCHECK"].partition("CMD ")[2]),
        installs=[words[2:] for words in runs if words[:2] == ["pip", "install"]],
        instructions=instructions,
    )
