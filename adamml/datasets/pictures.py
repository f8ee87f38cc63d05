"""Picture segments for training: eight frames of a photo under a moving crop, or of something that tells nothing.

Follows the composed-clip contract (zoom 1.0 to 1.6, half of the spans degraded), and what the real path then does
to a frame: short side to 256, centre crop of 224.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from adamml.datasets.sources import OTHER, Source
from adamml.inputs import PUBLISHED_INPUT

FRAMES, SIZE = PUBLISHED_INPUT.picture.frames, PUBLISHED_INPUT.picture.crop
CENTRE_SHARE = SIZE / PUBLISHED_INPUT.picture.short_side  # of the short side, after the centre crop
ASPECTS = (4 / 3, 16 / 9, 1.0, 3 / 4)
FRAME_GAP_S = PUBLISHED_INPUT.picture.spacing

Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Move:
    """A crop that glides: relative centre, its speed per second, zoom, and aspect ratio of the imagined video."""

    x: float
    y: float
    dx: float
    dy: float
    zoom: float
    aspect: float

    @staticmethod
    def draw(rng: np.random.Generator, *, still: bool = False) -> "Move":
        speed = 0.0 if still else rng.uniform(0, 0.25)
        angle = rng.uniform(0, 2 * np.pi)
        return Move(
            x=rng.random(),
            y=rng.random(),
            dx=speed * np.cos(angle),
            dy=speed * np.sin(angle),
            zoom=rng.uniform(1.0, 1.6),
            aspect=float(rng.choice(ASPECTS)),
        )

    def box(self, size: tuple[int, int], seconds: float) -> Box:
        """What the network sees of a photo at a moment: the centre square of the crop."""
        left, top, crop_w, crop_h = self._crop(size, seconds)
        side = min(crop_w, crop_h) * CENTRE_SHARE
        center_x, center_y = left + crop_w / 2, top + crop_h / 2
        return center_x - side / 2, center_y - side / 2, center_x + side / 2, center_y + side / 2

    def frame_box(self, size: tuple[int, int], seconds: float) -> Box:
        """The whole crop: what the frame of a video would show."""
        left, top, crop_w, crop_h = self._crop(size, seconds)
        return left, top, left + crop_w, top + crop_h

    def _crop(self, size: tuple[int, int], seconds: float) -> Box:
        """Left, top, width and height of the crop."""
        width, height = size
        crop_w = min(width, height * self.aspect) / self.zoom
        crop_h = crop_w / self.aspect
        # A position of 0 or 1 puts the crop at an edge; it bounces there.
        left = _bounce(self.x + self.dx * seconds) * (width - crop_w)
        top = _bounce(self.y + self.dy * seconds) * (height - crop_h)
        return left, top, crop_w, crop_h


def _bounce(position: float) -> float:
    position %= 2
    return 2 - position if position > 1 else position


def film(photo: Image.Image, boxes: Iterable[Box], size: tuple[int, int]) -> np.ndarray:
    """(T, H, W, 3) uint8: one frame of `size` (W, H) per box of the photo."""
    return np.stack([np.asarray(photo.resize(size, Image.Resampling.BILINEAR, box=box)) for box in boxes])


def blurred(frames: np.ndarray, radius: float) -> np.ndarray:
    """(T, H, W, 3) uint8 under a Gaussian blur."""
    return np.stack([np.asarray(Image.fromarray(f).filter(ImageFilter.GaussianBlur(radius))) for f in frames])


def _shrunk(frame: np.ndarray, side: int) -> np.ndarray:
    """(H, W, 3) scaled down until its shorter side is `side`, and back up."""
    height, width = frame.shape[:2]
    scale = side / min(width, height)
    small = Image.fromarray(frame).resize((round(width * scale), round(height * scale)), Image.Resampling.BOX)
    return np.asarray(small.resize((width, height)))


def degrade(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, down-scaling, darkness or noise on (T, H, W, 3) uint8, the same for all frames; sometimes two of them."""
    for kind in rng.choice(("blur", "small", "dark", "noise"), size=1 + int(rng.random() < 0.3), replace=False):
        if kind == "blur":
            frames = blurred(frames, rng.uniform(1, 4))
        elif kind == "small":
            side = int(rng.integers(40, 112))
            frames = np.stack([_shrunk(f, side) for f in frames])
        elif kind == "dark":
            frames = (frames * rng.uniform(0.2, 0.6)).astype(np.uint8)
        else:
            grain = rng.normal(0, rng.uniform(8, 35), frames.shape)
            frames = np.clip(frames + grain, 0, 255).astype(np.uint8)
    return frames


