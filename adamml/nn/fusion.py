"""Joining what was chosen: modality logits and decisions in, segment and clip logits out (Sec. 3.1).

Three rules. `published`: w and 1 - w stay as they are when a modality is off, and a segment in which nothing was
selected counts as zeros in the clip's mean. `renormalised`, our default: the weights of what is on sum to 1, and
only segments with something selected are averaged, so that skipping never pulls an answer towards "don't know".
`per_modality`: each modality is averaged over the segments in which it ran, and then both are joined, so that a look
weighs the same wherever it was heard beside it; with everything on it is the published rule.
"""

from typing import Literal

from torch import Tensor

FusionRule = Literal["renormalised", "published", "per_modality"]
FUSION_RULES: tuple[FusionRule, ...] = ("renormalised", "published", "per_modality")


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
    """(B, K): the weighted mean of both modalities' means over the segments in which they ran."""
    clip_BK, total_B1 = rgb_BSK.new_zeros(()), rgb_BSK.new_zeros(())
    for logits_BSK, used_BS1, weight in (
        (rgb_BSK, decisions_BSM[..., 0:1], rgb_weight),
        (audio_BSK, decisions_BSM[..., 1:2], 1 - rgb_weight),
    ):
        times_B1 = used_BS1.sum(1)
        ever_B1 = times_B1.clamp(max=1)  # 1 where it ran at all
        clip_BK = clip_BK + weight * ever_B1 * (logits_BSK * used_BS1).sum(1) / times_B1.clamp(min=1)
        total_B1 = total_B1 + weight * ever_B1
    return clip_BK / total_B1.clamp(min=1e-6)
