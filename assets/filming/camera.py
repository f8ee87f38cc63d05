"""The camera of the example clips: draws one frame of a scene, with its animal, for a look and a moment.

`Look` says what the camera does and what hides the animal; all its numbers can be blended, so that one look turns
smoothly into the next. Frames are uint8 (HEIGHT, WIDTH, RGB).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops
from scipy.ndimage import gaussian_filter

from .scenery import (
    CENTER,
    HEIGHT,
    RIM,
    STAMPS,
    WIDTH,
    WORLD,
    Color,
    Layer,
    Pixels,
    Scene,
    empty,
    noise,
    rgb,
    stamp,
    strands,
    to_image,
)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the camera does, and what stands between us and the animal (0 = nothing, 1 = fully)."""

    pan: float = 0.0  # pixels to the right, at the animal's distance
    zoom: float = 1.0
    walk: float = 0.0  # pixels that the animal has walked to the right
    fog: float = 0.0
    night: float = 0.0
    cover: float = 0.0  # a door or a curtain

    @property
    def hidden(self) -> bool:
        return abs(self.pan) > 350 or abs(self.walk) > 300 or max(self.fog, self.night, self.cover) > 0.8

    def toward(self, other: Look, share: float) -> Look:
        mixed = {f.name: getattr(self, f.name) * (1 - share) + getattr(other, f.name) * share for f in fields(self)}
        return Look(**mixed)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The animal or instrument: which stamp, how tall in pixels, where the middle of its lower edge is in the frame."""

    stamp: str
    height: int
    feet: tuple[float, float]
    flip: bool = False
    tilt: float = 0.0  # degrees
    tint: Color = (1.0, 1.0, 1.0)
    nod: float = 3.0  # degrees that it moves while it calls; 0: a thing, it does not even breathe
    steps: int = 5  # bounces in one walk
    lift: float = 4.0  # height of a bounce in pixels
    shadow: float = 0.6  # darkness of the shadow at its feet
    wall: tuple[float, float] | None = None  # pixels by which its shadow on a wall behind it is shifted


def smooth(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def faded(image: Image.Image, share: float) -> Image.Image:
    """The RGBA image with its alpha times `share`."""
    if share < 1:
        image.putalpha(image.getchannel("A").point([round(alpha * share) for alpha in range(256)]))
    return image


def seen_through(image: Image.Image, data: Sequence[float], sampling: Image.Resampling) -> Image.Image:
    """The frame cut out of an image by an affine map from frame to image positions."""
    return image.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, data, sampling)


@lru_cache(maxsize=2)
def moonlight(x: int, row: int) -> Pixels:
    """The moon and its halo at a point of the sky, as RGBA of the whole frame."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    halo = 0.40 * np.exp(-np.hypot(columns - x, rows - row) / 70) + 0.10 * np.exp(-(((rows - row) / 150.0) ** 2))
    image = to_image(np.dstack([np.full((HEIGHT, WIDTH, 3), (0.62, 0.70, 0.86)), halo]))
    disc = Image.open(STAMPS / "space/moon/moon_full.png").convert("RGBA").resize((44, 44), Image.Resampling.LANCZOS)
    image.alpha_composite(disc, (x - 22, row - 22))
    return np.asarray(image, np.float32) / np.float32(255)


