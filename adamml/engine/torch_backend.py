"""The parts in torch: batch norms folded into convolutions, channels last; on a GPU in half precision where it holds.

The model's own networks stay as they are (Grad-CAM reads them); the parts work on folded copies.
"""

import copy
import logging
import threading
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from adamml.engine.submodules import LARGE_PART, example_of, parts_of
from adamml.nn import AdaMML

GPU_BATCH = 8  # segments; a fixed number, so that a segment's result never depends on its company
HALF_TOLERANCE = 0.01  # of the largest feature: half precision differs by about 0.002 where nothing overflows
Module = TypeVar("Module", bound=nn.Module)
_log = logging.getLogger(__name__)


def folded(module: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose batch norms are folded into the convolutions that they follow."""
    copied = copy.deepcopy(module).eval()
    for parent in list(copied.modules()):
        before: tuple[str, nn.Conv2d | nn.Conv3d] | None = None
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d | nn.BatchNorm3d) and before is not None:
                setattr(parent, before[0], fuse_conv_bn_eval(before[1], child))
                setattr(parent, name, nn.Identity())
            before = (name, child) if isinstance(child, nn.Conv2d | nn.Conv3d) else None
    return copied.requires_grad_(False)


def channels_last(module: Module) -> Module:
    """The same module, in place, with channels last in two dimensions or three."""
    flat = not any(isinstance(layer, nn.Conv3d) for layer in module.modules())
    arrange: Any = module.to  # its declared forms leave this one out
    arrange(memory_format=torch.channels_last if flat else torch.channels_last_3d)
    return module


class TorchBackend:
    """Runs the parts on a device.

    Attributes:
        batch: how many segments one call takes, exactly.
        precision: of the large part; on a GPU half precision until that turns out not to hold.
    """

    name = "torch"
    preparation = 0.0

    def __init__(self, network: AdaMML, device: str = "cpu") -> None:
        self.device, self._network = torch.device(device), network
        on_gpu = self.device.type == "cuda"
        self.batch, self.precision = (GPU_BATCH, "float16") if on_gpu else (1, "float32")
        self.parts: Mapping[str, nn.Module] = {
            name: channels_last(folded(part).to(self.device)) for name, part in parts_of(network).items()
        }
        self._halved: dict[str, nn.Module] = {}
        self._lock = threading.Lock()

    def concurrency(self, part: str) -> int:
        """How many calls at once are worth their while: torch's threads serve one after the other."""
        return 1

    def multithreaded(self, part: str) -> bool:
        """Every call takes what there is."""
        return True

    def in_own_threads(self, part: str) -> bool:
        """Calls are never side by side, where it would matter."""
        return True

    def run(self, part: str, inputs: Tensor, *, exclusive: bool = True) -> Tensor:
        """(batch, ...) -> (batch, D) float32 on the CPU."""
        network = self.parts[part] if self.device.type == "cpu" else self._on_gpu(part)
        with torch.inference_mode():
            return network(inputs.to(self.device)).cpu()

    def _on_gpu(self, part: str) -> nn.Module:
        """In half precision where that gives the same features; tried at the first call, since a GPU may be lent."""
        with self._lock:
            if part not in self._halved:
                half = halved(self.parts[part])
                probe = example_of(self._network, part).to(self.device)
                with torch.inference_mode():
                    holds = agrees(half(probe), self.parts[part](probe))
                if not holds:
                    _log.warning("half precision does not hold for %s; it runs in single precision", part)
                    self.precision = "float32" if part == LARGE_PART else self.precision
                self._halved[part] = half if holds else self.parts[part]
            return self._halved[part]


def halved(part: nn.Module) -> nn.Module:
    """A copy of a part in half precision."""
    half = copy.deepcopy(part).half()
    cast(Any, half).dtype = torch.float16  # an attribute of parts
    return half


def agrees(found: Tensor, wanted: Tensor) -> bool:
    """Whether features are the same but for half precision's rounding; infinities and NaN never are."""
    return bool((found - wanted).abs().max() <= HALF_TOLERANCE * wanted.abs().max())
