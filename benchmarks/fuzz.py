"""Sends mutations of small clips the whole way, and counts how they end. A crash or a hang of this process is a fault.

    python -m benchmarks.fuzz [--count 2000] [--seed 0] [--keep FOLDER]

Everything follows from the seed; `--keep` saves the files that ended in anything but a result or a named error.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from adamml import Recognizer
from tests.hostile.bases import NAMES, base
from tests.hostile.mutate import mutated
from tests.hostile.pipeline import through


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One mutation and its end: the kind of error, "analyzed", or what should not have happened."""

    number: int
    name: str
    data: bytes
    kind: str
    seconds: float
    unnamed: bool = False


def trial(recognizer: Recognizer, seed: int, number: int, folder: Path) -> Trial:
    """The number-th mutation of a seed, sent through."""
    rng = random.Random(seed * 1_000_003 + number)
    name, other = NAMES[number % len(NAMES)], rng.choice(NAMES)
    data = mutated(base(name), base(other), rng)
    path = folder / f"{number}-{name}"
    path.write_bytes(data)
    began = time.monotonic()
    try:
        ended = through(recognizer, path)
        kind, unnamed = ended.kind or "analyzed", False
    except Exception as error:
        kind, unnamed = repr(error), True
    path.unlink()
    return Trial(number=number, name=name, data=data, kind=kind, seconds=time.monotonic() - began, unnamed=unnamed)


def main() -> int:
    from tests.toy_app import toy_recognizer

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    recognizer, ends, longest = toy_recognizer(), Counter[str](), 0.0
    faults: list[Trial] = []
    for name in NAMES:
        base(name)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda number: trial(recognizer, args.seed, number, Path(folder)), range(args.count)):
            ends[done.kind if not done.unnamed else "UNNAMED"] += 1
            longest = max(longest, done.seconds)
            if done.unnamed or done.seconds > 30:
                faults.append(done)
                print(f"{done.number} {done.name}: {done.kind} after {done.seconds:.1f} s", flush=True)
    for kind, count in ends.most_common():
        print(f"{count:6d}  {kind}")
    print(f"{args.count} mutations, the longest took {longest:.1f} s, {len(faults)} faults")
    if args.keep and faults:
        args.keep.mkdir(parents=True, exist_ok=True)
        for fault in faults:
            (args.keep / f"{fault.number}-{fault.name}").write_bytes(fault.data)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
