"""All four stages on a generated set, from end to end in a few minutes: `make train-tiny`.

The classes differ in what they sound like; all clips show the same gray noise, frame by frame, so that there is
nothing in a picture that could be learned by heart. The trained policy should therefore listen and not look, and the
last line says whether it does.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np

from adamml.datasets.class_folders import list_folder
from adamml.datasets.manifest import write_manifest
from adamml.files import whole_file
from adamml.training.cached_feature_recipe import ClipsResult, train_clips
from adamml.training.config import PRESETS, ClipsPreset

RATE, FPS, SIZE = 24_000, 15, 96
TONES_HZ = {"low": 220.0, "middle": 880.0, "high": 3520.0}
SKIPPED_BELOW = 0.2  # a selection rate under this counts as having learned to skip


def write_set(folder: Path, clips: int, seconds: float = 3.0, tones: Mapping[str, float] = TONES_HZ) -> Path:
    """`clips` clips per class (name -> Hz) below `folder`; returns their manifest."""
    for number, (name, hertz) in enumerate(tones.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(clips):
            path = folder / name / f"{name}_{index:02d}.mp4"
            if not path.exists():
                _write_clip(path, hertz, seconds, np.random.default_rng([number, index]))
    manifest = folder / "manifest.csv"
    write_manifest(manifest, list_folder(folder, test_share=0.34).entries)
    return manifest


def _write_clip(path: Path, hertz: float, seconds: float, rng: np.random.Generator) -> None:
    """Grey noise to see, alike in all clips; a slightly detuned tone in faint noise to hear."""
    snow = np.random.default_rng(0)
    with whole_file(path, suffix=".mp4") as made, av.open(str(made), "w") as out:
        picture = out.add_stream("h264", rate=FPS, options={"crf": "30", "preset": "ultrafast"})
        picture.width = picture.height = SIZE
        picture.pix_fmt = "yuv420p"
        sound = out.add_stream("aac", rate=RATE, layout="mono")
        for _ in range(round(seconds * FPS)):
            gray = snow.integers(90, 166, (SIZE // 8, SIZE // 8, 1), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
            out.mux(picture.encode(av.VideoFrame.from_ndarray(gray.repeat(3, 2), format="rgb24")))
        out.mux(picture.encode())
        moments = np.arange(round(seconds * RATE)) / RATE
        heard = 0.3 * np.sin(2 * np.pi * hertz * rng.uniform(0.95, 1.05) * moments)
        heard += 0.01 * rng.standard_normal(moments.size)
        for begin in range(0, moments.size, 1024):
            frame = av.AudioFrame.from_ndarray(heard[None, begin : begin + 1024].astype(np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = RATE, begin
            out.mux(sound.encode(frame))
        out.mux(sound.encode())


def train_tiny(folder: Path, clips: int = 6) -> ClipsResult:
    """Generate and train; resumes what is there."""
    preset = PRESETS["tiny"]
    assert isinstance(preset, ClipsPreset)
    return train_clips(preset, write_set(folder / "clips", clips), folder / "run", "everyday-av")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=6, help="per class")
    args = parser.parse_args()
    row = train_tiny(args.out, args.clips).table.row("adamml")
    assert row is not None
    looked, listened = (row.selection.get(m) or 0.0 for m in ("rgb", "audio"))
    learned = looked < SKIPPED_BELOW < listened
    print(f"accuracy {row.top1.value:.0%}, looked at {looked:.0%} and listened to {listened:.0%} of the segments")
    print("the policy learned to skip the useless picture" if learned else "the policy did NOT learn to skip")
    return 0 if learned else 1


if __name__ == "__main__":
    sys.exit(main())