def _jitter(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mild color changes, a mirror, and the marks of compression."""
    gain = rng.uniform(0.8, 1.2) * rng.uniform(0.92, 1.08, 3)
    frames = np.clip(frames * gain, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        frames = np.repeat(frames.mean(-1, keepdims=True), 3, -1).astype(np.uint8)
    if rng.random() < 0.5:
        frames = frames[:, :, ::-1]
    quality = int(rng.integers(25, 95))
    pressed = []
    for frame in frames:
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(frame)).save(buffer, "JPEG", quality=quality)
        pressed.append(np.asarray(Image.open(buffer)))
    return np.stack(pressed)


class PictureMaker:
    """Draws labeled eight-frame segments from one side of the split.

    Args:
        sources: photos of the classes and of `OTHER`.
        test: which side of the split to use.
    """

    def __init__(self, sources: tuple[Source, ...], *, test: bool) -> None:
        self.by_label: dict[int, list[Path]] = {}
        for source in sources:
            if source.test == test:
                self.by_label.setdefault(source.label, []).append(source.path)
        listed = [path for _, paths in sorted(self.by_label.items()) for path in paths]
        self.number = {path: number for number, path in enumerate(listed)}

    def photo_segment(self, path: Path, rng: np.random.Generator) -> np.ndarray:
        """(8, 224, 224, 3) of one photo under a moving crop."""
        photo = Image.open(path).convert("RGB")
        move = Move.draw(rng, still=rng.random() < 0.1)
        return film(photo, (move.box(photo.size, k * FRAME_GAP_S) for k in range(FRAMES)), (SIZE, SIZE))

    def still(self, path: Path, rng: np.random.Generator) -> np.ndarray:
        """(1, 224, 224, 3): one photo, cropped, colored and a third of the time degraded at random."""
        photo = Image.open(path).convert("RGB")
        box = Move.draw(rng, still=True).box(photo.size, 0.0)
        frame = np.asarray(photo.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=box))[None]
        return _jitter(degrade(frame, rng) if rng.random() < 0.35 else frame, rng)

    def plain(self, path: Path) -> np.ndarray:
        """(1, 224, 224, 3): one photo as the decoder would show it, short side 256, centre crop 224."""
        photo = Image.open(path).convert("RGB")
        side = min(photo.size) * CENTRE_SHARE
        left, top = (photo.size[0] - side) / 2, (photo.size[1] - side) / 2
        box = (left, top, left + side, top + side)
        return np.asarray(photo.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=box))[None]

    def random_photo(self, label: int, rng: np.random.Generator) -> Path:
        paths = self.by_label[label]
        return paths[rng.integers(len(paths))]

    def of_nothing(self, rng: np.random.Generator) -> np.ndarray:
        """Background photo 60 %, blurred 20 %, black or flat 20 %."""
        kind = rng.random()
        if kind < 0.8:
            frames = self.photo_segment(self.random_photo(OTHER, rng), rng)
            if kind < 0.6:
                return frames
            return blurred(frames, rng.uniform(4, 14))
        color = np.zeros(3) if kind < 0.9 else rng.integers(0, 256, 3)
        return np.broadcast_to(color.astype(np.uint8), (FRAMES, SIZE, SIZE, 3)).copy()

    def segment(self, label: int, rng: np.random.Generator, *, augmented: bool, path: Path | None = None) -> np.ndarray:
        """(8, 224, 224, 3) uint8 of a class or of `OTHER`; half of the class segments are degraded.

        When augmented (training), colors, mirror and compression vary too, and the first or the last frame may belong
        to a neighboring span, as it does where a segment straddles two.
        """
        if label == OTHER:
            frames = self.of_nothing(rng)
        else:
            frames = self.photo_segment(path or self.random_photo(label, rng), rng)
            if rng.random() < 0.5:
                frames = degrade(frames, rng)
        if augmented:
            frames = _jitter(frames, rng)
            if rng.random() < 0.4:
                other = OTHER if rng.random() < 0.6 else int(rng.integers(max(self.by_label) + 1))
                neighbor = self.segment(other, rng, augmented=False)
                edge = slice(0, 1) if rng.random() < 0.6 else slice(7, 8)
                frames = frames.copy()
                frames[edge] = neighbor[edge]
        return frames
