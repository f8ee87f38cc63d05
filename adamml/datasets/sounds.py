"""Sound windows of 1.28 s for training: cut, augmented and mixed as the composed-clip contract has it, only wider."""

from pathlib import Path

import numpy as np
import soundfile
import torch
import torchaudio
from scipy.signal import butter, sosfilt

from adamml.datasets.sources import OTHER, Source
from adamml.inputs import PUBLISHED_INPUT

SAMPLE_RATE, WINDOW_SAMPLES = PUBLISHED_INPUT.sound.sample_rate, PUBLISHED_INPUT.sound.samples
PEAK = 0.9
WORN_SHARE, MIXED_SHARE, EDGE_SHARE = 0.5, 0.5, 0.25  # of training windows


def read_sound(path: Path) -> np.ndarray:
    """A mono recording at 24 kHz, peak-normalized."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(1)
    if rate != SAMPLE_RATE:
        mono = torchaudio.functional.resample(torch.from_numpy(mono), rate, SAMPLE_RATE).numpy()
    return mono * (PEAK / max(float(np.abs(mono).max()), 1e-6))


def cut_window(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A window whose loudness is among the better of five tries, since recordings hold silence too."""
    if samples.size < WINDOW_SAMPLES:
        repeated = np.tile(samples, -(-WINDOW_SAMPLES // samples.size) + 1)
        start = rng.integers(0, max(1, samples.size))
        return repeated[start : start + WINDOW_SAMPLES].copy()
    starts = rng.integers(0, samples.size - WINDOW_SAMPLES + 1, 5)
    windows = [samples[start : start + WINDOW_SAMPLES] for start in starts]
    energy = np.array([float(np.square(window).mean()) for window in windows])
    return windows[int(energy.argsort()[-rng.integers(1, 4)])].copy()


def noise(rng: np.random.Generator, size: int = WINDOW_SAMPLES) -> np.ndarray:
    """Noise of a random color, from white to brown, at unit peak."""
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum *= np.maximum(np.arange(spectrum.size), 1) ** -rng.uniform(0, 1)
    colored = np.fft.irfft(spectrum, size).astype(np.float32)
    return colored / np.abs(colored).max()


def add_at_snr(signal: np.ndarray, disturbance: np.ndarray, snr_db: float) -> np.ndarray:
    """Mix so that the signal's power stands `snr_db` above the disturbance's."""
    power = np.square(signal).mean() / max(float(np.square(disturbance).mean()), 1e-12)
    return signal + disturbance * np.sqrt(power / 10 ** (snr_db / 10))


def wear(window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random band limits and tilt for all classes alike, so that bandwidth never gives a class away."""
    if rng.random() < 0.5:
        cutoff = np.exp(rng.uniform(np.log(2000), np.log(11000)))
        window = sosfilt(butter(4, cutoff, fs=SAMPLE_RATE, output="sos"), window).astype(np.float32)
    if rng.random() < 0.2:
        cutoff = np.exp(rng.uniform(np.log(40), np.log(400)))
        window = sosfilt(butter(2, cutoff, "highpass", fs=SAMPLE_RATE, output="sos"), window).astype(np.float32)
    return window


def _peak(window: np.ndarray) -> np.ndarray:
    return window * (PEAK / max(float(np.abs(window).max()), 1e-4))


class SoundMaker:
    """Draws labeled windows from one side of the split.

    Args:
        sources: sounds of the classes and of `OTHER`.
        test: which side of the split to use.
    """

    def __init__(self, sources: tuple[Source, ...], *, test: bool) -> None:
        self.by_label: dict[int, list[np.ndarray]] = {}
        for source in sources:
            if source.test == test:
                self.by_label.setdefault(source.label, []).append(read_sound(source.path))

    def clean(self, label: int, rng: np.random.Generator) -> np.ndarray:
        recordings = self.by_label[label]
        return cut_window(recordings[rng.integers(len(recordings))], rng)

    def of_class(
        self, label: int, rng: np.random.Generator, *, augmented: bool, recording: int | None = None
    ) -> np.ndarray:
        """A window of a class, as in `mixed`; augmented (training), some stay unmixed and some are band-limited."""
        recordings = self.by_label[label]
        samples = recordings[rng.integers(len(recordings)) if recording is None else recording]
        if not augmented:
            return self.mixed(samples, rng)
        window = cut_window(samples, rng)
        if rng.random() < WORN_SHARE:
            window = wear(window, rng)
        if rng.random() < MIXED_SHARE:
            return self._mix(window, rng)
        return (_peak(window) * 10 ** (rng.uniform(-20, 0) / 20)).astype(np.float32)

    def mixed(self, recording: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A window of a recording: mixed at 5 to 30 dB with noise or an `other` sound, gain -20 to 0 dB."""
        return self._mix(cut_window(recording, rng), rng)

    def _mix(self, window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        disturbance = self.clean(OTHER, rng) if rng.random() < 0.5 else noise(rng)
        window = add_at_snr(_peak(window), disturbance, rng.uniform(5, 30))
        return (window * 10 ** (rng.uniform(-20, 0) / 20)).astype(np.float32)

    def of_nothing(self, rng: np.random.Generator) -> np.ndarray:
        """An `other` recording 50 %, faint noise 25 %, silence 25 %."""
        kind = rng.random()
        if kind < 0.5:
            return (self.clean(OTHER, rng) * 10 ** (rng.uniform(-20, 0) / 20)).astype(np.float32)
        if kind < 0.75:
            return (noise(rng) * rng.uniform(0.001, 0.03)).astype(np.float32)
        return np.zeros(WINDOW_SAMPLES, np.float32)

    def window(
        self, label: int, rng: np.random.Generator, *, augmented: bool, recording: int | None = None
    ) -> np.ndarray:
        """A window of a class (of one recording, or of any) or `OTHER`; augmented, its edges may be a neighbor's."""
        result = (
            self.of_nothing(rng)
            if label == OTHER
            else self.of_class(label, rng, augmented=augmented, recording=recording)
        )
        if augmented:
            for edge in (slice(0, int(rng.uniform(0, 0.16) * SAMPLE_RATE)), slice(-int(rng.uniform(1, 3840)), None)):
                if rng.random() < EDGE_SHARE:
                    neighbor = self.of_class(int(rng.choice(list(self.by_label))), rng, augmented=False)
                    result[edge] = neighbor[edge]
        return result
