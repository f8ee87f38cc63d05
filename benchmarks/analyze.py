"""Seconds by part of a whole analysis: a generated 10 s clip of 1280 x 720, every policy, after one warm-up.

    python benchmarks/analyze.py [--repeat 3] [--json FILE]

Prints medians, and each policy's total as a ratio to running everything, measured side by side in one run.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import av
import numpy as np

from adamml import Recognizer

POLICIES = ("all", "adamml", "rgb", "audio", "random")
PARTS = ("decode", "decide", "rgb", "audio", "fusion", "total")


def write_clip(path: Path) -> None:
    """10 s of a drifting texture at 1280 x 720 and 30 frames/s, with noise for sound."""
    rng = np.random.default_rng(0)
    texture = np.kron(rng.integers(0, 255, (100, 160, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        video.options = {"preset": "veryfast"}
        audio = out.add_stream("aac", rate=48_000, layout="mono")
        for index in range(300):
            picture = np.ascontiguousarray(texture[index : index + 720, index * 2 : index * 2 + 1280])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            out.mux(video.encode(frame))
        out.mux(video.encode())
        noise = (0.1 * rng.standard_normal((1, 480_000))).astype(np.float32)
        for begin in range(0, noise.shape[1], 1024):
            piece = av.AudioFrame.from_ndarray(np.ascontiguousarray(noise[:, begin : begin + 1024]), "fltp", "mono")
            piece.sample_rate, piece.pts = 48_000, begin
            out.mux(audio.encode(piece))
        out.mux(audio.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--model", default="everyday-av")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    recognizer = Recognizer.load(args.model)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_clip(clip)
        recognizer.analyze(clip, "all", segments=2)  # warm-up
        runs: dict[str, list[dict[str, float]]] = {policy: [] for policy in POLICIES}
        macs = {}
        for _ in range(args.repeat):
            for policy in POLICIES:
                analysis = recognizer.analyze(clip, policy)
                runs[policy].append(analysis.seconds.to_dict())
                macs[policy] = analysis.macs.total
    medians = {p: {part: statistics.median(run[part] for run in runs[p]) for part in PARTS} for p in POLICIES}
    print(f"{'policy':<8}" + "".join(f"{part:>9}" for part in PARTS) + "   seconds / all   MACs / all")
    for policy, row in medians.items():
        ratio, counted = row["total"] / medians["all"]["total"], macs[policy] / macs["all"]
        print(f"{policy:<8}" + "".join(f"{row[part]:9.2f}" for part in PARTS) + f"{ratio:14.2f}{counted:14.2f}")
    if args.json:
        args.json.write_text(json.dumps({"median_seconds": medians, "macs": macs}, indent=2) + "\n")


if __name__ == "__main__":
    main()
