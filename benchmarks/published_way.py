"""What the published implementation does at test time, rebuilt: everything is run and then masked, in plain torch.

Segment after segment, as it is written there, and with all segments of a clip as one batch, which it allows. For any
model: its own networks, with our decoder.
"""

from contextlib import closing
from pathlib import Path

import torch
from torch import Tensor

from adamml.engine.submodules import parts_of
from adamml.media import FRONT_ENDS, Clip, settings_for
from adamml.nn import MODALITIES, AdaMML, fuse


def observed(clip: Clip) -> dict[str, Tensor]:
    """All frames, uint8 (S, T, H, W, 3), and all spectrograms, (S, F, steps), by the same decoder as ours."""
    front_end = FRONT_ENDS[clip.given.sound.front_end]
    pixels = clip.frames(clip.segments)
    return {
        "rgb": torch.stack([torch.from_numpy(pixels[segment.index]) for segment in clip.segments]),
        "audio": torch.stack([front_end(clip.window(segment)) for segment in clip.segments]),
    }


def one_by_one(network: AdaMML, seen: dict[str, Tensor], used_SM: Tensor) -> Tensor:
    """Clip logits (K,) for a forced selection."""
    policy, segments = network.policy, []
    with torch.no_grad():
        state = policy.initial_state(1)
        for s in range(len(used_SM)):
            features, glimpses = _run(network, {m: seen[m][s : s + 1] for m in MODALITIES})
            state = policy.observe(glimpses["rgb"], glimpses["audio"], state)
            segments.append(features)
        return _answer(network, {m: torch.cat([each[m] for each in segments]) for m in MODALITIES}, used_SM)


def as_batch(network: AdaMML, seen: dict[str, Tensor], used_SM: Tensor) -> Tensor:
    """The same for all segments at once."""
    with torch.no_grad():
        features, glimpses = _run(network, seen)
        network.policy.from_features(glimpses["rgb"][None], glimpses["audio"][None])
        return _answer(network, features, used_SM)


def analysis(network: AdaMML, path: Path, used_SM: Tensor, *, batched: bool) -> Tensor:
    """From the file to clip logits (K,): decode all, run all, mask."""
    with closing(Clip(path, settings_for("local"), len(used_SM), given=network.kind.input)) as clip:
        seen = observed(clip)
    return (as_batch if batched else one_by_one)(network, seen, used_SM)


def _run(network: AdaMML, seen: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Features and glimpses of some segments. What a policy shares with a recognizer is run once, as in ours."""
    parts = parts_of(network)
    features = {m: parts[f"features_{m}"](seen[m]) for m in MODALITIES}
    glimpses = {m: features[m] if m in network.shared else parts[f"glimpse_{m}"](seen[m]) for m in MODALITIES}
    return features, glimpses


def _answer(network: AdaMML, features: dict[str, Tensor], used_SM: Tensor) -> Tensor:
    rgb, audio = (network.recognizers[m].classify(features[m])[None] for m in MODALITIES)
    return fuse(rgb, audio, used_SM[None], network.rgb_weight, network.kind.fusion)[1][0]
