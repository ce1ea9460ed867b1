"""Pictures of the pocket: bars, shapes in a grid, and a blinking lamp, drawn from a short description.

A `Scene` is an image (one picture) or a video (several). It is drawn whenever it is needed, with equal pixels in files,
tests and the builder. All sizes fit the models' patches: a picture has 48x48 pixels, a merged patch 16x16, so that each
bar and each shape is within one of the nine patches. Bars over several patches take many times as long to learn.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from itertools import accumulate

from PIL import Image, ImageDraw

from zppo.types import Media, Video

SIZE, CELL, PATCH, UNIT = 48, 16, 8, 2  # pixels: side of a picture, of a cell, of a patch, height of a bar's step
TALLEST = 6  # steps
ROWS = SIZE // CELL
CELLS = ROWS**2
FRAMES, FPS = 6, 2.0
PAPER, INK, UNLIT = (240, 240, 240), (0, 0, 0), (90, 90, 90)
LAMPS = (28, 36, 44)  # pixels, diameter
COLOURS = {"red": (220, 40, 40), "green": (30, 170, 60), "blue": (40, 80, 220)}
SHAPES = ("circle", "square", "triangle")
TEST_PERCENT = 15


@dataclass(frozen=True)
class Picture:
    """One drawing: its kind and content. `bars` has "colour height row" per column, left to right; `shapes` has "" or
    "colour shape" per cell, row by row; `lamp` has its colour, diameter, and "on" or "off"; `blank` nothing.
    """

    kind: str
    content: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """File name without suffix, stable and unique for each picture."""
        return f"{self.kind}_{hashlib.sha256(' '.join(self.content).encode()).hexdigest()[:10]}"

    def draw(self) -> Image.Image:
        """The picture: 48x48 pixels, RGB."""
        image = Image.new("RGB", (SIZE, SIZE), PAPER)
        pen = ImageDraw.Draw(image)
        if self.kind == "bars":
            for column, bar in enumerate(self.content):
                colour, height, row = bar.split()
                left, floor = column * CELL, (int(row) + 1) * CELL - 2
                pen.rectangle((left + 2, floor - UNIT * int(height), left + CELL - 3, floor - 1), COLOURS[colour])
                pen.line((left, floor, left + CELL - 1, floor), INK)
        elif self.kind == "shapes":
            for cell, content in enumerate(self.content):
                if content:
                    colour, shape = content.split()
                    _shape(pen, cell, shape, COLOURS[colour])
        elif self.kind == "lamp":
            colour, diameter, state = self.content
            edge = (SIZE - int(diameter)) // 2
            pen.ellipse((edge, edge, SIZE - edge, SIZE - edge), COLOURS[colour] if state == "on" else UNLIT)
        return image


def _shape(pen: ImageDraw.ImageDraw, cell: int, shape: str, colour: tuple[int, int, int]) -> None:
    row, column = divmod(cell, SIZE // CELL)
    left, top, right, bottom = column * CELL + 2, row * CELL + 2, column * CELL + CELL - 3, row * CELL + CELL - 3
    if shape == "circle":
        pen.ellipse((left, top, right, bottom), colour)
    elif shape == "square":
        pen.rectangle((left, top, right, bottom), colour)
    else:
        pen.polygon(((left, bottom), (right, bottom), ((left + right) // 2, top)), colour)


@dataclass(frozen=True)
class Scene:
    """An image or a video of a question."""

    pictures: tuple[Picture, ...]

    @property
    def is_video(self) -> bool:
        return len(self.pictures) > 1

    @property
    def name(self) -> str:
        if not self.is_video:
            return self.pictures[0].name
        names = " ".join(picture.name for picture in self.pictures)
        return f"video_{hashlib.sha256(names.encode()).hexdigest()[:10]}"

    @property
    def held_out(self) -> bool:
        """True if questions about it belong to the test split; depends on its content alone."""
        return int(self.name.rsplit("_", 1)[1], 16) % 100 < TEST_PERCENT

    def reading(self) -> str:
        """Content of the scene, in order: bars with their colours, or the running count of shapes (flashes)."""
        first = self.pictures[0]
        if first.kind == "bars":
            bars = [bar.split() for bar in first.content]
            return ",".join(f"{height} {colour}" for colour, height, _ in bars)
        seen = (
            [p.content[2] == "on" for p in self.pictures] if self.is_video else [cell != "" for cell in first.content]
        )
        return ",".join(str(count) for count in accumulate(map(int, seen)))

    def blank(self) -> Scene:
        """The same medium with blank pictures."""
        return Scene((Picture("blank"),) * len(self.pictures))

    def media(self) -> Media:
        """The scene as an ordinary medium of a question."""
        if self.is_video:
            return Media("video", self.name, lambda: Video([picture.draw() for picture in self.pictures], FPS))
        return Media("image", self.name, self.pictures[0].draw)


def bars(rng: random.Random) -> Scene:
    """Three bars side by side, one of each colour, in random order, 1 to 6 steps high, each in one of three rows."""
    columns = [f"{c} {rng.randint(1, TALLEST)} {rng.randrange(ROWS)}" for c in rng.sample(sorted(COLOURS), ROWS)]
    return Scene((Picture("bars", tuple(columns)),))


def shapes(rng: random.Random) -> Scene:
    """A grid of 3x3 cells with 1 to 8 shapes."""
    filled = set(rng.sample(range(CELLS), rng.randint(1, CELLS - 1)))
    cells = [f"{rng.choice(sorted(COLOURS))} {rng.choice(SHAPES)}" if i in filled else "" for i in range(CELLS)]
    return Scene((Picture("shapes", tuple(cells)),))


def lamp(rng: random.Random) -> Scene:
    """A lamp that flashes in 1 to 5 of 6 frames."""
    colour, diameter = rng.choice(sorted(COLOURS)), str(rng.choice(LAMPS))
    lit = set(rng.sample(range(FRAMES), rng.randint(1, FRAMES - 1)))
    return Scene(tuple(Picture("lamp", (colour, diameter, "on" if i in lit else "off")) for i in range(FRAMES)))
