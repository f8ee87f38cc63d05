"""From a sound track to what a recognizer is given of a segment: a window of samples, then frequency over time.

`log_spectrogram` is the published one (Panda et al., Sec. 4.1; figures from the published code): 256 frequencies by 256
steps of 5 ms, log(|X|^2 + 1e-6), no further normalization. `log_mel` is that of the sound tagger (EfficientAT): 128
Kaldi mel bands by 128 steps of 10 ms.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
import torchaudio
from torch import Tensor
from torch.nn import functional as F

from adamml.inputs import LOG_FLOOR, MEL_FLOOR, MEL_SCALE, MEL_SHIFT, PUBLISHED_INPUT, FrontEnd, SoundInput

# An odd FFT length gives exactly 256 frequencies. Computed in float64: in float32 the rounding noise of quiet bins
# reaches the fourth digit of the logarithm.
_power_spectrum = torchaudio.transforms.Spectrogram(
    n_fft=511, win_length=240, hop_length=120, power=2.0, center=True, pad_mode="constant"
).double()
PRE_EMPHASIS = 0.97
MEL_FFT, MEL_WINDOW, MEL_HOP = 1024, 800, 320  # samples
MEL_BANDS, MEL_RATE, MEL_TOP_HERTZ = 128, 32_000, 15_000.0


def sound_window(samples: np.ndarray, center_s: float, sound: SoundInput = PUBLISHED_INPUT.sound) -> np.ndarray:
    """The window of a track around `center_s`, shifted inwards at its ends; a shorter track is repeated.

    Args:
        samples: (N,) mono at the input's rate.
        centre_s: seconds from the track's start.

    Returns:
        (sound.samples,) float32.

    Raises:
        ValueError: when there are no samples at all.
    """
    if samples.size == 0:
        raise ValueError("an empty sound track has no window")
    if samples.size < sound.samples:
        samples = np.tile(samples, -(-sound.samples // samples.size))[: sound.samples]
    start, end = window_span(samples.size, center_s, sound)
    return np.ascontiguousarray(samples[start:end], dtype=np.float32)


def window_span(size: int, center_s: float, sound: SoundInput = PUBLISHED_INPUT.sound) -> tuple[int, int]:
    """(start, end) of that window in a track of `size` samples, at least as many as a window has."""
    start = round((center_s - sound.seconds / 2) * sound.sample_rate)
    start = min(max(start, 0), size - sound.samples)
    return start, start + sound.samples


def log_spectrogram(window: np.ndarray) -> Tensor:
    """(30720,) samples at 24 kHz -> (256, 256) float32, frequency by time, low frequencies first."""
    power = _power_spectrum(torch.from_numpy(np.asarray(window, dtype=np.float64)))
    return torch.log(power + LOG_FLOOR).float()


def log_mel(window: np.ndarray) -> Tensor:
    """(40960,) samples at 32 kHz -> (128, 128) float32, mel band by time, low bands first."""
    return log_mel_batch(torch.from_numpy(np.array(window, dtype=np.float32))[None])[0]


def log_mel_batch(waves_BN: Tensor) -> Tensor:
    """(B, N) samples at 32 kHz -> (B, 128, steps), steps = 1 + (N - 1) // 320."""
    filters, window = _mel_filters(), torch.hann_window(MEL_WINDOW, periodic=False)
    emphasized = waves_BN[:, 1:] - PRE_EMPHASIS * waves_BN[:, :-1]
    spectrum = torch.stft(emphasized, MEL_FFT, MEL_HOP, MEL_WINDOW, window, center=True, return_complex=True)
    power_BFT = spectrum.real.square() + spectrum.imag.square()
    return ((filters @ power_BFT + MEL_FLOOR).log() + MEL_SHIFT) / MEL_SCALE


@cache
def _mel_filters() -> Tensor:
    """(128, 513): Kaldi's triangles, straight in mel, 0 Hz to 15 kHz; the last bin counts for nothing."""

    def mel(hertz: Tensor) -> Tensor:
        return 1127.0 * torch.log1p(hertz / 700.0)

    bins_F = mel(torch.arange(MEL_FFT // 2, dtype=torch.float64) * MEL_RATE / MEL_FFT)[None]
    top = float(mel(torch.tensor(MEL_TOP_HERTZ, dtype=torch.float64)))
    edges = torch.linspace(0.0, top, MEL_BANDS + 2, dtype=torch.float64)
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = torch.minimum((bins_F - left) / (middle - left), (right - bins_F) / (right - middle)).clamp_min(0)
    return F.pad(triangles, (0, 1)).float()


FRONT_ENDS: dict[FrontEnd, Callable[[np.ndarray], Tensor]] = {"log_spectrogram": log_spectrogram, "log_mel": log_mel}
