"""Generated frames on which a backend of lower precision is held against float32. The same every time.

They are not alike in what the network makes of them: noise, a gradient that drifts, a disc that crosses the picture and
one that grows before stripes. How real clips fare is measured (RESULTS.md, "Precision"), not tried at every start.
"""

from collections.abc import Iterator
from math import pi

import torch
from torch import Tensor

from adamml.engine.submodules import example
from adamml.inputs import PictureInput
from adamml.nn import ModalitySpec


def probe_segments(spec: ModalitySpec) -> Iterator[Tensor]:
    """Segments (1, T, H, W, 3) uint8 of a modality of pictures."""
    assert isinstance(spec.input, PictureInput)
    yield example(spec)
    frames, height, width, _ = spec.input.shape
    time = torch.linspace(0, 1, frames)[:, None, None]
    y, x = torch.linspace(0, 1, height)[None, :, None], torch.linspace(0, 1, width)[None, None, :]
    yield _colored((x + y + time) % 1, hue=0.1)
    yield _colored(0.2 + 0.7 * _disc(x - time, y - 0.5, 0.15), hue=0.5)
    yield _colored(0.5 + 0.2 * torch.sin(12 * pi * x) * (1 - _disc(x - 0.5, y - 0.5, 0.1 + 0.3 * time)), hue=0.8)


def _disc(x: Tensor, y: Tensor, radius: Tensor | float) -> Tensor:
    """1 inside, 0 outside, soft between."""
    return torch.sigmoid(40 * (radius - (x**2 + y**2).sqrt()))


def _colored(light_THW: Tensor, hue: float) -> Tensor:
    """Brightness from 0 to 1 -> (1, T, H, W, 3) uint8."""
    colors = 0.6 + 0.4 * torch.cos(2 * pi * (hue + torch.tensor([0, 1 / 3, 2 / 3])))
    return (255 * (light_THW[..., None] * colors).clamp(0, 1)).round().to(torch.uint8)[None]
