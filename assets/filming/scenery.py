"""Drawing tools for the scenery of the example clips: skies, hills, rows of photographed trees, grass, boards, light.

A scene is a stack of layers, each as wide as WORLD and tagged with how fast it slides when the camera pans: 0 is
infinitely far, 1 is the animal's own distance, above 1 is nearer. The animal stands between the back and front layers.
Rows are given as rows of the frame, columns as columns of the world. Arrays of pixels are float32 (rows, columns, RGB
or RGBA) in 0..1, alpha not premultiplied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

Pixels = NDArray[np.float32]
Color = tuple[float, float, float]
Shades = tuple[Color, Color]  # the darkest and the lightest blade of a kind of grass

STAMPS = Path("/usr/share/tuxpaint/stamps")
WIDTH, HEIGHT = 640, 360
WORLD = (2240, 420)  # layers are larger than the frame: room to pan, and a rim for the hand-held drift
CENTER = (WORLD[0] / 2, WORLD[1] / 2)
RIM = (WORLD[1] - HEIGHT) // 2  # world row of the top row of the frame
ROWS = np.arange(WORLD[1], dtype=np.float32)[:, None] - RIM  # (rows, 1): the frame row of each world row


@dataclass(frozen=True, kw_only=True)
class Layer:
    image: Image.Image  # RGBA, WORLD pixels
    near: float  # share of the pan at the bottom of the frame
    far: float | None = None  # share of the pan at row `horizon`; None: the same everywhere
    horizon: float = HEIGHT / 2


@dataclass(frozen=True, kw_only=True)
class Scene:
    back: Sequence[Layer]
    front: Sequence[Layer] = ()
    grass: Shades | None = None  # what grows around the feet
    fog: Color = (0.83, 0.85, 0.86)
    dusk: Color = (0.62, 0.42, 0.32)  # light half-way between day and night
    dark: Color = (0.075, 0.105, 0.20)
    moon: tuple[int, int] | None = None  # column and row of the frame
    cover: Image.Image | None = None  # RGB, as large as the frame: the door or curtain that slides in from the right


# ---- pixels ----


def rgb(color: Color) -> Pixels:
    return np.asarray(color, np.float32)


def mix(low: Color, high: Color, share: NDArray[np.floating]) -> Pixels:
    """Colors (rows, columns, RGB) between two colors, for shares (rows, columns)."""
    return np.asarray(rgb(low) + (rgb(high) - rgb(low)) * share[..., None], np.float32)


def noise(rng: np.random.Generator, size: tuple[int, int], cell: tuple[float, float], octaves: int = 4) -> Pixels:
    """Cloudy noise (rows, columns) in 0..1; `cell` is the width and height in pixels of its largest blobs."""
    total = np.zeros((size[1], size[0]), np.float32)
    for octave in range(octaves):
        grid = (max(2, int(size[0] / cell[0] * 2**octave)), max(2, int(size[1] / cell[1] * 2**octave)))
        patch = Image.fromarray(rng.standard_normal((grid[1], grid[0])).astype(np.float32))
        total += np.asarray(patch.resize(size, Image.Resampling.BICUBIC)) * 0.55**octave
    low, high = np.percentile(total, (1, 99))
    return np.asarray(np.clip((total - low) / (high - low), 0, 1), np.float32)


def to_image(pixels: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """Gaussian blur that does not drag the color of transparent pixels into the edges."""
    pixels = np.asarray(image, np.float32) / 255
    pixels = np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=2)
    pixels = gaussian_filter(pixels, (radius, radius, 0))
    pixels[..., :3] /= np.maximum(pixels[..., 3:], 1e-4)
    return to_image(pixels)


def empty() -> Image.Image:
    return Image.new("RGBA", WORLD)


def sheet(pixels: NDArray[np.floating], alpha: NDArray[np.floating] | float = 1.0, soft: float = 0.0) -> Image.Image:
    """RGB pixels and how much they cover, as an image of the world."""
    image = to_image(np.dstack([pixels, np.broadcast_to(alpha, pixels.shape[:2])]))
    return blurred(image, soft) if soft else image


def glow(pixels: NDArray[np.floating], x: float, y: float, radius: tuple[float, float], strength: Color) -> Pixels:
    """Light that falls on a surface, brightest at the pixel (x, y)."""
    rows, columns = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    fall = np.exp(-(((columns - x) / radius[0]) ** 2) - ((rows - y) / radius[1]) ** 2)[..., None]
    return np.asarray(pixels * (1 + fall * rgb(strength)), np.float32)


# ---- photos ----


def stamp(
    name: str,
    height: int,
    *,
    flip: bool = False,
    tint: Color = (1.0, 1.0, 1.0),
    haze: tuple[Color, float] = ((1.0, 1.0, 1.0), 0.0),  # air between us and it: a color, and how much of it
) -> Image.Image:
    """A photo stamp without its empty rim, `height` pixels tall."""
    image = Image.open(STAMPS / f"{name}.png").convert("RGBA")
    image = image.crop(image.getchannel("A").point(lambda alpha: 255 if alpha > 40 else 0).getbbox())
    image = image.resize((max(1, round(image.width * height / image.height)), height), Image.Resampling.LANCZOS)
    if flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    pixels = np.asarray(image, np.float32) / 255
    colors = pixels[..., :3] * rgb(tint)
    return to_image(np.dstack([colors + (rgb(haze[0]) - colors) * haze[1], pixels[..., 3]]))


def stand(canvas: Image.Image, image: Image.Image, x: float, row: float) -> None:
    """Put the image on the canvas, the middle of its lower edge at world column x and frame row `row`."""
    left, top = int(x - image.width / 2), int(row + RIM - image.height)
    visible = image.crop((max(0, -left), max(0, -top), image.width, image.height))
    canvas.alpha_composite(visible, (max(0, left), max(0, top)))


def trees(
    rng: np.random.Generator,
    names: Sequence[str],
    row: float,
    *,
    tall: tuple[int, int],
    gap: tuple[int, int],
    near: float,
    soft: float,
    haze: tuple[Color, float],
) -> Layer:
    """A row of trees of random heights and distances."""
    canvas, x = empty(), 0.0
    while x < WORLD[0]:
        name, height, light = (
            names[int(rng.integers(len(names)))],
            int(rng.integers(*tall)),
            float(rng.uniform(0.75, 1.15)),
        )
        tree = stamp(name, height, flip=bool(rng.integers(2)), tint=(light, light, light * 0.95), haze=haze)
        stand(canvas, tree, x, row + rng.uniform(0, 6))
        x += rng.integers(*gap)
    return Layer(image=blurred(canvas, soft), near=near)


# ---- drawn nature ----


def sky(rng: np.random.Generator, top: Color, low: Color, horizon: float, clouds: float = 0.6) -> Layer:
    height = np.clip((ROWS + RIM) / (horizon + RIM), 0, 1)
    pixels = mix(top, low, np.broadcast_to(height, WORLD[::-1]))
    puffs = np.clip((noise(rng, WORLD, (330, 110), 6) - 0.52) * 3.2, 0, 1) * clouds
    puffs = gaussian_filter(puffs, 2.5) * (0.35 + 0.65 * height)
    pixels += (np.minimum(rgb(low) * 1.14, 1) - pixels) * puffs[..., None]
    return Layer(image=sheet(pixels), near=0.06)


def ridge(rng: np.random.Generator, row: float, swing: float, color: Color, near: float, soft: float) -> Layer:
    """A line of hills."""
    crest = row - swing * (noise(rng, (WORLD[0], 2), (520, 2), 4)[0] - 0.5)
    shade = 0.86 + 0.28 * noise(rng, WORLD, (90, 22), 4)
    return Layer(image=sheet(shade[..., None] * rgb(color), np.clip(ROWS - crest, 0, 1), soft), near=near)


def strands(
    canvas: Image.Image,
    roots: Sequence[tuple[float, float, float]],
    rng: np.random.Generator,
    dark: Color,
    light: Color,
    *,
    width: float = 1.0,
    lean: float = 0.35,
) -> None:
    """Blades of grass, as (x, y, length) in the world, drawn in that order, at twice the size for smooth edges."""
    big = Image.new("RGBA", (WORLD[0] * 2, WORLD[1] * 2), (*(int(c * 255) for c in dark), 0))
    draw = ImageDraw.Draw(big)
    for x, y, length in roots:
        bend, half = length * rng.normal(0, lean), width * rng.uniform(0.5, 1.1) * (0.4 + 0.04 * min(length, 30))
        share = float(np.clip(rng.normal(0.45, 0.28), 0, 1))
        fill = (*(int(255 * (a + (b - a) * share)) for a, b in zip(dark, light, strict=True)), 255)
        waist = (0.6 * half, 0.3 * bend, -0.6 * length)  # half width, shift and height where the blade bends
        edge = [
            (-half, 0.0),
            (waist[1] - waist[0], waist[2]),
            (bend, -length),
            (waist[1] + waist[0], waist[2]),
            (half, 0),
        ]
        draw.polygon([((x + dx) * 2, (y + dy) * 2) for dx, dy in edge], fill=fill)
    canvas.alpha_composite(big.resize(WORLD, Image.Resampling.BOX))


def blades(
    canvas: Image.Image,
    rng: np.random.Generator,
    count: int,
    rows: tuple[float, float],
    tall: tuple[float, float],
    shades: Shades,
    *,
    width: float = 1.0,
    lean: float = 0.35,
) -> None:
    """A field of grass from back to front; `tall` is the length of a blade at the first and at the last row."""
    shares = np.sort(rng.random(count))
    lengths = (tall[0] + (tall[1] - tall[0]) * shares) * rng.uniform(0.5, 1.25, count)
    columns, lines = rng.uniform(0, WORLD[0], count), rows[0] + (rows[1] - rows[0]) * shares + RIM
    roots = list(zip(columns.tolist(), lines.tolist(), lengths.tolist(), strict=True))
    strands(canvas, roots, rng, *shades, width=width, lean=lean)


def ground(rng: np.random.Generator, horizon: float, far: Color, close: Color, grass: Shades) -> Layer:
    """A meadow from the horizon to our feet, out of focus far away."""
    depth = np.clip((ROWS - horizon) / (HEIGHT - horizon), 0, 1)
    shade = 0.78 + 0.28 * noise(rng, WORLD, (170, 16), 4) + 0.16 * noise(rng, WORLD, (24, 5), 3)
    canvas = sheet(
        mix(far, close, np.broadcast_to(np.sqrt(depth), WORLD[::-1])) * shade[..., None],
        (ROWS - horizon >= 0).astype(np.float32),
    )
    blades(canvas, rng, 9000, (horizon + 2, HEIGHT + 30), (3, 26), grass)
    sharp, soft = np.asarray(canvas, np.float32) / 255, np.asarray(blurred(canvas, 3.0), np.float32) / 255
    focus = np.clip((depth - 0.1) / 0.45, 0, 1)[..., None]
    return Layer(image=to_image(soft + (sharp - soft) * focus), near=1.15, far=0.45, horizon=horizon)


def grass_front(rng: np.random.Generator, row: float, tall: float, shades: Shades, count: int = 2600) -> list[Layer]:
    """Grass in front of the animal, and a few large blades out of focus close to the camera."""
    feet, close = empty(), empty()
    blades(feet, rng, count, (row - 2, row + 14), (tall * 0.7, tall), shades, width=0.9)
    blades(close, rng, 260, (HEIGHT + 20, HEIGHT + 40), (70, 120), shades, width=4.0, lean=0.5)
    return [Layer(image=blurred(feet, 0.5), near=1.02), Layer(image=blurred(close, 5.0), near=1.5)]


def planks(rng: np.random.Generator, size: tuple[int, int], color: Color, board: int, upright: bool = True) -> Pixels:
    """Weathered boards, `board` pixels wide, with grain, shade and dark gaps."""
    wide, long = size if upright else size[::-1]
    grain = noise(rng, (wide, long), (7, 260), 4) * 0.45 + noise(rng, (wide, long), (60, 90), 4) * 0.35
    column = np.arange(wide)
    tone = rng.uniform(0.75, 1.1, wide // board + 2)[column // board]
    gap = np.minimum(column % board, board - column % board)
    pixels = ((0.45 + grain) * tone * np.clip(0.25 + gap / 3.5, 0.25, 1))[..., None] * rgb(color)
    return (pixels if upright else pixels.transpose(1, 0, 2)).astype(np.float32)
