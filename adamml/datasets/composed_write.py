"""A folder of composed clips: `clips/00000.mp4` (H.264 and AAC), `manifest.csv`, and `recipe.json`, which says what
they were made from.

Clip number i depends on (seed, i) alone, whoever makes it and in whatever order. A clip gets its name once it is whole,
so a run that was stopped goes on where it stood; the recipe keeps clips of two kinds from mixing.
"""

import hashlib
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np

from adamml.datasets.composed import ClipPlan, ComposeError, SourceSplit, plan_clip
from adamml.datasets.composed_render import FPS, SIZE, render_frames, render_sound
from adamml.datasets.manifest import ClipEntry, write_manifest
from adamml.datasets.sources import Sources
from adamml.files import check_folder, whole_file, write_whole
from adamml.inputs import PUBLISHED_INPUT

LABEL_STREAM = 1  # the order of labels has a stream of randomness of its own, apart from (seed, index)
SAMPLE_RATE = PUBLISHED_INPUT.sound.sample_rate
SOUND_FRAME = 1024  # samples, as AAC has it
RECIPE, MANIFEST = "recipe.json", "manifest.csv"


@dataclass(frozen=True, kw_only=True)
class Written:
    """What `write_clips` did: clips made now, clips kept from before, seconds that the new ones took, the manifest."""

    made: int
    kept: int
    seconds: float
    manifest: Path


def plan_numbered(seed: int, index: int, shelf: SourceSplit) -> ClipPlan:
    """The plan of clip `index`: labels take turns in a seeded order, so that any number of clips is balanced."""
    turn, place = divmod(index, len(shelf.classes))
    order = np.random.default_rng((seed, turn, 0, 0, LABEL_STREAM)).permutation(len(shelf.classes))
    return plan_clip((seed, index), shelf, shelf.classes[order[place]])


def write_clips(
    out_dir: Path,
    sources: Sources,
    side: str,
    count: int,
    seed: int,
    workers: int = 1,
    *,
    size: tuple[int, int] = SIZE,
    progress: Callable[[str], None] | None = None,
) -> Written:
    """Compose `count` clips of one side and their manifest. Clips that are there already are kept.

    Args:
        out_dir: made where there is none.
        sources: from `read_sources`.
        side: "train" or "test".
        count: how many; asking again for more adds the rest.
        seed: of everything.
        workers: processes.
        size: width and height of the frames, both even.
        progress: called with a line that says how far it is and how long it will take.

    Raises:
        ComposeError: when the folder holds clips of another recipe, or `sources` lacks something.
        OSError: when the folder cannot be written, or a list in it is a photo, a sound or a clip by another name.
    """
    if count < 1 or workers < 1 or seed < 0:
        raise ComposeError("count and workers must be 1 or more, and the seed 0 or more")
    if min(size) < 16 or size[0] % 2 or size[1] % 2:
        raise ComposeError(f"frames must have even sides of at least 16 pixels, not {size[0]} x {size[1]}")
    shelf = SourceSplit.of(sources, side)
    clips = out_dir / "clips"
    made_from = [source.path for source in (*sources.photos, *sources.sounds)]
    check_folder(out_dir, (RECIPE, MANIFEST), inputs=[*made_from, *clips.glob("*.mp4")])
    clips.mkdir(parents=True, exist_ok=True)
    _keep_recipe(out_dir, shelf, seed, size)
    todo = [index for index in range(count) if not _clip_path(clips, index).exists()]
    began = time.monotonic()
    make = partial(_make, seed, shelf, clips, size)
    for done, _ in enumerate(_all_made(make, todo, workers), start=1):
        if progress is not None:
            progress(_line(done, len(todo), count - len(todo), time.monotonic() - began))
    seconds = time.monotonic() - began
    plans = [plan_numbered(seed, index, shelf) for index in range(count)]
    manifest = out_dir / MANIFEST
    write_manifest(
        manifest,
        (
            ClipEntry(
                path=_clip_path(clips, index),
                label=plan.label,
                split=side,
                group=f"{side}-{seed}-{index:05d}",
                cells=plan.cells,
            )
            for index, plan in enumerate(plans)
        ),
    )
    return Written(made=len(todo), kept=count - len(todo), seconds=seconds, manifest=manifest)


def _clip_path(clips: Path, index: int) -> Path:
    return clips / f"{index:05d}.mp4"


def _make(seed: int, shelf: SourceSplit, clips: Path, size: tuple[int, int], index: int) -> None:
    plan = plan_numbered(seed, index, shelf)
    write_clip(_clip_path(clips, index), render_frames(plan, size), render_sound(plan), size)


def _all_made(make: Callable[[int], None], todo: list[int], workers: int) -> Iterator[None]:
    if workers == 1:
        yield from map(make, todo)
        return
    # Spawned, not forked: a forked child could inherit a lock of the parent's threads and wait for ever.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(make, index) for index in todo]
        try:
            for job in as_completed(jobs):
                yield job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _line(done: int, todo: int, kept: int, seconds: float) -> str:
    left = seconds / done * (todo - done)
    clock = f"{int(left) // 3600}:{int(left) // 60 % 60:02d}:{int(left) % 60:02d}"
    return f"{kept + done} of {kept + todo} clips, {seconds / done:.1f} s each, {clock} left"


def _keep_recipe(out_dir: Path, shelf: SourceSplit, seed: int, size: tuple[int, int]) -> None:
    """Note what clips are made from, or refuse to add to clips made from something else."""
    kinds = [*shelf.photos.values(), *shelf.sounds.values(), shelf.backgrounds, shelf.others]
    names = "\n".join("/".join(path.parts[-4:]) for paths in kinds for path in paths)
    recipe = {
        "side": shelf.side,
        "seed": seed,
        "size": list(size),
        "classes": list(shelf.classes),
        "sources": hashlib.sha256(names.encode()).hexdigest(),
    }
    path = out_dir / RECIPE
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    except ValueError as error:
        raise ComposeError(f"{str(path)!r} is damaged; compose into another folder") from error
    if found is None and any((out_dir / "clips").glob("*.mp4")):
        raise ComposeError(f"{str(out_dir)!r} holds clips of unknown making; compose into another folder")
    if found is not None and found != recipe:
        differs = [key for key in recipe if not isinstance(found, dict) or found.get(key) != recipe[key]]
        raise ComposeError(
            f"{str(out_dir)!r} holds clips of another recipe ({', '.join(differs)} differ); compose into another folder"
        )
    write_whole(path, json.dumps(recipe, indent=2) + "\n")


def write_clip(path: Path, frames: Iterator[np.ndarray], sound: np.ndarray, size: tuple[int, int]) -> None:
    """An MP4 of frames (H, W, 3) uint8 and mono samples at 24 kHz, whole or not at all."""
    with whole_file(path, suffix=".mp4") as made, av.open(str(made), "w", format="mp4") as out:
        video = out.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        # One thread: with several, the bytes would depend on the machine.
        video.options = {"crf": "20", "preset": "veryfast", "threads": "1"}
        audio = out.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        audio.bit_rate = 96_000
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, 1 / FPS
            out.mux(video.encode(frame))
        out.mux(video.encode())
        for begin in range(0, sound.size, SOUND_FRAME):
            piece = np.ascontiguousarray(sound[None, begin : begin + SOUND_FRAME])
            heard = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = SAMPLE_RATE, begin, Fraction(1, SAMPLE_RATE)
            out.mux(audio.encode(heard))
        out.mux(audio.encode())
