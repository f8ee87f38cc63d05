"""Thirty visitors at once on two cores, good and bad clips mixed, through the real server; two processes are killed.

    python -m benchmarks.load [--minutes 10] [--at-once 30] [--json FILE]

A third of the way in, a decoding process is killed; two thirds in, the server, which is started again at once. Every
request has to be answered or politely refused, except those that the killed server had; memory and temporary files
must not grow. Exit status 1 when that is not so. The server runs the miniature model of the tests: what is measured
is the page and the decoding, not the networks.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import psutil

from tests.clips import tone, write_clip
from tests.hostile.bases import NAMES, base
from tests.hostile.corpus import corpus
from tests.hostile.visitor import Visitor, server

GROWTH = 1.25  # the last fifth against the second one
SAMPLE_S = 2.0
REFUSED = "refused by name"


def clips(folder: Path, rng: random.Random) -> list[Path]:
    """Forty good ones and forty from the corpus, hostile names left to the tests."""
    found = []
    for number in range(40):
        path = folder / f"good-{number}-{NAMES[number % len(NAMES)]}"
        path.write_bytes(base(NAMES[number % len(NAMES)]))
        found.append(path)
    found += [write_clip(folder / f"larger-{n}.mp4", seconds=8.0, size=(640, 360), sound=tone(8.0)) for n in range(4)]
    families = ("truncated", "flipped", "lying header", "no media", "playlist", "other codec", "empty")
    hostile = [each for each in corpus(folder / "none", 9) if each.family in families]
    found += [each.write(folder / f"bad-{n}") for n, each in enumerate(rng.sample(hostile, 40))]
    return found


class Run:
    """What happened, from many threads."""

    def __init__(self, at_once: int, paths: list[Path], temp: Path) -> None:
        self.ends: Counter[str] = Counter()
        self.why: Counter[str] = Counter()  # good clips that were refused; that of the killed decoder is one
        self.waits: list[float] = []
        self.samples: list[tuple[float, int, int]] = []  # seconds, bytes of memory, bytes of temporary files
        self.url, self.process = "", psutil.Process()
        self.restarting = threading.Event()
        self.stop = threading.Event()
        self._paths, self._temp = paths, temp
        self._threads = [threading.Thread(target=self._visit, args=(n,), daemon=True) for n in range(at_once)]
        self._threads.append(threading.Thread(target=self._sample, daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> int:
        """How many visitors still hang."""
        self.stop.set()
        for thread in self._threads:
            thread.join(120)
        return sum(thread.is_alive() for thread in self._threads)

    def _visit(self, number: int) -> None:
        rng = random.Random(number)
        while not self.stop.is_set():
            path, began = rng.choice(self._paths), time.monotonic()
            kind = "good" if path.name.startswith(("good", "larger")) else "bad"
            url = self.url
            try:
                said = Visitor(url).analyze(path, policy=rng.choice(("adamml", "all", "audio")), segments=4)
                self.ends[f"{kind}: {_kind(said)}"] += 1
                if kind == "good" and _kind(said) == REFUSED:
                    self.why[said] += 1
            except (httpx.HTTPError, KeyError, ValueError) as error:
                lost = self.restarting.is_set() or url != self.url
                self.ends[
                    "lost with the killed server, or while it started anew" if lost else f"FAILED {error!r}"[:90]
                ] += 1
                time.sleep(0.5)
            self.waits.append(time.monotonic() - began)

    def _sample(self) -> None:
        began = time.monotonic()
        while not self.stop.wait(SAMPLE_S):
            memory = files = 0
            with suppress(psutil.Error):
                for process in (self.process, *self.process.children(recursive=True)):
                    with suppress(psutil.Error):
                        memory += process.memory_info().rss
                for path in self._temp.rglob("*"):
                    with suppress(OSError):
                        files += path.stat().st_size if path.is_file() else 0
                self.samples.append((time.monotonic() - began, memory, files))


def _kind(said: str) -> str:
    if said == "answered":
        return "answered"
    if "busy" in said or "Queue is full" in said:
        return "politely refused: busy"
    return REFUSED if said and "our side" not in said else f"FAILED {said[:90]!r}"


def kill_a_decoder(process: psutil.Process) -> bool:
    """Kill -9 of a process that decodes just now, if one is met within ten seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for nursery in process.children():
            for decoder in nursery.children():
                with suppress(psutil.Error):
                    decoder.kill()
                    return True
        time.sleep(0.01)
    return False


def report(run: Run, hanging: int, killed: bool, left: list[str]) -> dict[str, object]:
    """All figures, and what is wrong."""
    fifth = max(1, len(run.samples) // 5)
    early, late = run.samples[fifth : 2 * fifth], run.samples[-fifth:]
    growth = [statistics.median(s[k] for s in late) / max(1, statistics.median(s[k] for s in early)) for k in (1, 2)]
    faults = [f"{count} x {end}" for end, count in run.ends.items() if "FAILED" in end]
    faults += [f"{hanging} visitors hang"] * bool(hanging) + ["no decoder was met to be killed"] * (not killed)
    faults += [f"left behind: {left}"] * bool(left)
    faults += [f"memory grew by {growth[0]:.2f}"] * (growth[0] > GROWTH)
    return {
        "ends": dict(run.ends.most_common()),
        "good_refused": dict(run.why),
        "requests": len(run.waits),
        "median_seconds": round(statistics.median(run.waits), 2),
        "longest_seconds": round(max(run.waits), 2),
        "memory_mb": [round(statistics.median(s[1] for s in part) / 1e6) for part in (early, late)],
        "temporary_mb": [round(statistics.median(s[2] for s in part) / 1e6, 1) for part in (early, late)],
        "faults": faults,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--at-once", type=int, default=30)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:2]))
    third = args.minutes * 60 / 3
    with tempfile.TemporaryDirectory() as place, ExitStack() as servers:
        folder, temp = Path(place) / "clips", Path(place) / "temp"
        folder.mkdir()
        temp.mkdir()
        run = Run(args.at_once, clips(folder, random.Random(0)), temp)
        run.url, process = servers.enter_context(server(temp))
        run.process = psutil.Process(process.pid)
        run.start()
        time.sleep(third)
        killed = kill_a_decoder(run.process)
        time.sleep(third)
        before = set(temp.glob(".adamml-*"))
        run.restarting.set()
        process.kill()
        process.wait()
        run.url, process = servers.enter_context(server(temp))
        run.process = psutil.Process(process.pid)
        left = sorted(path.name for path in before if path.exists())
        time.sleep(5)
        run.restarting.clear()
        time.sleep(max(0.0, third - 5))
        hanging = run.end()
        servers.close()
        left += sorted(path.name for path in temp.glob(".adamml-*"))
    found = report(run, hanging, killed, left)
    print(json.dumps(found, indent=2))
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
