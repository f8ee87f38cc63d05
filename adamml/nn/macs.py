"""Counting multiply-accumulates, layer by layer: of any module, and of one step of a network that decides.

What a layer takes follows from the shape of what it puts out, so a network is walked with layers that give shapes and
no numbers. PyTorch's meta device would do that, too, but works in Python and imports the compiler: three seconds.

1 MAC = 2 FLOPs. Norms, activations, pooling and additions are not counted, as is usual.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn

Module = TypeVar("Module", bound=nn.Module)
_NOT_COUNTED = (nn.BatchNorm2d, nn.BatchNorm3d, nn.ReLU, nn.ReLU6, nn.Hardswish)  # and of no influence on shapes


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
    """MACs of convolutions, linear layers and LSTM cells below `module` while `call(module)` runs; see `outline`."""
    total = 0

    def on_conv(layer: _Outline, _: object, out: Tensor) -> None:
        nonlocal total
        total += out.numel() * layer.per_value

    def on_linear(layer: nn.Linear, _: object, out: Tensor) -> None:
        nonlocal total
        total += out.numel() * layer.in_features

    def on_lstm(layer: nn.LSTMCell, _: object, out: tuple[Tensor, Tensor]) -> None:
        nonlocal total
        total += 4 * out[0].numel() * (layer.input_size + layer.hidden_size)

    counters: dict[type[nn.Module], Callable[..., None]] = {
        _Outline: on_conv,
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


class _Outline(nn.Module):
    """Stands for a convolution: a zero, as often as there are values in what it would put out."""

    def __init__(self, conv: nn.Conv2d | nn.Conv3d) -> None:
        super().__init__()
        self.channels = conv.out_channels
        self.per_value = conv.in_channels // conv.groups * math.prod(conv.kernel_size)
        axes: Any = zip(conv.kernel_size, conv.stride, conv.padding, conv.dilation, strict=True)
        self.axes = tuple(axes)

    def forward(self, x: Tensor) -> Tensor:
        sizes = (
            (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
            for size, (kernel, stride, padding, dilation) in zip(x.shape[2:], self.axes, strict=True)
        )
        return x.new_zeros(()).expand(len(x), self.channels, *sizes)


def outline(network: Module) -> Module:
    """A copy for `count_macs`, in evaluation mode: the weights are shared, convolutions put out shapes alone."""
    weights = (*network.parameters(), *network.buffers())
    copied = copy.deepcopy(network, {id(tensor): tensor for tensor in weights}).eval()
    for parent in list(copied.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Conv2d | nn.Conv3d):
                setattr(parent, name, _Outline(layer))
            elif isinstance(layer, _NOT_COUNTED):
                setattr(parent, name, nn.Identity())
    return copied


def layer_macs(layer: nn.Linear | nn.LSTMCell) -> int:
    """MACs of a linear layer, or of a step of an LSTM cell, on one row of input."""
    if isinstance(layer, nn.LSTMCell):
        return 4 * layer.hidden_size * (layer.input_size + layer.hidden_size)
    return layer.in_features * layer.out_features
