"""What the frozen networks say of real clips: decoded and run by the one path that analysis uses, then kept on disk.

For every clip of a manifest, S segments: both recognizers' features and what the policy is given. Each clip is kept in
a file of its own, named after the clip's file and span, the model and the number of segments: a run that was stopped
decodes no clip twice, and a clip that was changed is decoded anew. A clip that cannot be used is left out and named.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from adamml.datasets.manifest import ClipEntry
from adamml.engine import Engine, new_engine, normalize
from adamml.files import whole_file
from adamml.inference.feature_cache import FeatureCache
from adamml.inference.feature_view import FeatureView
from adamml.media import Clip, ClipError, settings_for
from adamml.nn import MODALITIES, AdaMML
from adamml.nn.recognizers import RGBRecognizer
from adamml.training.loop import TrainingError, clock

SAY_EVERY = 5  # clips


@dataclass(frozen=True, kw_only=True)
class CachedFeatures:
    """Segments of clips, one clip after the other; rows of what a clip lacks are zeros.

    Attributes:
        rgb, audio: (N, D) of the recognizers.
        glimpse_rgb, glimpse_audio: (N, D) that the policy is given.
        label, clip: (N,); present: (clips, 2).
        left_out: path -> why.
        trunk: (N, 1024, 14, 14) half; None where it was not kept. It is needed to train the last stage of a ResNet.
    """

    rgb: Tensor
    audio: Tensor
    glimpse_rgb: Tensor
    glimpse_audio: Tensor
    label: Tensor
    clip: Tensor
    present: Tensor
    left_out: dict[str, str]
    trunk: Tensor | None = None


def cache_features(
    entries: Sequence[ClipEntry],
    classes: Sequence[str],
    network: AdaMML,
    segments: int,
    folder: Path,
    *,
    model: str,
    keep_trunk: bool = False,
    say: Callable[[str], None] = print,
) -> CachedFeatures:
    """Run every clip through the networks once and keep what they say.

    Args:
        folder: where clips are kept, and found again.
        model: tells the network's frozen weights from others.
        keep_trunk: 400 kB per segment, for training the last stage of a ResNet.

    Raises:
        TrainingError: when no clip at all can be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = {name: index for index, name in enumerate(classes)}
    kept: list[dict[str, Tensor]] = []
    labels: list[int] = []
    left_out: dict[str, str] = {}
    engine: Engine | None = None
    began, made = time.monotonic(), 0
    for done, entry in enumerate(entries, start=1):
        try:
            path = folder / f"{_key(entry, segments, model, keep_trunk)}.npz"
            if not path.exists():
                engine = engine or new_engine(network)
                _keep(path, _computed(entry, segments, engine, keep_trunk))
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
    return CachedFeatures(
        **together,
        label=torch.tensor(labels).repeat_interleave(segments),
        clip=torch.arange(len(kept)).repeat_interleave(segments),
        present=torch.stack([rows["present"] for rows in kept]),
        left_out=left_out,
    )


def _key(entry: ClipEntry, segments: int, model: str, keep_trunk: bool) -> str:
    state = entry.path.stat()
    what = (str(entry.path), state.st_size, state.st_mtime_ns, entry.start, entry.end, segments, model, keep_trunk)
    return hashlib.sha256(repr(what).encode()).hexdigest()[:24]


def _computed(entry: ClipEntry, segments: int, engine: Engine, keep_trunk: bool) -> dict[str, Tensor]:
    """What the networks say of one clip: rows of segments, and `present` (2,)."""
    kind = engine.network.kind
    settings = settings_for("local", isolated=False)
    with closing(Clip(entry.path, settings, segments, entry.start, entry.end, kind.input)) as clip:
        memory = FeatureCache(clip, engine)
        evidence, every = FeatureView(memory), range(segments)
        found: dict[str, Tensor] = {}
        present = torch.zeros(len(MODALITIES))
        for place, spec in enumerate(kind.modalities):
            here = [s for s in every if evidence.available(s, spec.name)]
            present[place] = float(bool(here))
            features, glimpse = torch.zeros(segments, spec.feature_dim), torch.zeros(segments, spec.glimpse_dim)
            for s, row in zip(here, evidence.glimpses_of(here, spec.name), strict=True):
                glimpse[s] = row
            for s, row in zip(here, evidence.features_of(here, spec.name), strict=True):
                features[s] = row
            found |= {spec.name: features, f"glimpse_{spec.name}": glimpse}
        if keep_trunk:
            found["trunk"] = _trunk(engine.network, evidence, segments)
    return found | {"present": present}


@torch.inference_mode()
def _trunk(network: AdaMML, evidence: FeatureView, segments: int) -> Tensor:
    """(S, 1024, 14, 14): what a ResNet says before its last stage."""
    recognizer = network.recognizers["rgb"]
    assert isinstance(recognizer, RGBRecognizer)
    rows = torch.zeros(segments, 1024, 14, 14, dtype=torch.float16)
    for s in range(segments):
        if evidence.available(s, "rgb"):
            frames = normalize(evidence.frames(s), network.kind.input.picture)[None]
            rows[s] = recognizer.trunk(frames)[0].half()
    return rows


def _keep(path: Path, found: dict[str, Tensor]) -> None:
    with whole_file(path, suffix=".npz") as made:
        np.savez(made, allow_pickle=False, **{name: value.numpy() for name, value in found.items()})
