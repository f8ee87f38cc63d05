"""The places where the example clips happen. Each function without arguments draws one place, always the same one."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .scenery import (
    CENTER,
    HEIGHT,
    RIM,
    ROWS,
    WIDTH,
    WORLD,
    Color,
    Layer,
    Scene,
    Shades,
    blurred,
    empty,
    glow,
    grass_front,
    ground,
    mix,
    noise,
    planks,
    rgb,
    ridge,
    sheet,
    sky,
    stamp,
    stand,
    to_image,
    trees,
)

OAK, PILI = "plants/trees/holm_oak", "plants/trees/tree336"
DOG_ROSE = "plants/flowers/flower8"
BIRCH, PALM = "plants/trees/birch", "plants/trees/liberia-palm"

GREEN: Shades = ((0.17, 0.23, 0.08), (0.60, 0.62, 0.32))
WET: Shades = ((0.16, 0.23, 0.10), (0.50, 0.56, 0.32))
STRAW: Shades = ((0.26, 0.25, 0.09), (0.78, 0.68, 0.36))
DRY: Shades = ((0.38, 0.28, 0.12), (0.86, 0.72, 0.40))


# ---- pastures ----


def hedge(rng: np.random.Generator, x: tuple[float, float], row: float) -> Layer:
    """Tree crowns, set so low that their trunks do not show."""
    canvas = empty()
    for _ in range(10):
        height, light = int(rng.integers(240, 310)), float(rng.uniform(0.55, 0.95))
        crown = stamp(OAK, height, flip=bool(rng.integers(2)), tint=(light * 0.85, light, light * 0.7))
        stand(canvas, crown, CENTER[0] + rng.uniform(*x), row + height * 0.42)
    return Layer(image=blurred(canvas, 1.0), near=1.04)


def fence(rng: np.random.Generator, row: float, tall: int, color: Color, near: float) -> Layer:
    rail = to_image(planks(rng, (WORLD[0], 40), color, 40, upright=False)).crop((0, 4, WORLD[0], 4 + tall // 7))
    post = to_image(planks(rng, (tall // 6, tall + 10), color, 100))
    canvas = empty()
    for height in (0.45, 0.85):
        canvas.paste(rail, (0, int(row + RIM - tall * height)))
    for x in range(30, WORLD[0], 190):
        canvas.paste(post, (x + int(rng.integers(-8, 8)), int(row + RIM - tall)))
    return Layer(image=blurred(canvas, 1.7), near=near)


def barn(rng: np.random.Generator, x: float, row: float, size: tuple[int, int]) -> Layer:
    """A wooden barn with a dark doorway and a tin roof, out of focus."""
    wide, tall = size
    walls = to_image(planks(rng, size, (0.58, 0.27, 0.20), 14))
    doorway = (wide * 0.38, tall * 0.40, wide * 0.62, tall)
    ImageDraw.Draw(walls).rectangle(doorway, fill=(34, 24, 20), outline=(214, 204, 188), width=3)
    canvas = empty()
    left, top = int(CENTER[0] + x), int(row + RIM - tall)
    canvas.paste(walls, (left, top))
    eaves, ridge_row = (left - 14, left + wide + 14), top - tall * 0.55
    draw = ImageDraw.Draw(canvas)
    roof = [(eaves[0], top + 6), (eaves[1], top + 6), (left + wide * 0.8, ridge_row), (left + wide * 0.2, ridge_row)]
    draw.polygon(roof, fill=(124, 116, 112, 255))
    for share in np.arange(1, 12) / 12:  # folds of the tin
        fold = [(eaves[0] + (wide + 28) * share, top + 6), (left + wide * (0.2 + 0.6 * share), ridge_row)]
        draw.line(fold, fill=(104, 97, 95, 255), width=2)
    return Layer(image=blurred(canvas, 2.6), near=0.5)


def meadow() -> Scene:
    rng = np.random.default_rng(11)
    haze: Color = (0.62, 0.72, 0.80)
    back = [
        sky(rng, (0.36, 0.58, 0.86), (0.80, 0.88, 0.93), 170),
        ridge(rng, 140, 50, (0.46, 0.58, 0.62), near=0.14, soft=3),
        ridge(rng, 158, 34, (0.38, 0.50, 0.36), near=0.22, soft=2.5),
        trees(rng, (OAK, PILI), 174, tall=(30, 50), gap=(10, 40), near=0.36, soft=2.2, haze=(haze, 0.45)),
        trees(rng, (OAK, OAK, PILI), 180, tall=(50, 104), gap=(50, 260), near=0.44, soft=2.0, haze=(haze, 0.2)),
        ground(rng, 168, (0.56, 0.60, 0.36), (0.34, 0.40, 0.18), GREEN),
    ]
    front = [hedge(rng, (250, 620), 322), *grass_front(rng, 326, 26, GREEN)]
    return Scene(back=back, front=front, grass=GREEN)


def foggy_pasture() -> Scene:
    rng = np.random.default_rng(12)
    haze: Color = (0.74, 0.78, 0.80)
    back = [
        sky(rng, (0.66, 0.72, 0.77), (0.86, 0.88, 0.89), 165, 0.4),
        ridge(rng, 140, 60, (0.62, 0.68, 0.70), near=0.14, soft=4),
        trees(rng, (OAK, BIRCH, PILI), 176, tall=(60, 120), gap=(50, 190), near=0.36, soft=2.5, haze=(haze, 0.55)),
        ground(rng, 168, (0.58, 0.63, 0.50), (0.30, 0.38, 0.18), WET),
        fence(rng, 232, 70, (0.62, 0.58, 0.52), near=0.72),
    ]
    return Scene(back=back, front=grass_front(rng, 322, 24, WET), grass=WET)


def farmyard() -> Scene:
    rng = np.random.default_rng(13)
    haze: Color = (0.90, 0.80, 0.64)
    back = [
        sky(rng, (0.42, 0.60, 0.84), (0.97, 0.86, 0.70), 165, 0.7),
        ridge(rng, 146, 40, (0.50, 0.55, 0.52), near=0.14, soft=3),
        trees(rng, (OAK, PILI), 180, tall=(36, 60), gap=(12, 50), near=0.32, soft=3.0, haze=(haze, 0.45)),
        trees(rng, (OAK, PILI), 190, tall=(80, 140), gap=(120, 340), near=0.40, soft=3.0, haze=(haze, 0.18)),
        barn(rng, -330, 204, (190, 92)),
        ground(rng, 178, (0.62, 0.58, 0.34), (0.44, 0.38, 0.20), STRAW),
        fence(rng, 236, 92, (0.74, 0.62, 0.48), near=0.75),
    ]
    door = glow(planks(rng, (WIDTH, HEIGHT), (0.62, 0.44, 0.30), 64), 200, 60, (300, 300), (0.5, 0.4, 0.25))
    front = grass_front(rng, 338, 18, STRAW, count=1800)
    return Scene(back=back, front=front, grass=STRAW, moon=(410, 46), cover=to_image(door))


def savanna() -> Scene:
    rng = np.random.default_rng(14)
    haze: Color = (0.92, 0.76, 0.56)
    back = [
        sky(rng, (0.55, 0.62, 0.74), (0.98, 0.80, 0.55), 172, 0.5),
        ridge(rng, 158, 30, (0.66, 0.55, 0.48), near=0.12, soft=3),
        trees(rng, (OAK, OAK, PALM), 182, tall=(36, 92), gap=(110, 340), near=0.36, soft=2.0, haze=(haze, 0.25)),
        ground(rng, 172, (0.80, 0.66, 0.38), (0.56, 0.42, 0.20), DRY),
    ]
    return Scene(back=back, front=grass_front(rng, 312, 30, DRY), grass=DRY, dusk=(0.80, 0.50, 0.36), moon=(470, 60))


# ---- the branch ----


def wood(rng: np.random.Generator, row: float) -> Layer:
    """A long branch, its upper edge near `row`."""
    outline = empty()
    upper = [(x, row + RIM + 10 * np.sin(x / 190) + 0.012 * (x - CENTER[0])) for x in range(0, WORLD[0] + 20, 20)]
    lower = [(x, y + 27 + 6 * np.sin(x / 97)) for x, y in reversed(upper)]
    ImageDraw.Draw(outline).polygon(upper + lower, fill=(255, 255, 255, 255))
    shape = np.asarray(blurred(outline, 0.7), np.float32)[..., 3] / 255
    bark = 0.35 + 0.5 * noise(rng, WORLD, (70, 7), 5) + 0.2 * noise(rng, WORLD, (9, 4), 2)
    light = np.clip(1.25 - (ROWS - row + 7) / 36, 0.35, 1.25)
    return Layer(image=sheet((bark * light)[..., None] * rgb((0.44, 0.35, 0.27)), shape), near=1.0)


def blossom(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    flower = stamp(DOG_ROSE, int(rng.integers(*size)), haze=((1.0, 0.95, 0.97), 0.5))
    return flower.rotate(rng.uniform(0, 360), Image.Resampling.BICUBIC, expand=True)


def branch() -> Scene:
    rng = np.random.default_rng(16)
    leaves = mix((0.20, 0.34, 0.12), (0.74, 0.82, 0.56), noise(rng, WORLD, (300, 160), 3))
    haze: Color = (0.74, 0.84, 0.58)
    spots = np.zeros(WORLD[::-1], np.float32)  # points of sky between the leaves, out of focus
    columns = np.arange(WORLD[0])
    for _ in range(60):
        x, row, radius = rng.uniform(0, WORLD[0]), rng.uniform(-30, 230), rng.uniform(6, 17)
        spots = np.maximum(spots, (np.hypot(columns - x, ROWS - row) < radius) * rng.uniform(0.15, 0.42))
    twig, close = empty(), empty()
    draw = ImageDraw.Draw(twig)
    for x in np.sort(rng.uniform(0, WORLD[0], 130)):
        if abs(x - CENTER[0]) < 95:  # the bird's place
            continue
        y, dx, dy = 288 + RIM + 10 * np.sin(x / 190) + rng.uniform(-16, 22), rng.normal(0, 16), rng.uniform(-22, 16)
        leaf = [(x, y), (x + dx / 2 - 5, y + dy / 2 - 4), (x + dx, y + dy), (x + dx / 2 + 5, y + dy / 2 + 4)]
        light = rng.uniform(0.7, 1.2)
        draw.polygon(leaf, fill=(int(96 * light), int(136 * light), int(52 * light), 255))
        if rng.random() < 0.45:
            stand(twig, blossom(rng, (20, 34)), x, y - RIM + 12)
    for x in np.arange(0, WORLD[0], 90.0):
        if abs(x - CENTER[0]) > 230:
            stand(close, blossom(rng, (60, 100)), x + rng.uniform(-40, 40), float(rng.choice((30, 400))))
    back = [
        Layer(image=sheet(leaves, soft=12), near=0.15),
        trees(rng, (OAK, PILI), 300, tall=(240, 330), gap=(110, 260), near=0.3, soft=14.0, haze=(haze, 0.45)),
        Layer(image=sheet(np.broadcast_to(rgb((0.93, 0.96, 0.84)), (*WORLD[::-1], 3)), spots, soft=1.5), near=0.35),
        wood(rng, 282),
    ]
    return Scene(back=back, front=[Layer(image=blurred(twig, 0.6), near=1.0), Layer(image=blurred(close, 9), near=1.4)])


# ---- indoors ----


def bookshelf(rng: np.random.Generator, image: Image.Image, left: float, right: float) -> None:
    draw = ImageDraw.Draw(image)
    covers = ((150, 60, 44), (56, 84, 100), (170, 140, 84), (74, 92, 60), (120, 78, 52), (196, 182, 156), (92, 54, 66))
    for board in (66, 170, 274):
        bottom, x = RIM + board, left + 8
        draw.rectangle((left, bottom - 96, right, bottom), fill=(58, 42, 30, 255))
        while x < right - 18:
            wide, tall, light = int(rng.integers(8, 19)), int(rng.integers(62, 88)), float(rng.uniform(0.5, 0.95))
            cover = covers[rng.integers(len(covers))]
            if rng.random() < 0.9:  # here and there a gap
                fill = (*(int(c * light) for c in cover), 255)
                draw.rectangle((x, bottom - tall, x + wide - 2, bottom), fill=fill)
            x += wide
        draw.rectangle((left, bottom, right, bottom + 8), fill=(112, 80, 54, 255))


def living_room() -> Scene:
    rng = np.random.default_rng(17)
    plaster = 0.92 + 0.08 * noise(rng, WORLD, (240, 200), 5) + 0.04 * noise(rng, WORLD, (5, 5), 2)
    wall = glow(plaster[..., None] * rgb((0.38, 0.34, 0.29)), CENTER[0] - 40, 130, (330, 260), (0.95, 0.75, 0.45))
    floor = glow(planks(rng, WORLD, (0.42, 0.29, 0.18), 26, False), CENTER[0] - 40, 380, (380, 160), (0.7, 0.55, 0.3))
    edge = 306 + RIM
    wall[edge:] = floor[edge:]
    wall[edge - 16 : edge] = wall[edge - 16 : edge] * 0.4 + rgb((0.27, 0.24, 0.20))  # the skirting board
    wall[edge - 17] *= 0.6
    room = sheet(wall)
    bookshelf(rng, room, CENTER[0] - 900, CENTER[0] - 150)
    bookshelf(rng, room, CENTER[0] + 175, CENTER[0] + 900)
    pixels = np.asarray(room, np.float32)[..., :3] / 255 * np.float32(0.9)
    lamplit = glow(pixels, CENTER[0], 150, (300, 260), (0.35, 0.28, 0.16))
    return Scene(
        back=[Layer(image=sheet(lamplit, soft=2.2), near=1.0)], dusk=(0.45, 0.36, 0.30), dark=(0.05, 0.06, 0.11)
    )


def stage() -> Scene:
    rng = np.random.default_rng(18)
    columns = np.arange(WORLD[0])
    folds = 0.55 + 0.28 * np.sin(columns / 15 + 2 * np.sin(columns / 61)) + 0.17 * np.sin(columns / 6.3)
    velvet = (folds * (0.8 + 0.3 * noise(rng, WORLD, (200, 300), 4)))[..., None] * rgb((0.16, 0.17, 0.24))
    velvet = glow(velvet, CENTER[0], 120, (190, 240), (1.5, 1.4, 1.2))
    floor = glow(planks(rng, WORLD, (0.24, 0.17, 0.12), 20, False), CENTER[0], 350, (250, 70), (1.6, 1.4, 1.0))
    edge = 262 + RIM
    velvet[edge:] = floor[edge:]
    beams = np.zeros(WORLD[::-1], np.float32)
    depth = (ROWS + RIM) / WORLD[1]
    for side in (-1, 1):  # two spotlights that cross on the drums
        middle = CENTER[0] + side * (210 - 200 * depth)
        beams += np.exp(-(((columns - middle) / (16 + 92 * depth)) ** 2)) * (0.34 - 0.26 * depth)
    light = sheet(np.broadcast_to(rgb((1.0, 0.93, 0.78)), (*WORLD[::-1], 3)), beams)
    curtain = np.broadcast_to(0.45 + 0.75 * folds[:WIDTH], (HEIGHT, WIDTH))[..., None] * rgb((0.39, 0.045, 0.06))
    curtain = glow(curtain, 320, 150, (330, 260), (0.7, 0.6, 0.5))
    back = [Layer(image=sheet(velvet, soft=1.5), near=1.0), Layer(image=light, near=1.0)]
    return Scene(back=back, cover=to_image(curtain))
