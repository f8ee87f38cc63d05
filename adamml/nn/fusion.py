"""Joining what was chosen: modality logits and decisions in, segment and clip logits out (Sec. 3.1).

Three rules. `published`: w and 1 - w stay as they are when a modality is off, and a segment in which nothing was
selected counts as zeros in the clip's mean. `renormalized`, our default: the weights of what is on sum to 1, and
only segments with something selected are averaged, so that skipping never pulls an answer towards "don't know".
`per_modality`: each modality is pooled over the segments in which it ran, and then both are joined, so that a look
weighs the same whether or not it was heard beside it. Sound is averaged. Of the picture the softened probabilities are,
which lets one sure look count for more than several unsure ones: tau * log(mean(softmax(logits / tau))).
"""

from typing import Literal

import torch
from torch import Tensor

FusionRule = Literal["renormalised", "published", "per_modality"]
FUSION_RULES: tuple[FusionRule, ...] = ("renormalised", "published", "per_modality")
TAU = 3.0  # fits 100 clips of Kinetics' validation list best (least cross entropy of 1, 2, 3 and the plain mean)


def fuse(
    rgb_BSK: Tensor, audio_BSK: Tensor, decisions_BSM: Tensor, rgb_weight: Tensor, rule: FusionRule = "renormalised"
) -> tuple[Tensor, Tensor]:
    """Segment logits (B, S, K) and clip logits (B, K).

    Args:
        rgb_BSK, audio_BSK: modality logits; what was not run may hold anything finite, it is multiplied by 0.
        decisions_BSM: 0 or 1 per cell, M in the order (rgb, audio); gradients flow through.
        rgb_weight: w, one number; audio weighs 1 - w.
        rule: one of `FUSION_RULES`.

    Raises:
        ValueError: for an unknown rule.
    """
    if rule not in FUSION_RULES:
        raise ValueError(f"fusion must be one of {', '.join(FUSION_RULES)}, got {rule!r}")
    share_rgb = rgb_weight * decisions_BSM[..., 0:1]
    share_audio = (1 - rgb_weight) * decisions_BSM[..., 1:2]
    segment_BSK = share_rgb * rgb_BSK + share_audio * audio_BSK
    if rule == "published":
        return segment_BSK, segment_BSK.mean(1)
    total = share_rgb + share_audio
    used_BS1 = 1 - (1 - decisions_BSM[..., 0:1]) * (1 - decisions_BSM[..., 1:2])  # 1 where anything is on
    segment_BSK = segment_BSK / total.clamp(min=1e-6)
    if rule == "per_modality":
        return segment_BSK, _per_modality(rgb_BSK, audio_BSK, decisions_BSM, rgb_weight)
    clip_BK = (segment_BSK * used_BS1).sum(1) / used_BS1.sum(1).clamp(min=1e-6)
    return segment_BSK, clip_BK


def _per_modality(rgb_BSK: Tensor, audio_BSK: Tensor, decisions_BSM: Tensor, rgb_weight: Tensor) -> Tensor:
    """(B, K): the weighted mean of what both modalities say of the clip."""
    times_BM = decisions_BSM.sum(1)
    ever_BM = times_BM.clamp(max=1)  # 1 where a modality ran at all
    seen_BK = ((rgb_BSK / TAU).softmax(-1) * decisions_BSM[..., 0:1]).sum(1) / times_BM[:, 0:1].clamp(min=1)
    picture_BK = TAU * seen_BK.clamp(min=1e-30).log() * ever_BM[:, 0:1]
    sound_BK = (audio_BSK * decisions_BSM[..., 1:2]).sum(1) / times_BM[:, 1:2].clamp(min=1)
    total_B1 = rgb_weight * ever_BM[:, 0:1] + (1 - rgb_weight) * ever_BM[:, 1:2]
    return (rgb_weight * picture_BK + (1 - rgb_weight) * sound_BK) / total_B1.clamp(min=1e-6)


def training_rule(rule: FusionRule) -> FusionRule:
    """The rule that decisions are trained through.

    Through the logarithm of pooled probabilities gradients of what was skipped explode, and renormalised, a segment
    that is only heard would weigh as much as one that is seen: both teach to look everywhere.
    """
    return "published" if rule == "per_modality" else rule


def pooled(modality: str, logits_K: Tensor) -> Tensor:
    """What one cell adds to its modality's mean under `per_modality`."""
    return (logits_K / TAU).softmax(-1) if modality == "rgb" else logits_K


def joined(means: dict[str, Tensor], rgb_weight: float) -> Tensor:
    """Clip logits (K,) from the means of what `pooled` gives, of the modalities that ran."""
    weight = {"rgb": rgb_weight, "audio": 1 - rgb_weight}
    said = {m: TAU * mean.clamp(min=1e-30).log() if m == "rgb" else mean for m, mean in means.items()}
    total = sum(weight[m] for m in said)
    return torch.stack([weight[m] * logits for m, logits in said.items()]).sum(0) / total
