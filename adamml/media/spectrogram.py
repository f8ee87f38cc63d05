"""From a sound track to the log spectrogram of a segment (Panda et al., Sec. 4.1; figures from the published code).

24 kHz mono, 1.28 s around the segment's centre, 256 frequencies by 256 steps of 5 ms, log(|X|^2 + 1e-6), no further
normalisation. Silence is therefore log(1e-6) = -13.8, and never 0.
"""

import math

import numpy as np
import torch
import torchaudio

from adamml.media.sampling import SAMPLE_RATE, WINDOW_SAMPLES, WINDOW_SECONDS

LOG_FLOOR = 1e-6
SILENCE = math.log(LOG_FLOOR)
SIZE = 256

# An odd FFT length gives exactly 256 frequencies. Computed in float64: in float32 the rounding noise of quiet bins
# reaches the fourth digit of the logarithm.
_power_spectrum = torchaudio.transforms.Spectrogram(
    n_fft=511, win_length=240, hop_length=120, power=2.0, center=True, pad_mode="constant"
).double()


def sound_window(samples: np.ndarray, centre_s: float) -> np.ndarray:
    """The 1.28 s of a track around `centre_s`, shifted inwards at its ends; a shorter track is repeated.

    Args:
        samples: (N,) mono at 24 kHz.
        centre_s: seconds from the track's start.

    Returns:
        (30720,) float32.

    Raises:
        ValueError: when there are no samples at all.
    """
    if samples.size == 0:
        raise ValueError("an empty sound track has no window")
    if samples.size < WINDOW_SAMPLES:
        samples = np.tile(samples, -(-WINDOW_SAMPLES // samples.size))[:WINDOW_SAMPLES]
    start, end = window_span(samples.size, centre_s)
    return np.ascontiguousarray(samples[start:end], dtype=np.float32)


def window_span(size: int, centre_s: float) -> tuple[int, int]:
    """(start, end) of that window in a track of `size` samples, at least 30720."""
    start = round((centre_s - WINDOW_SECONDS / 2) * SAMPLE_RATE)
    start = min(max(start, 0), size - WINDOW_SAMPLES)
    return start, start + WINDOW_SAMPLES


def log_spectrogram(window: np.ndarray) -> torch.Tensor:
    """(30720,) samples -> (256, 256) float32, frequency by time, low frequencies first."""
    power = _power_spectrum(torch.from_numpy(np.asarray(window, dtype=np.float64)))
    return torch.log(power + LOG_FLOOR).float()
