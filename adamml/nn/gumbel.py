"""Straight-through Gumbel-Softmax: hard decisions forward, soft gradients backward (Sec. 3.2, Eq. 2 and 3).

Logits (..., 2) in, decisions (...) out, exactly 0 or 1 in value.
"""

import torch
from torch import Generator, Tensor

INITIAL_TEMPERATURE = 5.0
DECAY_PER_EPOCH = 0.965


def temperature_at(epoch: int) -> float:
    """The published schedule: 5.0, multiplied by 0.965 after each epoch."""
    if epoch < 0:
        raise ValueError(f"epoch must be 0 or more, got {epoch}")
    return INITIAL_TEMPERATURE * DECAY_PER_EPOCH**epoch


def gumbel_softmax_decisions(
    logits: Tensor, temperature: float, generator: Generator | None = None, *, uniform: Tensor | None = None
) -> Tensor:
    """Sample decisions for training.

    Args:
        logits: (..., 2); index 1 means "use".
        temperature: above 0; smaller is closer to a hard choice and noisier in gradient.
        generator: source of the noise, for repeatable runs.
        uniform: the noise itself, numbers in (0, 1) of the logits' shape, where each clip must have its own.

    Returns:
        (...) of exact zeros and ones, whose gradient is that of the softened choice.
    """
    if temperature <= 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    if uniform is None:
        uniform = torch.rand(logits.shape, generator=generator, device=logits.device, dtype=logits.dtype)
    # Clamping keeps both logarithms finite at the ends of the unit interval.
    tiny = torch.finfo(logits.dtype).tiny
    noise = -torch.log(-torch.log(uniform.clamp(min=tiny, max=1 - torch.finfo(logits.dtype).eps)))
    noisy = logits + noise
    soft = torch.softmax(noisy / temperature, dim=-1)[..., 1]
    hard = noisy.argmax(-1).to(logits.dtype)
    return hard + (soft - soft.detach())  # the bracket is exactly 0 in value, and carries the gradient


def argmax_decisions(logits: Tensor) -> Tensor:
    """Decisions at inference, (..., 2) -> (...): no noise, so the same clip always gets the same answer."""
    return logits.argmax(-1).to(logits.dtype)
