"""Keeping sound in step with its time stamps, where these and the number of samples disagree.

A sudden disagreement is a gap, which is filled with silence, or an overlap, which is left out. One that creeps in
comes of two clocks that ran at different speeds, that of a screen recorder and that of its microphone for instance:
from such sound a few hundredths of a second are left out or repeated again and again, where that is heard least, and
its pitch stays. Below 50 ms samples are left exactly as they are.
"""

import numpy as np

GAP_S = 0.05  # a disagreement longer than this is put right
SUDDEN_S = 0.02  # what comes in one step from one frame to the next is a gap or an overlap, and no drift
GIVEN_UP_S = 0.5  # drift that is not kept up with is a gap or an overlap as well
DRIFT_S = 0.02  # once a track drifts, this much is made up for at a time
FADE_S = 0.005  # two places in the sound are joined over this time


class InStep:
    """What to do with each frame of a sound track, one after the other.

    Args:
        rate: samples per second.
        from_start: fill a beginning that comes late, however little.
    """

    def __init__(self, rate: int, from_start: bool) -> None:
        self._rate, self._from_start = rate, from_start
        self._last_time = float("-inf")
        self._last_error: float | None = 0.0  # None where the next one says nothing about a step
        self._drifts = False
        self._overlap = 0  # samples still to be left out
        self._change = 0  # samples to be repeated in what follows, or left out of it where negative
        self._held: list[np.ndarray] = []  # what has come since that was found

    def silence_before(self, time: float | None, written: int) -> int:
        """Samples of silence that go before a frame.

        Args:
            time: of the frame in seconds from the track's start; None where it does not say.
            written: samples so far.
        """
        if time is None or time <= self._last_time:
            return 0  # no clock to go by
        begins, self._last_time = self._last_time == float("-inf"), time
        if self._overlap or self._held:
            return 0  # already at it
        error = time - written / self._rate
        last = error if self._last_error is None else self._last_error
        sudden = abs(error - last) > SUDDEN_S or abs(error) > GIVEN_UP_S
        self._last_error = error
        if begins and self._from_start and error > 0:
            return self._filled(error)
        if abs(error) <= (DRIFT_S if self._drifts else GAP_S):
            return 0
        if not begins and not sudden:
            self._drifts, self._change = True, round(error * self._rate)
        elif error > GAP_S:
            return self._filled(error)
        elif error < -GAP_S:
            self._overlap, self._last_error = round(-error * self._rate), 0.0
        return 0

    def _filled(self, error: float) -> int:
        self._last_error = 0.0
        return int(error * self._rate)

    def fitted(self, samples: np.ndarray) -> np.ndarray:
        """(channels, N) float32 of the same frame as it is heard: as it is, less, more, or none of it yet."""
        if self._overlap:
            left_out = min(self._overlap, samples.shape[1])
            self._overlap -= left_out
            return samples[:, left_out:]
        if not self._change:
            return samples
        if self._held and self._held[0].shape[0] != samples.shape[0]:
            self._held, self._change = [], 0  # the format has changed: no two places match
            return samples
        self._held.append(samples)
        fade = max(1, round(FADE_S * self._rate))
        reach = abs(self._change) * 3 // 2 + fade
        if sum(part.shape[1] for part in self._held) < reach:
            return samples[:, :0]
        whole = np.concatenate(self._held, axis=1)
        far = _alike(whole, abs(self._change), fade)
        # What is left out is what lies before that place; what is repeated is the same.
        ends, goes_on = (0, far) if self._change < 0 else (far, 0)
        self._held, self._change, self._last_error = [], 0, None
        rising = np.linspace(0, 1, fade, dtype=np.float32)
        joint = whole[:, ends : ends + fade] * (1 - rising) + whole[:, goes_on : goes_on + fade] * rising
        return np.concatenate([whole[:, :ends], joint, whole[:, goes_on + fade :]], axis=1)


def _alike(whole: np.ndarray, about: int, fade: int) -> int:
    """Samples from the beginning to the place that is most like it, half as far to half again as far as `about`."""
    mono = whole.mean(axis=0)
    least, most = max(1, about // 2), about * 3 // 2
    likeness = np.correlate(mono[least : most + fade], mono[:fade], "valid")
    power = np.convolve(np.square(mono[least : most + fade]), np.ones(fade), "valid")
    return least + int(np.argmax(likeness / np.sqrt(power + 1e-9)))
