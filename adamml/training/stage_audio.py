"""Stage 1, audio: MobileNetV2 from ImageNet to the classes, on log spectrograms.

The first part of the run sees windows of half the length, which a network with global pooling does not mind and
which cost half the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.datasets.sounds import SoundMaker, cut_window
from adamml.datasets.sources import OTHER
from adamml.engine.torch_backend import channels_last
from adamml.media.front_ends import log_spectrogram
from adamml.nn import AudioRecognizer
from adamml.nn.recognizers import initialize_one_channel
from adamml.training.loop import Job, one_cycle, row_rng

SPECTRUM_MEAN, SPECTRUM_STD = -6.0, 5.0
WINDOWS_PER_RECORDING = 8  # when measured


@dataclass(frozen=True, kw_only=True)
class AudioStage:
    """How the audio recognizer is trained.

    Attributes:
        half_steps, full_steps: batches of half-length windows, then of full ones.
        rate: peak of the one-cycle schedule, AdamW.
        nothing_share: windows of no class, taught as "any class is as likely".
        balance: a class of n recordings is drawn in proportion to n ** balance; 0 draws all classes equally often.
        mixup_share: windows mixed with a second one, targets alike.
    """

    half_steps: int = 1000
    full_steps: int = 400
    batch: int = 32
    rate: float = 2e-3
    decay: float = 0.02
    nothing_share: float = 0.08
    balance: float = 0.5
    mixup_share: float = 0.25
    smoothing: float = 0.05
    seed: int = 0


def start_from_imagenet(network: AudioRecognizer, state: Mapping[str, Tensor]) -> None:
    """ImageNet's MobileNetV2, with (x + 6) / 5 folded into the first convolution and its norm.

    Spectrograms stay unnormalized, as published; the network starts as if they were normalized.
    """
    kept = {key: value for key, value in state.items() if not key.startswith("classifier")}
    first, norm = network.net.features[0][0], network.net.features[0][1]
    rgb_weight = kept.pop("features.0.0.weight")
    network.net.load_state_dict(kept, strict=False)
    initialize_one_channel(first, rgb_weight)
    with torch.no_grad():
        first.weight.mul_(3 / SPECTRUM_STD)  # three equal channels summed
        norm.running_mean.add_(SPECTRUM_MEAN * first.weight.sum((1, 2, 3)))


def mask(sound_FT: Tensor, rng: np.random.Generator) -> Tensor:
    """One band and one stretch of time, up to a sixth each, set to the mean."""
    sound_FT = sound_FT.clone()
    mean = float(sound_FT.mean())
    for axis in (0, 1):
        width = int(rng.integers(0, sound_FT.shape[axis] // 6))
        begin = int(rng.integers(0, sound_FT.shape[axis] - width))
        sound_FT.narrow(axis, begin, width).fill_(mean)
    return sound_FT


class AudioJob(Job):
    """Trains an audio recognizer on windows drawn from recordings.

    Args:
        network: started from ImageNet or from another model; trained in place.
        train, test: makers of both sides of the split.
    """

    name = "audio"

    def __init__(self, network: AudioRecognizer, train: SoundMaker, test: SoundMaker, config: AudioStage) -> None:
        self.config, self.train, self.test = config, train, test
        self.network: nn.Module = channels_last(network)
        self.steps = config.half_steps + config.full_steps
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=config.decay)
        self.classes = sum(label != OTHER for label in train.by_label)
        counts = np.array([len(train.by_label[k]) for k in range(self.classes)], float) ** config.balance
        self.share = counts / counts.sum()

    def rows(self) -> int:
        return self.config.batch

    def rate(self, step: int) -> float:
        return one_cycle(step, self.steps)

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        network.train()
        drawn = [self._row(row_rng(self.config.seed, step, row), step) for row in rows]
        x, y = (torch.stack(part) for part in zip(*drawn, strict=True))
        device = next(self.network.parameters()).device
        return F.cross_entropy(network(x.to(device)), y.to(device))

    def _row(self, rng: np.random.Generator, step: int) -> tuple[Tensor, Tensor]:
        """One masked spectrogram (256, 256 or 128) and its soft target (K,)."""
        sound, target = self._window(rng)
        if rng.random() < self.config.mixup_share:
            share = float(rng.beta(0.4, 0.4))
            other_sound, other_target = self._window(rng)
            sound, target = share * sound + (1 - share) * other_sound, share * target + (1 - share) * other_target
        if step < self.config.half_steps:
            length = sound.shape[1] // 2
            begin = int(rng.integers(length + 1))
            sound = sound[:, begin : begin + length]
        return mask(sound, rng), target

    def _window(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        nothing = rng.random() < self.config.nothing_share
        label = OTHER if nothing else int(rng.choice(self.classes, p=self.share))
        target = torch.full((self.classes,), 1 / self.classes)
        if label != OTHER:
            target = target * self.config.smoothing
            target[label] += 1 - self.config.smoothing
        return log_spectrogram(self.train.window(label, rng, augmented=True)), target

    def measure(self) -> dict[str, float]:
        """Top-1 in percent of plain windows, contract-mixed windows and whole recordings, and of the weakest class."""
        return measure_audio(self.network, self.test)["summary"]


@torch.inference_mode()
def measure_audio(network: nn.Module, maker: SoundMaker) -> dict[str, dict[str, float]]:
    """`summary` and `per_class` (recordings right, in percent).

    A recording's answer is the mean of the softmax over eight windows among its louder parts.
    """
    network.eval()
    device = next(network.parameters()).device
    rng = np.random.default_rng(1)
    windows: list[bool] = []
    mixed: list[bool] = []
    per_class: dict[int, list[bool]] = {}
    for label in sorted(label for label in maker.by_label if label != OTHER):
        for recording in maker.by_label[label]:
            cut = [log_spectrogram(cut_window(recording, rng)) for _ in range(WINDOWS_PER_RECORDING)]
            augmented = [log_spectrogram(maker.mixed(recording, rng)) for _ in range(2)]
            scores = network(torch.stack(cut + augmented).to(device)).softmax(1).cpu()
            hits = (scores.argmax(1) == label).tolist()
            windows += hits[:WINDOWS_PER_RECORDING]
            mixed += hits[WINDOWS_PER_RECORDING:]
            answer = int(scores[:WINDOWS_PER_RECORDING].mean(0).argmax())
            per_class.setdefault(label, []).append(answer == label)
    everything = [hit for hits in per_class.values() for hit in hits]
    summary = {
        "window": 100 * float(np.mean(windows)),
        "mixed_window": 100 * float(np.mean(mixed)),
        "recording": 100 * float(np.mean(everything)),
        "recordings": float(len(everything)),
        "weakest_class_of_ten_or_more": 100
        * min((float(np.mean(h)) for h in per_class.values() if len(h) >= 10), default=1.0),
    }
    return {"summary": summary, "per_class": {str(k): 100 * float(np.mean(h)) for k, h in per_class.items()}}
