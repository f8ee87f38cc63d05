"""What a decision costs: the penalty added to cross entropy when the policy is trained (Sec. 3.3, Eq. 5 and 6).

A correct clip pays the squared share of segments that use each modality, weighted by how dear it is; a wrong
clip pays gamma. "Correct" is an arg max, so gamma carries no gradient: only cross entropy teaches the policy to
repair wrong clips; gamma keeps the reported loss comparable with the paper's.
"""

from typing import Literal

import torch
from torch import Tensor

PenaltyForm = Literal["per_clip", "published"]
COST_WEIGHTS = (1.0, 0.05)  # lambda for rgb and audio, as published; recipes have their own in training/config.py
GAMMA = 10.0


def policy_penalty(
    decisions_BSM: Tensor,
    clip_logits_BK: Tensor,
    labels_B: Tensor,
    *,
    cost_weights: tuple[float, ...] = COST_WEIGHTS,
    gamma: float = GAMMA,
    form: PenaltyForm = "per_clip",
) -> Tensor:
    """The penalty of a batch, one number.

    Args:
        decisions_BSM: 0 or 1 per cell; gradients flow through.
        clip_logits_BK: to tell correct clips from wrong ones.
        labels_B: class indices.
        form: "per_clip" pairs each clip's correctness with its own usage. "published" is what the published code
            computes: it broadcasts correctness (B) against usage (B, 1), which multiplies the two means instead.

    Raises:
        ValueError: when the number of cost weights differs from M, or for an unknown form.
    """
    if len(cost_weights) != decisions_BSM.shape[-1]:
        raise ValueError(f"{decisions_BSM.shape[-1]} modalities need as many cost weights, got {len(cost_weights)}")
    correct_B = (clip_logits_BK.argmax(1) == labels_B).to(decisions_BSM.dtype)
    share_BM = decisions_BSM.mean(1)
    usage_B = share_BM.square() @ torch.as_tensor(cost_weights, dtype=share_BM.dtype, device=share_BM.device)
    if form == "per_clip":
        return (correct_B * usage_B + (1 - correct_B) * gamma).mean()
    if form == "published":
        return correct_B.mean() * usage_B.mean() + gamma * (1 - correct_B).mean()
    raise ValueError(f"form must be 'per_clip' or 'published', got {form!r}")
