"""From the plan of a composed clip to its frames, (H, W, 3) uint8, and its sound, mono float32 at 24 kHz.

The same plan gives the same bytes. The class recording runs on from one of its seconds to the next and passes over what
is quiet in it, since a recording holds silence too, and a second that promises the class must let it be heard.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from adamml.datasets.composed import SECONDS, ClipPlan, ComposeError, SecondPlan
from adamml.datasets.pictures import blurred, degrade, film
from adamml.datasets.sounds import add_at_snr, noise, read_sound
from adamml.inputs import PUBLISHED_INPUT

FPS = Fraction(30_000, 1001)
SIZE = (340, 256)  # width, height: the height is what the network's crop is cut from, so nothing is scaled twice
BLUR_RADIUS = (4.0, 14.0)
FAINT = (0.001, 0.03)  # peak of faint noise
QUIET_SHARE = 10**-1.2  # of the loudest second's power: 12 dB below it still counts as loud
# So that no cut clicks: a short way in, which spares the attack of a struck drum, and a longer way out.
SAMPLE_RATE = PUBLISHED_INPUT.sound.sample_rate
FADE_IN, FADE_OUT = SAMPLE_RATE // 1000, SAMPLE_RATE // 200
PEAK = 0.99
PICTURE, SOUND = 1, 2  # streams of randomness; above 0, because seeds that differ by a trailing 0 are the same


def _rng(plan: ClipPlan, second: int, stream: int) -> np.random.Generator:
    return np.random.default_rng((*plan.seed, second + 1, stream))


def render_frames(plan: ClipPlan, size: tuple[int, int] = SIZE) -> Iterator[np.ndarray]:
    """300 frames, (H, W, 3) uint8 at 30000/1001 per second.

    Args:
        plan: from `plan_clip`.
        size: width and height of a frame, both even.

    Raises:
        ComposeError: when a photo cannot be read.
    """
    times = [float(k / FPS) for k in range(SECONDS * 30)]
    for number, second in enumerate(plan.seconds):
        # The last second has the few milliseconds that 300 frames last longer than 10 s.
        inside = [t - number for t in times if min(int(t), SECONDS - 1) == number]
        yield from _filmed(second, inside, size, _rng(plan, number, PICTURE))


def _filmed(second: SecondPlan, times: list[float], size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    width, height = size
    if second.photo is None or second.move is None:
        color = np.zeros(3) if second.look == "black" else rng.integers(0, 256, 3)
        return np.broadcast_to(color.astype(np.uint8), (len(times), height, width, 3)).copy()
    photo = _photo(second.photo)
    move = replace(second.move, aspect=width / height)
    frames = film(photo, (move.frame_box(photo.size, t) for t in times), size)
    if second.look == "degraded":
        return degrade(frames, rng)
    if second.look == "blurred":
        return blurred(frames, rng.uniform(*BLUR_RADIUS))
    return frames


def render_sound(plan: ClipPlan) -> np.ndarray:
    """(240000,) float32, mono at 24 kHz.

    Raises:
        ComposeError: when a recording cannot be read.
    """
    heard = [number for number, second in enumerate(plan.seconds) if second.sound == "class"]
    excerpts = iter(_excerpts(_recording(plan.recording), len(heard), plan.start))
    disturbances = None
    if plan.disturbance is not None:
        disturbances = iter(_excerpts(_recording(plan.disturbance), len(heard), plan.disturbance_start))
    pieces = []
    for number, second in enumerate(plan.seconds):
        rng = _rng(plan, number, SOUND)
        if second.sound == "class":
            disturbance = noise(rng, SAMPLE_RATE) if disturbances is None else next(disturbances)
            piece = add_at_snr(next(excerpts), disturbance, plan.snr_db) * _factor(plan.gain_db)
        elif second.recording is not None:
            piece = _excerpts(_recording(second.recording), 1, second.start)[0] * _factor(second.gain_db)
        elif second.sound == "noise":
            piece = noise(rng, SAMPLE_RATE) * rng.uniform(*FAINT)
        else:
            piece = np.zeros(SAMPLE_RATE)
        pieces.append(_faded(piece))
    sound = np.concatenate(pieces)
    # A mixture can be louder than full scale; all of it is turned down then, so that nothing is clipped.
    return (sound * min(1.0, PEAK / max(float(np.abs(sound).max()), 1e-9))).astype(np.float32)


@lru_cache(maxsize=32)  # a few `other` recordings serve many clips
def _recording(path: Path) -> np.ndarray:
    try:
        return read_sound(path)
    except (OSError, RuntimeError) as error:  # the latter is what libsndfile raises
        raise ComposeError(f"the sound {str(path)!r} cannot be read: {error}") from error


def _photo(path: Path) -> Image.Image:
    try:
        with Image.open(path) as file:
            return file.convert("RGB")
    except OSError as error:
        raise ComposeError(f"the photo {str(path)!r} cannot be read: {error}") from error


def _factor(decibel: float) -> float:
    return 10 ** (decibel / 20)


def _excerpts(recording: np.ndarray, count: int, start: float) -> list[np.ndarray]:
    """`count` seconds of a recording, each going on where the one before stopped, quiet stretches passed over.

    A recording of less than a second is repeated. At the end it begins again.
    """
    if recording.size == 0:
        return [np.zeros(SAMPLE_RATE, np.float32)] * count
    if recording.size < SAMPLE_RATE:
        # From its loudest moment on would cut a note's attack off, so a short sound is repeated whole.
        return [np.tile(recording, -(-SAMPLE_RATE // recording.size))[:SAMPLE_RATE]] * count
    begins = np.arange(0, recording.size - SAMPLE_RATE + 1, SAMPLE_RATE // 8)
    total = np.concatenate([[0.0], np.cumsum(np.square(recording, dtype=np.float64))])
    power = total[begins + SAMPLE_RATE] - total[begins]
    loud = begins[power >= QUIET_SHARE * power.max()]
    place, taken = int(loud[int(start * loud.size)]), []
    for _ in range(count):
        taken.append(recording[place : place + SAMPLE_RATE])
        later = loud[loud >= place + SAMPLE_RATE]
        place = int(later[0] if later.size else loud[0])
    return taken


def _faded(piece: np.ndarray) -> np.ndarray:
    ramp = np.ones(piece.size)
    ramp[:FADE_IN] = np.linspace(0, 1, FADE_IN)
    ramp[-FADE_OUT:] = np.linspace(1, 0, FADE_OUT)
    return piece * ramp
