"""Adapting the tagger to short windows: to say of 1.28 s, augmented, what public weights say of the whole recording.

The teacher hears a whole recording, the student a window of it under gain, noise, band limits and mixtures. So any
sound serves. Of a recording that is known by name, that sound is wanted as well: of single notes the public weights
often say "siren". All layers learn; norm statistics stay. Windows are taken where something is heard.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torchaudio
from scipy.signal import butter, sosfilt
from torch import Tensor, nn
from torch.nn import functional as F

from adamml.inputs import I3D_INPUT
from adamml.media.front_ends import log_mel_batch
from adamml.nn.tagger import Tagger
from adamml.training.loop import Job, one_cycle, row_rng

SOUND = I3D_INPUT.sound
PEAK = 0.9
MOST_SECONDS = 10.0  # what the public weights were trained on
STEPS_DIVISOR = 32  # the tagger halves time five times


# What a folder of recordings holds, in the tagger's words.
NAMED = {
    "baby_cry": "Baby cry, infant cry",
    "bird": "Bird",
    "cat": "Cat",
    "chainsaw": "Chainsaw",
    "chicken": "Chicken, rooster",
    "clarinet": "Clarinet",
    "clock_tick": "Tick-tock",
    "cow": "Cattle, bovinae",
    "dog": "Dog",
    "drums": "Drum",
    "fire": "Fire",
    "flute": "Flute",
    "frog": "Frog",
    "guitar": "Guitar",
    "helicopter": "Helicopter",
    "lion": "Roaring cats (lions, tigers)",
    "rain": "Rain",
    "saxophone": "Saxophone",
    "sea_waves": "Waves, surf",
    "sheep": "Sheep",
    "sneeze": "Sneeze",
    "violin": "Violin, fiddle",
}
NAMED_SCORE, UNNAMED_SHARE = 0.9, 0.5  # wanted of that sound; left of what the teacher says of the others


@dataclass(frozen=True, kw_only=True)
class TaggerStage:
    """How the tagger is adapted.

    Attributes:
        mixture_share: windows over which another recording is laid, whose sounds then count as well.
        plain_share: windows that are left as they are.
        empty_share: windows of silence or faint noise, of which the teacher's own word is wanted.
        keep: share of the public weights that is mixed back in at the end (Wortsman et al., CVPR 2022). Without it the
            tagger takes much of the world for the few sounds that it was shown by name: pianos for guitars.
    """

    steps: int = 700
    batch: int = 32
    rate: float = 4e-4
    decay: float = 1e-4
    mixture_share: float = 0.3
    plain_share: float = 0.2
    empty_share: float = 0.05
    keep: float = 0.5
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording at 32 kHz, and what the teacher says of all of it: scores (527,) from 0 to 1."""

    samples: np.ndarray
    scores: Tensor
    test: bool


