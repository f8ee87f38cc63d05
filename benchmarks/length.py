"""Memory and time by length: one minute against ten, a segment a second, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.clock import Row
from benchmarks.material import write_clip
from benchmarks.memory import Peak

LOOKS = 0.1
SIZE, FPS = (640, 360), 12
RUN = """
import json, sys, time
from adamml import Recognizer
from adamml.policies import get_policy
from benchmarks.material import MODEL, forced
model = Recognizer.load(MODEL)
path, segments, looks = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
model.analyze(path, "all", 2)
began = time.perf_counter()
model.analyze(path, forced(looks, base=get_policy("adamml"), segments=segments), segments)
spent = time.perf_counter() - began
print(json.dumps({"seconds": spent}))
"""


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """Once each, whatever `rounds` says: the long one takes a minute or two."""
    found = {}
    for minutes in (1, 10):
        path = write_clip(folder / f"{minutes}.mp4", seconds=60 * minutes, size=SIZE, fps=FPS)
        command = [sys.executable, "-c", RUN, str(path), str(60 * minutes), str(LOOKS)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        with Peak(process.pid) as memory:
            said, _ = process.communicate()
        if process.returncode:
            raise RuntimeError("the analysis failed")
        found[minutes] = json.loads(said.splitlines()[-1]) | {"megabytes": memory.most}
        each = found[minutes]["seconds"] / (60 * minutes)
        yield Row(what=f"{minutes} min, adamml, RGB 10 % (forced): a segment", value=1000 * each, unit="ms")
        yield Row(what=f"{minutes} min: peak memory", value=found[minutes]["megabytes"], unit="MB")
    more = found[10]["megabytes"] - found[1]["megabytes"]
    yield Row(what="memory that ten minutes take above one", value=more, unit="MB", goal=300, below=True)
    longer = found[10]["seconds"] / found[1]["seconds"] / 10 - 1
    yield Row(what="time per segment above that of one minute", value=longer, goal=0.2, below=True)