class Film:
    """Draws the frames of one scene with one subject."""

    PAD = 40  # empty pixels around the subject, for its shadow
    FINE = 2  # the subject is kept at twice its size, so that turning it does not blur it

    def __init__(self, scene: Scene, subject: Subject, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.scene, self.subject = scene, subject
        pixels = self._photo(rng)
        self.image = to_image(pixels)
        self.shadow, soles = self._ground_contact(pixels[..., 3])
        self.front = [*self._tufts(rng, soles), *scene.front]
        self.silhouette = Image.fromarray((gaussian_filter(pixels[..., 3], 12) * 130).astype(np.uint8))
        self.mist = noise(rng, WORLD, (500, 120), 4)
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
        corner = np.hypot((columns - WIDTH / 2) / WIDTH, (rows - HEIGHT / 2) / HEIGHT)
        self.vignette = (1 - 0.55 * np.clip(corner - 0.25, 0, 1))[..., None].astype(np.float32)
        self.grain = rng.standard_normal((6, HEIGHT, WIDTH, 1)).astype(np.float32) * 0.006

    def _photo(self, rng: np.random.Generator) -> Pixels:
        """The stamp at its size, with some of the detail and shading that enlarging a small photo loses."""
        subject = self.subject
        image = stamp(subject.stamp, subject.height * self.FINE, flip=subject.flip, tint=subject.tint)
        growth = image.height / Image.open(STAMPS / f"{subject.stamp}.png").height
        image = image.rotate(subject.tilt, Image.Resampling.BICUBIC, expand=True)
        pixels = np.asarray(image, np.float32) / 255
        colors = pixels[..., :3]
        detail = colors - gaussian_filter(colors, (growth * 0.7, growth * 0.7, 0))
        speckle = gaussian_filter(rng.standard_normal(pixels.shape[:2]), 0.9)[..., None] * min(0.05, 0.016 * growth)
        light = np.linspace(1.06, 0.86, len(pixels))[:, None, None]  # the sky gives more light than the ground
        pixels = np.dstack([(colors + min(0.8, 0.3 * growth) * detail) * (1 + speckle) * light, pixels[..., 3]])
        return np.pad(pixels, ((self.PAD, self.PAD), (self.PAD, self.PAD), (0, 0))).astype(np.float32)

    def _ground_contact(self, alpha: Pixels) -> tuple[Image.Image, list[tuple[float, float]]]:
        """A soft shadow below the stamp, as large as the stamp, and where in the frame it touches the ground."""
        height, width = alpha.shape
        lowest = height - 1 - np.argmax(alpha[::-1] > 0.5, axis=0)
        touching = np.flatnonzero((alpha.max(axis=0) > 0.5) & (lowest > height * 0.74))
        soles = np.zeros_like(alpha)
        soles[np.minimum(height - 1, lowest[touching] + 2), touching] = 1
        near, wide = gaussian_filter(soles, (5, 12)), gaussian_filter(soles, (11, 44))
        shade = np.clip(0.9 * near / near.max() + 0.6 * wide / wide.max(), 0, 1) * self.subject.shadow
        left, top = self.subject.feet[0] - width / 2 / self.FINE, self.subject.feet[1] - (height - self.PAD) / self.FINE
        points = [(left + x / self.FINE, top + lowest[x] / self.FINE) for x in touching[::6]]
        return Image.fromarray((shade * 255).astype(np.uint8)), points

    def _tufts(self, rng: np.random.Generator, soles: list[tuple[float, float]]) -> list[Layer]:
        """Grass that grows in front of the feet, so that the animal stands in the meadow and not on it."""
        if self.scene.grass is None:
            return []
        canvas, left = empty(), CENTER[0] - WIDTH / 2
        near = [sole for sole in soles for _ in range(5)]
        roots = [(left + x + rng.normal(0, 7), RIM + y + rng.uniform(1, 7), rng.uniform(7, 19)) for x, y in near]
        strands(canvas, sorted(roots, key=lambda root: root[1]), rng, *self.scene.grass, lean=0.3)
        return [Layer(image=canvas, near=1.0)]

    def _layer(self, layer: Layer, look: Look, drift: tuple[float, float]) -> Image.Image:
        """One layer as the camera sees it; a ground layer slides faster in its lower rows (a shear)."""
        zoom = 1 + (look.zoom - 1) * min(layer.near, 1.2)
        far = layer.near if layer.far is None else layer.far
        slope = (layer.near - far) / (HEIGHT - layer.horizon)
        pan, at_top = look.pan + drift[0], far - slope * layer.horizon
        left, shear = CENTER[0] - WIDTH / 2 / zoom + pan * at_top, pan * slope
        low = int(left + min(0.0, shear * HEIGHT)) - 2  # cut out the needed part first: it is much faster
        crop = layer.image.crop((low, 0, low + int(WIDTH / zoom + abs(shear * HEIGHT)) + 6, WORLD[1]))
        data = (1 / zoom, shear, left - low, 0.0, 1 / zoom, CENTER[1] - HEIGHT / 2 / zoom + drift[1])
        return seen_through(crop, data, Image.Resampling.BILINEAR)

    def _animal(
        self, look: Look, drift: tuple[float, float], time: float, call: float, stride: float
    ) -> tuple[Image.Image, Image.Image]:
        """The animal in the frame (RGBA), and how dark its shadow is (L)."""
        subject = self.subject
        width, height = self.image.size
        breath, angle = 1.0, 0.0
        if subject.nod:
            breath = (1 + 0.006 * math.sin(2 * math.pi * time / 2.6)) * (1 + 0.015 * call)
            angle = math.radians(subject.nod * call + 0.4 * math.sin(1.7 * time)) * (1 if subject.flip else -1)
        jump = subject.lift * abs(math.sin(math.pi * subject.steps * stride))
        scale = look.zoom / self.FINE
        x = WIDTH / 2 + (subject.feet[0] + look.walk - look.pan - drift[0] - WIDTH / 2) * look.zoom
        y = HEIGHT / 2 + (subject.feet[1] - drift[1] - HEIGHT / 2) * look.zoom
        floor = (1 / scale, 0, width / 2 - x / scale, 0, 1 / scale, height - self.PAD - y / scale)
        shadow = seen_through(self.shadow, floor, Image.Resampling.BILINEAR)
        if jump:
            shadow = shadow.point([round(dark * max(0.0, 1 - jump / 60)) for dark in range(256)])
        if subject.wall is not None:
            wall = (*floor[:2], floor[2] - subject.wall[0] / scale, *floor[3:5], floor[5] - subject.wall[1] / scale)
            shadow = ImageChops.lighter(shadow, seen_through(self.silhouette, wall, Image.Resampling.BILINEAR))
        y -= jump * look.zoom
        cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
        across = (cos, sin, width / 2 - cos * x - sin * y)
        down = (-sin / breath, cos / breath, height - self.PAD + (sin * x - cos * y) / breath)
        return seen_through(self.image, (*across, *down), Image.Resampling.BICUBIC), shadow

    def _thicken(self, picture: Pixels, look: Look, time: float) -> None:
        """Drifting fog between the camera and everything, in place."""
        left = int(CENTER[0] - WIDTH / 2 + 14 * time + look.pan * 0.8)
        mist = self.mist[RIM : RIM + HEIGHT, left : left + WIDTH, None]
        picture += (rgb(self.scene.fog) * (0.94 + 0.08 * mist) - picture) * look.fog * (0.66 + 0.26 * mist)

    def _darken(self, picture: Pixels, look: Look) -> None:
        """From day over dusk (night = 0.5) to moonlight, in place."""
        gray = (picture @ rgb((0.3, 0.55, 0.15)))[..., None]
        picture += (gray - picture) * 0.6 * look.night
        day, dusk, dark = (1.0, 1.0, 1.0), self.scene.dusk, self.scene.dark
        low, high, share = (day, dusk, look.night * 2) if look.night < 0.5 else (dusk, dark, look.night * 2 - 1)
        picture *= rgb(low) * (1 - share) + rgb(high) * share
        late = smooth(look.night * 2 - 1)
        if self.scene.moon is not None and late > 0:
            moon = moonlight(round(self.scene.moon[0] - look.pan * 0.06), self.scene.moon[1])
            picture += (moon[..., :3] - picture) * moon[..., 3:] * late

    def _close(self, picture: Pixels, cover: Image.Image, share: float) -> None:
        """Slide the door or the curtain in from the right, in place."""
        edge = round(WIDTH * (1 - share))
        picture *= 0.35 + 0.65 * np.clip((edge - np.arange(WIDTH)) / 40, 0, 1)[None, :, None]  # its shadow
        picture[:, edge:] = (np.asarray(cover, np.float32) / 255)[:, : WIDTH - edge]

    def _finish(self, picture: Pixels, index: int) -> NDArray[np.uint8]:
        picture = (picture + self.grain[index % len(self.grain)]) * self.vignette
        return np.asarray(np.clip(picture, 0, 1) * 255 + 0.5, np.uint8)

    def frame(self, look: Look, time: float, call: float, stride: float, index: int) -> NDArray[np.uint8]:
        """`call`: how loud it calls; `stride`: how much of a walk is done (both 0..1); `index` picks the grain."""
        scene, late = self.scene, smooth(look.night * 2 - 1)
        if look.cover == 1 and scene.cover is not None:  # nothing else is to be seen
            return self._finish(np.array(scene.cover, np.float32) / np.float32(255), index)
        drift = (2.2 * math.sin(0.9 * time) + 1.3 * math.sin(2.1 * time + 1), 1.2 * math.sin(1.3 * time + 0.5))
        image = Image.new("RGBA", (WIDTH, HEIGHT))
        for layer in scene.back:
            image.alpha_composite(self._layer(layer, look, drift))
        if look.fog > 0:  # the background goes first
            fog = Image.new("RGBA", image.size, (*(round(c * 255) for c in scene.fog), 255))
            image = Image.blend(image, fog, look.fog**0.7 * 0.82)
        gone = max(look.fog**4, smooth(late * 2 - 1))  # the animal is gone before fog or night is complete
        if gone < 1:
            animal, shadow = self._animal(look, drift, time, call, stride)
            light = (1 - look.fog) * (1 - late)
            image.paste((0, 0, 0, 255), mask=shadow.point([round(dark * light) for dark in range(256)]))
            image.alpha_composite(faded(animal, 1 - gone))
        for layer in self.front:
            image.alpha_composite(faded(self._layer(layer, look, drift), 1 - 0.9 * look.fog))
        picture = np.asarray(image.convert("RGB"), np.float32) / np.float32(255)
        if look.fog > 0:
            self._thicken(picture, look, time)
        if look.night > 0:
            self._darken(picture, look)
        if look.cover > 0 and scene.cover is not None:
            self._close(picture, scene.cover, look.cover)
        return self._finish(picture, index)
