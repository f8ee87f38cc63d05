"""Segments of real clips: decoded by the one path that everything else uses, then passed through what stays frozen.

For every clip of a manifest, S segments: the RGB trunk's output or its pooled features, both glimpses, and the audio
recogniser's features. Each clip is kept in a file of its own, named after the clip's file and span, the model and the
number of segments: a run that was stopped decodes no clip twice, and a clip that was changed is decoded anew. A clip
that cannot be used is left out and named.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from adamml.engine import normalise
from adamml.files import whole_file
from adamml.media import Clip, ClipError, log_spectrogram, settings_for
from adamml.nn import AdaMML
from adamml.nn.policy import small_frames
from adamml.training.data.manifest import ClipEntry
from adamml.training.loop import TrainingError, clock
from adamml.training.stage_rgb import Tail

SAY_EVERY = 5  # clips


@dataclass(frozen=True, kw_only=True)
class FilmedSegments:
    """Segments of clips, one clip after the other; rows of what a clip lacks are zeros.

    Attributes:
        trunk: (N, 1024, 14, 14) half; None where it was not kept, being needed only to train the last RGB stage.
        seen: (N, 2048), what the last RGB stage made of it.
        glimpse_rgb, glimpse_audio, audio: (N, 1280).
        label, clip: (N,); present: (clips, 2).
        left_out: path -> why.
    """

    trunk: Tensor | None
    seen: Tensor
    glimpse_rgb: Tensor
    glimpse_audio: Tensor
    audio: Tensor
    label: Tensor
    clip: Tensor
    present: Tensor
    left_out: dict[str, str]


def film_segments(
    entries: Sequence[ClipEntry],
    classes: Sequence[str],
    network: AdaMML,
    segments: int,
    folder: Path,
    *,
    model: str,
    keep_trunk: bool,
    say: Callable[[str], None],
) -> FilmedSegments:
    """Decode every clip once and keep what the frozen parts say.

    Args:
        folder: where clips are kept, and found again.
        model: tells the network's frozen weights from others.
        keep_trunk: 400 kB per segment, for training the last RGB stage.

    Raises:
        TrainingError: when no clip at all can be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = {name: index for index, name in enumerate(classes)}
    kept: list[dict[str, Tensor]] = []
    labels: list[int] = []
    left_out: dict[str, str] = {}
    began, made = time.monotonic(), 0
    for done, entry in enumerate(entries, start=1):
        try:
            path = folder / f"{_key(entry, segments, model, keep_trunk)}.npz"
            if not path.exists():
                _keep(path, _film(entry, segments, network, keep_trunk))
                made += 1
            with np.load(path) as stored:
                kept.append({name: torch.from_numpy(stored[name]) for name in stored.files})
        except (ClipError, OSError) as error:
            left_out[str(entry.path)] = str(error)
            continue
        labels.append(number[entry.label])
        if made and (made % SAY_EVERY == 0 or done == len(entries)):
            left = (time.monotonic() - began) / made * (len(entries) - done)
            say(f"looked and listened: {done} of {len(entries)} clips  {clock(left)} left")
    if not kept:
        path_of_first, why = next(iter(left_out.items()))
        raise TrainingError(f"none of {len(entries)} clips can be used; the first, {path_of_first}: {why}")
    together = {name: torch.cat([rows[name] for rows in kept]) for name in kept[0] if name != "present"}
    return FilmedSegments(
        **{"trunk": None} | together,
        label=torch.tensor(labels).repeat_interleave(segments),
        clip=torch.arange(len(kept)).repeat_interleave(segments),
        present=torch.stack([rows["present"] for rows in kept]),
        left_out=left_out,
    )


def _key(entry: ClipEntry, segments: int, model: str, keep_trunk: bool) -> str:
    state = entry.path.stat()
    what = (str(entry.path), state.st_size, state.st_mtime_ns, entry.start, entry.end, segments, model, keep_trunk)
    return hashlib.sha256(repr(what).encode()).hexdigest()[:24]


@torch.inference_mode()
def _film(entry: ClipEntry, segments: int, network: AdaMML, keep_trunk: bool) -> dict[str, Tensor]:
    """What the frozen parts say of one clip: rows of segments, and `present` (2,)."""
    clip = Clip(entry.path, settings_for("local", isolated=False), segments, entry.start, entry.end)
    tail = Tail(network.recognizers["rgb"].net).eval()
    rows = [_segment(clip, index, network, tail) for index in range(segments)]
    names = [name for name in rows[0][0] if keep_trunk or name != "trunk"]
    found = {name: torch.stack([row[name] for row, _ in rows]) for name in names}
    return found | {"present": torch.tensor([float(any(has[m] for _, has in rows)) for m in (0, 1)])}


def _segment(clip: Clip, index: int, network: AdaMML, tail: Tail) -> tuple[dict[str, Tensor], tuple[bool, bool]]:
    """What the frozen parts say of one segment, and which modalities it has."""
    segment = clip.segments[index]
    has = clip.has_picture(segment), clip.has_sound(segment)
    row = {
        "trunk": torch.zeros(1024, 14, 14, dtype=torch.float16),
        "seen": torch.zeros(2048),
        "glimpse_rgb": torch.zeros(1280),
        "glimpse_audio": torch.zeros(1280),
        "audio": torch.zeros(1280),
    }
    if has[0]:
        frames = normalise(torch.from_numpy(clip.frames([segment])[index]))[None]
        trunk = network.recognizers["rgb"].trunk(frames)
        row |= {"trunk": trunk[0].half(), "seen": tail.features(trunk)[0]}
        row["glimpse_rgb"] = network.policy.rgb(small_frames(frames))[0]
    if has[1]:
        sound = log_spectrogram(clip.window(segment))[None]
        row["audio"] = network.recognizers["audio"].features(sound)[0]
        row["glimpse_audio"] = network.policy.audio(sound)[0]
    return row, has


def _keep(path: Path, found: dict[str, Tensor]) -> None:
    with whole_file(path, suffix=".npz") as made:
        np.savez(made, allow_pickle=False, **{name: value.numpy() for name, value in found.items()})
