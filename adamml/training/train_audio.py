"""Stage 1, audio: MobileNetV2 from ImageNet to the classes, on log spectrograms.

    python -m adamml.training.train_audio --data DATA --pretrained mobilenet_v2_imagenet.npz --out audio.pt

The first part of the run sees windows of half the length, which a network with global pooling does not mind and
which costs half the time.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from adamml.media.spectrogram import log_spectrogram
from adamml.nn import AudioRecognizer
from adamml.nn.recognizers import initialise_one_channel
from adamml.training.sounds import SoundMaker, cut_window
from adamml.training.sources import OTHER, read_sources

BATCH = 32
PEAK_LR = 2e-3
OTHER_SHARE = 0.1  # windows of nothing, taught as "any class is as likely"
SPECTRUM_MEAN, SPECTRUM_STD = -6.0, 5.0


def start_from_imagenet(network: AudioRecognizer, weights: Path) -> None:
    """ImageNet weights, with (x + 6) / 5 folded into the first convolution and its norm.

    Spectrograms stay unnormalised, as published; the network starts as if they were normalised.
    """
    state = {key: torch.from_numpy(value.astype(np.float32)) for key, value in np.load(weights).items()}
    first, norm = network.net.features[0][0], network.net.features[0][1]
    rgb_weight = state.pop("features.0.0.weight")
    state = {key: value for key, value in state.items() if not key.startswith("classifier")}
    network.net.load_state_dict(state, strict=False)
    initialise_one_channel(first, rgb_weight)
    with torch.no_grad():
        first.weight.mul_(3 / SPECTRUM_STD)  # three equal channels summed
        norm.running_mean.add_(SPECTRUM_MEAN * first.weight.sum((1, 2, 3)))


def draw_batch(maker: SoundMaker, classes: int, rng: np.random.Generator, steps: int) -> tuple[torch.Tensor, ...]:
    """(B, 256, steps) spectrograms with time and frequency masks, and soft targets (B, K)."""
    sounds, targets = [], []
    for _ in range(BATCH):
        label = OTHER if rng.random() < OTHER_SHARE else int(rng.integers(classes))
        sound = log_spectrogram(maker.window(label, rng, worn=True))
        if steps < sound.shape[1]:
            start = int(rng.integers(sound.shape[1] - steps + 1))
            sound = sound[:, start : start + steps]
        sound = sound.clone()
        for axis in (0, 1):
            width = int(rng.integers(0, sound.shape[axis] // 6))
            begin = int(rng.integers(0, sound.shape[axis] - width))
            sound.narrow(axis, begin, width).fill_(float(sound.mean()))
        sounds.append(sound)
        smooth = torch.full((classes,), 1 / classes)
        targets.append(smooth if label == OTHER else 0.95 * F.one_hot(torch.tensor(label), classes) + 0.05 * smooth)
    x, y = torch.stack(sounds), torch.stack(targets)
    if rng.random() < 0.3:  # mixup
        share, order = float(rng.beta(0.4, 0.4)), torch.from_numpy(rng.permutation(BATCH))
        x, y = share * x + (1 - share) * x[order], share * y + (1 - share) * y[order]
    return x, y


@torch.inference_mode()
def evaluate(network: AudioRecognizer, maker: SoundMaker, classes: int) -> dict[str, float]:
    """Top-1 of clean windows, of contract-mixed windows, and of recordings (mean over up to 8 windows), in percent."""
    network.eval()
    rng = np.random.default_rng(1)
    clean = mixed = windows = right = recordings = 0
    per_class: dict[int, list[bool]] = {}
    for label in range(classes):
        for recording in maker.by_label[label]:
            x = torch.stack([log_spectrogram(cut_window(recording, rng)) for _ in range(4)])
            logits = network(x)
            clean += int((logits.argmax(1) == label).sum())
            windows += 4
            hit = int(logits.softmax(1).mean(0).argmax()) == label
            right, recordings = right + hit, recordings + 1
            per_class.setdefault(label, []).append(hit)
            mixed += int(network(log_spectrogram(maker.of_class(label, rng, worn=False))[None]).argmax(1) == label)
    return {
        "window": 100 * clean / windows,
        "contract_window": 100 * mixed / recordings,
        "recording": 100 * right / recordings,
        "recordings": recordings,
        "weakest_class": 100 * min(float(np.mean(hits)) for hits in per_class.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pretrained", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--half-steps", type=int, default=520, help="batches of half-length windows")
    parser.add_argument("--full-steps", type=int, default=280, help="batches of full windows")
    parser.add_argument("--start", type=Path, help="go on from the weights of an earlier run, with a gentler rate")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    sources = read_sources(args.data)
    classes = len(sources.classes)
    train, test = SoundMaker(sources.sounds, test=False), SoundMaker(sources.sounds, test=True)
    network = AudioRecognizer(classes)
    if args.start:
        network.load_state_dict(torch.load(args.start, weights_only=True)["state_dict"])
    else:
        start_from_imagenet(network, args.pretrained)
    peak = PEAK_LR / 2 if args.start else PEAK_LR
    network.to(memory_format=torch.channels_last)
    total = args.half_steps + args.full_steps
    optimiser = torch.optim.AdamW(network.parameters(), lr=peak, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, peak, total_steps=total, pct_start=0.2)
    began, running = time.time(), 0.0
    for step in range(total):
        network.train()
        x, y = draw_batch(train, classes, rng, 128 if step < args.half_steps else 256)
        loss = F.cross_entropy(network(x), y)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        running = 0.95 * running + 0.05 * float(loss.detach())
        if step % 20 == 19:
            left = (time.time() - began) / (step + 1) * (total - step - 1)
            print(f"step {step + 1}/{total} loss {running:.3f} left {left / 60:.1f} min (at this pace)", flush=True)
        if step % 200 == 199 or step == total - 1:
            scores = evaluate(network, test, classes)
            print(json.dumps({"step": step + 1} | scores), flush=True)
            torch.save({"state_dict": network.state_dict(), "scores": scores}, args.out)


if __name__ == "__main__":
    main()
