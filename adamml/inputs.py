"""What a recognizer is given of one segment, as plain numbers. Imports nothing of ours.

A modality of a model declares here how many frames of which size it takes, or which stretch of sound in which form.
Sampling, decoding, the front ends, the engine, the cost and the page take it from there; nothing else knows a frame
count, a crop or a sample rate. Two kinds exist: the published pair (Panda et al., ICCV 2021, Sec. 4.1) and I3D
(Carreira & Zisserman, CVPR 2017) with a sound tagger (EfficientAT, Schmid et al., ICASSP 2023).
"""

import math
from dataclasses import dataclass
from typing import Literal

FrontEnd = Literal["log_spectrogram", "log_mel"]


@dataclass(frozen=True, kw_only=True)
class PictureInput:
    """Frames of one segment.

    Attributes:
        frames: T.
        spacing: seconds from one to the next.
        short_side: pixels that a frame is scaled to before its middle is taken.
        crop: pixels of that middle, wide and high.
        mean, std: by color, of values from 0 to 1.
        glimpse: which of the frames the policy is shown, made small.
    """

    frames: int
    spacing: float
    short_side: int
    crop: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    glimpse: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(T, H, W, 3), uint8."""
        return self.frames, self.crop, self.crop, 3

    @property
    def seconds(self) -> float:
        """How long a segment lasts: every frame stands until the next."""
        return self.frames * self.spacing


@dataclass(frozen=True, kw_only=True)
class SoundInput:
    """Sound of one segment: a window of mono samples, turned into a picture of frequency over time.

    Attributes:
        sample_rate: samples per second.
        samples: in a window.
        front_end: how a window becomes (F, steps); the functions are in `adamml.media.front_ends`.
        shape: (F, steps).
        silence: the value of digital silence, which is never 0.
        top_hertz: upper edge of the highest frequency.
        unit: of the values, for one unit of the natural logarithm of a power.
    """

    sample_rate: int
    samples: int
    front_end: FrontEnd
    shape: tuple[int, int]
    silence: float
    top_hertz: float
    unit: float = 1.0

    @property
    def seconds(self) -> float:
        """Length of a window."""
        return self.samples / self.sample_rate


@dataclass(frozen=True, kw_only=True)
class ClipInput:
    """What a model is given of a clip.

    Attributes:
        ticks_per_second: segments begin at whole ticks of this rate, and sound lies as in the published code; None
            places both to the exact second.
    """

    picture: PictureInput
    sound: SoundInput
    ticks_per_second: float | None = None

    @property
    def seconds(self) -> float:
        """How much of a clip a segment takes, picture and sound."""
        return max(self.picture.seconds, self.sound.seconds)


IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LOG_FLOOR, MEL_FLOOR = 1e-6, 1e-5  # added to powers before the logarithm
MEL_SHIFT, MEL_SCALE = 4.5, 5.0  # (log mel + 4.5) / 5, as EfficientAT was trained

PUBLISHED_INPUT = ClipInput(
    picture=PictureInput(
        frames=8,
        spacing=4 / 29.97,
        short_side=256,
        crop=224,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        glimpse=(0, 2, 4, 6),
    ),
    sound=SoundInput(
        sample_rate=24_000,
        samples=30_720,
        front_end="log_spectrogram",
        shape=(256, 256),
        silence=math.log(LOG_FLOOR),
        top_hertz=12_000.0,
    ),
    ticks_per_second=29.97,
)
# 1.28 s of picture and of the same sound. The short side keeps I3D's proportion of crop to frame, 224 of 256.
I3D_INPUT = ClipInput(
    picture=PictureInput(
        frames=32,
        spacing=1 / 25,
        short_side=219,
        crop=192,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        glimpse=(0, 8, 16, 24),
    ),
    sound=SoundInput(
        sample_rate=32_000,
        samples=40_960,
        front_end="log_mel",
        shape=(128, 128),
        silence=(math.log(MEL_FLOOR) + MEL_SHIFT) / MEL_SCALE,
        top_hertz=15_000.0,
        unit=1 / MEL_SCALE,
    ),
)
