"""Segments of real clips: decoded by the one path that everything else uses, then passed through what stays frozen.

For every clip of a manifest, S segments: the RGB trunk's output, both glimpses and the audio recogniser's features.
A clip that cannot be used is left out and named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from adamml.engine import normalise
from adamml.media import Clip, ClipError, log_spectrogram, settings_for
from adamml.nn import AdaMML
from adamml.nn.policy import small_frames
from adamml.training.data.manifest import ClipEntry
from adamml.training.loop import TrainingError

TENSORS = ("trunk", "glimpse_rgb", "glimpse_audio", "audio", "label", "clip", "present")


@dataclass(frozen=True, kw_only=True)
class FilmedSegments:
    """Segments of clips, one clip after the other; rows of what a clip lacks are zeros.

    Attributes:
        trunk: (N, 1024, 14, 14) half.
        glimpse_rgb, glimpse_audio, audio: (N, 1280).
        label, clip: (N,); present: (clips, 2).
    """

    trunk: Tensor
    glimpse_rgb: Tensor
    glimpse_audio: Tensor
    audio: Tensor
    label: Tensor
    clip: Tensor
    present: Tensor
    left_out: dict[str, str]


@torch.inference_mode()
def film_segments(
    entries: Sequence[ClipEntry], classes: Sequence[str], network: AdaMML, segments: int, say: Callable[[str], None]
) -> FilmedSegments:
    """Decode every clip once and keep what the frozen parts say.

    Raises:
        TrainingError: when no clip at all can be used.
    """
    number = {name: index for index, name in enumerate(classes)}
    kept: dict[str, list[Tensor]] = {name: [] for name in ("trunk", "glimpse_rgb", "glimpse_audio", "audio")}
    labels: list[int] = []
    clips: list[int] = []
    present: list[list[float]] = []
    left_out: dict[str, str] = {}
    for entry in entries:
        try:
            clip = Clip(entry.path, settings_for("local", isolated=False), segments, entry.start, entry.end)
            rows = [_segment(clip, index, network) for index in range(segments)]
        except ClipError as error:
            left_out[str(entry.path)] = str(error)
            continue
        for row, _ in rows:
            for name, value in row.items():
                kept[name].append(value)
        labels += [number[entry.label]] * segments
        clips += [len(present)] * segments
        present.append([float(any(has[m] for _, has in rows)) for m in (0, 1)])
        if len(present) % 10 == 0:
            say(f"decoded {len(present)} of {len(entries)} clips")
    if not present:
        path, why = next(iter(left_out.items()))
        raise TrainingError(f"none of {len(entries)} clips can be used; the first, {path}: {why}")
    return FilmedSegments(
        **{name: torch.stack(values) for name, values in kept.items()},
        label=torch.tensor(labels),
        clip=torch.tensor(clips),
        present=torch.tensor(present),
        left_out=left_out,
    )


def _segment(clip: Clip, index: int, network: AdaMML) -> tuple[dict[str, Tensor], tuple[bool, bool]]:
    """What the frozen parts say of one segment, and which modalities it has."""
    segment = clip.segments[index]
    has = clip.has_picture(segment), clip.has_sound(segment)
    row = {
        "trunk": torch.zeros(1024, 14, 14, dtype=torch.float16),
        "glimpse_rgb": torch.zeros(1280),
        "glimpse_audio": torch.zeros(1280),
        "audio": torch.zeros(1280),
    }
    if has[0]:
        frames = normalise(torch.from_numpy(clip.frames([segment])[index]))[None]
        row["trunk"] = network.recognizers["rgb"].trunk(frames)[0].half()
        row["glimpse_rgb"] = network.policy.rgb(small_frames(frames))[0]
    if has[1]:
        sound = log_spectrogram(clip.window(segment))[None]
        row["audio"] = network.recognizers["audio"].features(sound)[0]
        row["glimpse_audio"] = network.policy.audio(sound)[0]
    return row, has


def save_segments(path: Path, filmed: FilmedSegments) -> None:
    """As .npz, beside the target first."""
    temporary = path.with_suffix(".part.npz")
    left_out = np.array(list(filmed.left_out.items()), str).reshape(-1, 2)
    tensors = {name: getattr(filmed, name).numpy() for name in TENSORS}
    np.savez(temporary, allow_pickle=False, left_out=left_out, **tensors)
    temporary.rename(path)


def load_segments(path: Path) -> FilmedSegments:
    """The way back."""
    with np.load(path) as stored:
        tensors = {name: torch.from_numpy(stored[name]) for name in TENSORS}
        return FilmedSegments(**tensors, left_out=dict(stored["left_out"].tolist()))
