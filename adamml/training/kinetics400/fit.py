"""The numbers of `kinetics-400` that are learned from clips and belong to no single class.

How often every sound scores what when nothing in particular is heard, from which score on a sound is to be relied on,
and how much all that is heard weighs beside what is seen. The last two are taken from a grid, by the cross entropy of
fused clips at their best temperature: with a hundred clips nothing finer can be told apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from adamml.evaluation.calibration import fit_temperature
from adamml.nn import AdaMML, fuse
from adamml.nn.sounds_to_actions import SoundsToActions
from adamml.training.feature_bank import Bank
from adamml.training.kinetics400.clips import RealSegments

RGB_WEIGHT = 0.9  # near 1, so that a picture alone and a picture that was heard too have logits of like size
FLOORS = (0.003, 0.01, 0.03, 0.1)
SCALES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)  # of what is heard, which then weighs 1 - RGB_WEIGHT


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What was chosen, and its cross entropy per clip beside that of the picture alone."""

    floor: float
    scale: float
    loss: float
    loss_rgb: float


@torch.no_grad()
def fit_numbers(network: AdaMML, known: RealSegments, clips: Sequence[int]) -> Fitted:
    """Set the numbers in the network, from these clips."""
    head = network.recognizers["audio"].classifier
    assert isinstance(head, SoundsToActions)
    network.rgb_weight.fill_(RGB_WEIGHT)
    rows = torch.tensor([clip * known.segments + s for clip in clips for s in range(known.segments)])
    heard = known.present[list(clips), 1].repeat_interleave(known.segments) > 0
    sounds = network.recognizers["audio"].sounds(known.banks["audio"].features[rows])
    head.background_N.copy_(sounds[heard].sigmoid().mean(0))
    rgb = known.banks["rgb"].logits[rows].unflatten(0, (len(clips), -1))
    label = known.label[list(clips)]
    used = known.present[list(clips)][:, None].expand(-1, known.segments, -1)
    best: tuple[float, float, float] | None = None
    head.scale.fill_(1.0)
    for floor in FLOORS:
        head.floor.fill_(floor)
        evidence = network.recognizers["audio"].classify(known.banks["audio"].features[rows])
        audio = evidence.unflatten(0, (len(clips), -1))
        for scale in SCALES:
            loss = _loss(network, rgb, scale * audio, used, label)
            if best is None or loss < best[0]:
                best = (loss, floor, scale)
    assert best is not None
    head.floor.fill_(best[1])
    head.scale.fill_(best[2])
    alone = used.clone()
    alone[..., 1] = 0
    loss_rgb = _loss(network, rgb, torch.zeros_like(rgb), alone, label)
    return Fitted(floor=best[1], scale=best[2], loss=best[0], loss_rgb=loss_rgb)


def _loss(network: AdaMML, rgb_BSK: Tensor, audio_BSK: Tensor, used_BSM: Tensor, label_B: Tensor) -> float:
    """Cross entropy of the clips at the temperature that suits them best."""
    logits = fuse(rgb_BSK, audio_BSK, used_BSM, network.rgb_weight, network.kind.fusion)[1].numpy()
    return fit_temperature(np.asarray(logits, float), label_B.numpy()).loss_after


@torch.no_grad()
def relabeled(known: RealSegments, network: AdaMML) -> RealSegments:
    """The same segments with what the recognizers say of them now."""
    banks = {
        modality: Bank(
            glimpse=bank.glimpse,
            features=bank.features,
            logits=network.recognizers[modality].classify(bank.features),
            label=bank.label,
            source=bank.source,
        )
        for modality, bank in known.banks.items()
    }
    return RealSegments(
        banks=banks, label=known.label, present=known.present, blurred=known.blurred, segments=known.segments
    )
