"""What an archive of a million clips like these would take, from data sets that `adamml batch` has measured.

    python benchmarks/archive_sums.py DIR [DIR ...] [--clips 1000000] [--gpu 10]

A DIR per policy. Processor time and storage are measured means over the clips that could be analyzed; the GPU's time is
no measurement, only counted MACs divided by the rate of `--gpu` (10^12 MACs a second, sustained), without decoding.
"""

import argparse
import json
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

PARTS = ("decode", "decide", "rgb", "audio", "fusion")


def sums(folder: Path, clips: int, gpu: float) -> dict[str, str]:
    """One row of the table."""
    table = pq.read_table(folder / "clips")
    settings = json.loads(table.schema.metadata[b"adamml"])
    table = table.filter(pc.equal(table["status"], "ok"))

    def mean(column: str) -> float:
        return pc.mean(table[column]).as_py()

    spent = {part: mean(f"seconds_{part}") for part in PARTS}
    whole, cpu, macs = sum(spent.values()), mean("seconds_cpu"), mean("macs_total")
    stored = sum(column_bytes(path) for name in ("clips", "segments") for path in (folder / name).glob("*.parquet"))
    share = "  ".join(f"{part} {100 * value / whole:.0f} %" for part, value in spent.items() if value / whole > 0.005)
    return {
        "policy": settings["policy"],
        "clips": str(len(table)),
        "s of video": f"{mean('duration'):.1f}",
        "RGB, audio run": f"{100 * mean('selected_rgb'):.0f} %, {100 * mean('selected_audio'):.0f} %",
        "G MACs": f"{macs / 1e9:.1f}",
        "CPU s": f"{cpu:.2f}",
        "where it goes": share,
        "CPU hours": f"{cpu * clips / 3600:,.0f}",
        "GPU hours (estimate)": f"{macs * clips / (gpu * 1e12) / 3600:,.1f}",
        "results, GB": f"{stored / len(table) * clips / 1e9:.1f}",
    }


def column_bytes(path: Path) -> int:
    """What the columns take; a file's footer weighs as much as many clips, and few of them share a small file."""
    groups = (pq.read_metadata(path).row_group(group) for group in range(pq.read_metadata(path).num_row_groups))
    return sum(g.column(column).total_compressed_size for g in groups for column in range(g.num_columns))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--gpu", type=float, default=10.0, help="10^12 MACs a second, sustained (default: 10)")
    args = parser.parse_args()
    rows = [sums(folder, args.clips, args.gpu) for folder in args.folders]
    print("| " + " | ".join(rows[0]) + " |\n|" + " --- |" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(row.values()) + " |")
    print(f"\nHours and GB for {args.clips:,} clips; the GPU at {args.gpu:g} * 10^12 MACs/s, without decoding.")


if __name__ == "__main__":
    main()
