"""What the published implementation does at test time, rebuilt: everything is run and then masked, in plain torch.

Segment after segment, as it is written there, and with all segments of a clip as one batch, which it allows.
"""

from pathlib import Path

import torch
from torch import Tensor

from adamml.engine import normalize
from adamml.media import Clip, log_spectrogram, settings_for
from adamml.nn import AdaMML, fuse
from adamml.nn.policy_features import small_frames


def observed(clip: Clip) -> tuple[Tensor, Tensor]:
    """All frames (S, 8, 3, 224, 224), normalized, and all spectrograms (S, 256, 256), by the same decoder as ours."""
    sound = torch.stack([log_spectrogram(clip.window(segment)) for segment in clip.segments])
    pixels = clip.frames(clip.segments)
    frames = torch.stack([normalize(torch.from_numpy(pixels[segment.index])) for segment in clip.segments])
    return frames, sound


def one_by_one(network: AdaMML, frames: Tensor, sound: Tensor, used_SM: Tensor) -> Tensor:
    """Clip logits (K,) for a forced selection."""
    policy, rgb, audio = network.policy, [], []
    with torch.no_grad():
        state = policy.initial_state(1)
        for s in range(len(frames)):
            picture, heard = frames[s][None], sound[s][None]
            state = policy.observe(policy.rgb(small_frames(picture)), policy.audio(heard), state)
            rgb.append(network.recognizers["rgb"](picture)[0])
            audio.append(network.recognizers["audio"](heard)[0])
        weight = network.rgb_weight
        return fuse(torch.stack(rgb)[None], torch.stack(audio)[None], used_SM[None], weight, "published")[1][0]


def as_batch(network: AdaMML, frames: Tensor, sound: Tensor, used_SM: Tensor) -> Tensor:
    """The same for all segments at once."""
    policy = network.policy
    with torch.no_grad():
        policy.from_features(policy.rgb(small_frames(frames))[None], policy.audio(sound)[None])
        rgb, audio = network.recognizers["rgb"](frames), network.recognizers["audio"](sound)
        return fuse(rgb[None], audio[None], used_SM[None], network.rgb_weight, "published")[1][0]


def analysis(network: AdaMML, path: Path, used_SM: Tensor, *, batched: bool) -> Tensor:
    """From the file to clip logits (K,): decode all, run all, mask."""
    frames, sound = observed(Clip(path, settings_for("local"), len(used_SM)))
    return (as_batch if batched else one_by_one)(network, frames, sound, used_SM)
