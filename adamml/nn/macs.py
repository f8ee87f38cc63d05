"""Counting multiply-accumulates, layer by layer: of any module, and of one step of a network that decides.

1 MAC = 2 FLOPs. Norms, activations, pooling and additions are not counted, as is usual.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class StepCost:
    """MACs of one step of a network that decides, in the full count and in the published convention."""

    decide: int = 0
    decide_published: int = 0
    judge: int = 0  # of what also names the class (LiteEval's fine LSTM)
    judge_published: int = 0


@runtime_checkable
class CountsSteps(Protocol):
    """A network that decides, and knows what a step of it takes."""

    def step_cost(self) -> StepCost: ...


def count_macs(module: nn.Module, call: Callable[[nn.Module], object]) -> int:
    """MACs of convolutions, linear layers and LSTM cells below `module` while `call(module)` runs."""
    total = 0

    def on_conv(layer: nn.Conv2d | nn.Conv3d, _: object, out: Tensor) -> None:
        nonlocal total
        per_value = layer.in_channels // layer.groups * math.prod(layer.kernel_size)
        total += out.numel() * per_value

    def on_linear(layer: nn.Linear, _: object, out: Tensor) -> None:
        nonlocal total
        total += out.numel() * layer.in_features

    def on_lstm(layer: nn.LSTMCell, _: object, out: tuple[Tensor, Tensor]) -> None:
        nonlocal total
        total += 4 * out[0].numel() * (layer.input_size + layer.hidden_size)

    counters: dict[type[nn.Module], Callable[..., None]] = {
        nn.Conv2d: on_conv,
        nn.Conv3d: on_conv,
        nn.Linear: on_linear,
        nn.LSTMCell: on_lstm,
    }
    hooks = [
        layer.register_forward_hook(count)
        for layer in module.modules()
        for kind, count in counters.items()
        if isinstance(layer, kind)
    ]
    try:
        with torch.no_grad():
            call(module)
    finally:
        for hook in hooks:
            hook.remove()
    return total


def layer_macs(layer: nn.Linear | nn.LSTMCell) -> int:
    """MACs of a linear layer, or of a step of an LSTM cell, on one row of input."""
    if isinstance(layer, nn.LSTMCell):
        return 4 * layer.hidden_size * (layer.input_size + layer.hidden_size)
    return layer.in_features * layer.out_features
