"""Memory and time by length: one minute against ten, a segment a second, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.clock import Row
from benchmarks.material import write_clip

LOOKS = 0.1
SIZE, FPS = (640, 360), 12
# Peak memory is that of the process and of the largest one that it started.
RUN = """
import json, resource, sys, time
from adamml import Recognizer
from adamml.policies import get_policy
from benchmarks.material import MODEL, forced
model = Recognizer.load(MODEL)
path, segments, looks = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
model.analyze(path, "all", 2)
began = time.perf_counter()
model.analyze(path, forced(looks, base=get_policy("adamml"), segments=segments), segments)
spent = time.perf_counter() - began
peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"seconds": spent, "megabytes": peak / 1024}))
"""


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """Once each, whatever `rounds` says: the long one takes a minute or two."""
    found = {}
    for minutes in (1, 10):
        path = write_clip(folder / f"{minutes}.mp4", seconds=60 * minutes, size=SIZE, fps=FPS)
        command = [sys.executable, "-c", RUN, str(path), str(60 * minutes), str(LOOKS)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found[minutes] = json.loads(said.splitlines()[-1])
        each = found[minutes]["seconds"] / (60 * minutes)
        yield Row(what=f"{minutes} min, adamml, RGB 10 % (forced): a segment", value=1000 * each, unit="ms")
        yield Row(what=f"{minutes} min: peak memory", value=found[minutes]["megabytes"], unit="MB")
    more = found[10]["megabytes"] - found[1]["megabytes"]
    yield Row(what="memory that ten minutes take above one", value=more, unit="MB", goal=300, below=True)
    longer = found[10]["seconds"] / found[1]["seconds"] / 10 - 1
    yield Row(what="time per segment above that of one minute", value=longer, goal=0.2, below=True)
