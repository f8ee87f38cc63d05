"""Measure, print, and keep: `python -m benchmarks [PART ...] [--rounds 5] [--json FILE]`.

Parts: networks, whole, backends, decode, length, start. Things that are compared take turns within one run, and every
figure is a median over rounds, of ratios where there are ratios: what else the machine does then meets both
sides alike.
"""

import argparse
import json
import platform
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path

import torch

from adamml.engine.threads import available_cores
from adamml.files import write_whole
from benchmarks import backends, decoding, length, networks, starting, whole
from benchmarks.clock import Row

PARTS: dict[str, Callable[[Path, int], Iterable[Row]]] = {
    "networks": networks.measure,
    "whole": whole.measure,
    "backends": backends.measure,
    "decode": decoding.measure,
    "length": length.measure,
    "start": starting.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each side takes (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no part is called {sorted(unknown)[0]!r}; there are {', '.join(PARTS)}")
    machine = (
        f"{available_cores()} cores, {torch.backends.cpu.get_cpu_capability()}, Python {platform.python_version()}"
    )
    print(f"{date.today()}, {machine}, torch {torch.__version__}\n")
    measured: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for part in args.parts or PARTS:
            print(part, flush=True)
            measured[part] = []
            for row in PARTS[part](Path(folder), args.rounds):
                measured[part].append(row)
                print(f"  {row}", flush=True)
    if args.json:
        rows = {part: [asdict(row) for row in found] for part, found in measured.items()}
        whole_text = json.dumps({"date": str(date.today()), "machine": machine, "measured": rows}, indent=2) + "\n"
        write_whole(args.json, whole_text)


if __name__ == "__main__":
    main()