def whole_recordings(teacher: Tagger, sounds: Sequence[tuple[np.ndarray, int | None, bool]]) -> list[Recording]:
    """Ask the teacher of recordings, ten seconds at a time.

    Args:
        sounds: samples at 32 kHz; number of the sound that they are known by, or None; whether they are kept apart.
    """
    found = []
    for samples, named, test in sounds:
        if samples.size < SOUND.samples:
            samples = np.tile(samples, -(-SOUND.samples // max(1, samples.size)))[: SOUND.samples]
        samples = (samples * (PEAK / max(float(np.abs(samples).max()), 1e-4))).astype(np.float32)
        most = int(MOST_SECONDS * SOUND.sample_rate)
        pieces = [samples[begin : begin + most] for begin in range(0, max(1, samples.size - SOUND.samples + 1), most)]
        with torch.inference_mode():
            scores = torch.stack([_scores(teacher, piece) for piece in pieces]).mean(0)
        if named is not None:
            scores = scores * UNNAMED_SHARE
            scores[named] = NAMED_SCORE
        found.append(Recording(samples=samples, scores=scores.clone(), test=test))
    return found


def _scores(teacher: Tagger, samples: np.ndarray) -> Tensor:
    mel = log_mel_batch(torch.from_numpy(np.ascontiguousarray(samples))[None])
    return teacher(mel[..., : mel.shape[-1] // STEPS_DIVISOR * STEPS_DIVISOR]).sigmoid()[0]


def cut_window(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A window that is the loudest of three, since recordings hold silence too."""
    starts = rng.integers(0, samples.size - SOUND.samples + 1, 3)
    windows = [samples[start : start + SOUND.samples] for start in starts]
    return max(windows, key=lambda window: float(np.square(window).mean())).copy()


def wear(window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise at 5 to 30 dB, band limits, gain from -24 to 0 dB; each only now and then."""
    if rng.random() < 0.4:
        spectrum = np.fft.rfft(rng.standard_normal(window.size))
        spectrum *= np.maximum(np.arange(spectrum.size), 1) ** -rng.uniform(0, 1)
        noise = np.fft.irfft(spectrum, window.size)
        power = np.square(window).mean() / max(float(np.square(noise).mean()), 1e-12)
        window = window + noise * np.sqrt(power / 10 ** (rng.uniform(5, 30) / 10))
    if rng.random() < 0.3:
        cutoff = np.exp(rng.uniform(np.log(2500), np.log(14000)))
        window = sosfilt(butter(4, cutoff, fs=SOUND.sample_rate, output="sos"), window)
    if rng.random() < 0.15:
        cutoff = np.exp(rng.uniform(np.log(40), np.log(400)))
        window = sosfilt(butter(2, cutoff, "highpass", fs=SOUND.sample_rate, output="sos"), window)
    return (window * 10 ** (rng.uniform(-24, 0) / 20)).astype(np.float32)


class TaggerJob(Job):
    """The adaptation as a job of the training loop.

    Args:
        network: with the public weights; trained in place.
        recordings: of both sides; those kept apart are only measured on.
    """

    name = "tagger"

    def __init__(self, network: Tagger, recordings: Sequence[Recording], config: TaggerStage) -> None:
        self.config, self.steps = config, config.steps
        self.network: nn.Module = network.requires_grad_(True)
        self.teacher = copy.deepcopy(network).eval().requires_grad_(False)
        self.train = [r for r in recordings if not r.test]
        self.test = [r for r in recordings if r.test]
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=config.decay)

    def rows(self) -> int:
        return self.config.batch

    def rate(self, step: int) -> float:
        return one_cycle(step, self.steps)

    def loss(self, network: nn.Module, step: int, rows: range) -> Tensor:
        network.eval()  # norm statistics stay those of ten seconds of all AudioSet
        drawn = [self._row(row_rng(self.config.seed, step, row)) for row in rows]
        mel_BFT = log_mel_batch(torch.from_numpy(np.stack([wave for wave, _ in drawn])))
        wanted_BN = torch.stack(
            [self._own_word(mel) if t is None else t for (_, t), mel in zip(drawn, mel_BFT, strict=True)]
        )
        return F.binary_cross_entropy_with_logits(network(mel_BFT), wanted_BN, reduction="sum") / len(drawn)

    def _own_word(self, mel_FT: Tensor) -> Tensor:
        with torch.no_grad():
            return self.teacher(mel_FT[None]).sigmoid()[0]

    def _row(self, rng: np.random.Generator) -> tuple[np.ndarray, Tensor | None]:
        """A window and the scores that are wanted of it; None for the teacher's word on the window itself."""
        config = self.config
        if rng.random() < config.empty_share:
            level = 0.0 if rng.random() < 0.5 else rng.uniform(0.0003, 0.01)
            return (level * rng.standard_normal(SOUND.samples)).astype(np.float32), None
        one = self.train[int(rng.integers(len(self.train)))]
        window, scores = cut_window(one.samples, rng), one.scores
        if rng.random() < config.plain_share:
            return window, scores
        if rng.random() < config.mixture_share:
            other = self.train[int(rng.integers(len(self.train)))]
            below = rng.uniform(0, 15)  # dB
            window = window + cut_window(other.samples, rng) * np.float32(10 ** (-below / 20))
            scores = torch.maximum(scores, other.scores * float(1 - below / 20))
        return wear(window, rng), scores

    def measure(self) -> dict[str, float]:
        """Agreement on recordings kept apart, in percent."""
        return agreement(self.network, self.test)


@torch.inference_mode()
def agreement(network: nn.Module, recordings: Sequence[Recording], seed: int = 5) -> dict[str, float]:
    """How far short windows say what the teacher says of whole recordings; four windows of each, two of them augmented.

    Returns:
        `first`: share of windows whose first sound is the recording's first, in percent; `top3`: of those whose three
        first sounds have the recording's first among them; `nats`: binary cross entropy over all sounds.
    """
    first, top3, nats, count = 0.0, 0.0, 0.0, 0
    for number, recording in enumerate(recordings):
        rng = np.random.default_rng([seed, number])
        windows = [cut_window(recording.samples, rng) for _ in range(2)]
        windows += [wear(cut_window(recording.samples, rng), rng) for _ in range(2)]
        logits = network(log_mel_batch(torch.from_numpy(np.stack(windows))))
        ranked = logits.topk(3, dim=1).indices
        best = int(recording.scores.argmax())
        first += float((ranked[:, 0] == best).float().sum())
        top3 += float((ranked == best).any(1).float().sum())
        wanted = recording.scores.expand(len(windows), -1)
        nats += float(F.binary_cross_entropy_with_logits(logits, wanted, reduction="sum"))
        count += len(windows)
    return {"first": 100 * first / count, "top3": 100 * top3 / count, "nats": nats / count}


def resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    """(N,) mono at 32 kHz."""
    if rate == SOUND.sample_rate:
        return samples
    return torchaudio.functional.resample(torch.from_numpy(samples), rate, SOUND.sample_rate).numpy()


def read_recordings(
    sources: Sequence[tuple[Path, bool]], sounds: Sequence[str]
) -> list[tuple[np.ndarray, int | None, bool]]:
    """Sound files, and the sound tracks of videos; what has no sound is left out. See `whole_recordings`.

    Args:
        sources: path, and whether it is kept apart.
        sounds: names of the tagger's sounds.
    """
    from adamml.media import Clip, ClipError, settings_for

    found = []
    for path, test in sources:
        try:
            clip = Clip(path, settings_for("local", isolated=False), 1, given=I3D_INPUT)
            if clip.info.audio is not None and not clip.silent:
                named = next(
                    (NAMED[part] for part in (path.parent.name, path.parent.parent.name) if part in NAMED), None
                )
                found.append((clip.samples(), None if named is None else sounds.index(named), test))
        except ClipError:
            continue
    return found
