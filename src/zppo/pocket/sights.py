"""The six clusters of questions about images and videos, in addition to those of word problems.

They are built like those of `zppo.pocket.clusters`: a hard wording whose keyword suggests the wrong program, easy
wordings that name the operation and need the same right program, and truthful ones, for which the keyword's program is
right. The numbers `a`, `b`, `c` are not in the text, but in the picture.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from zppo.pocket.pictures import Scene, bars, lamp, shapes

POOL = 4000
"""Number of different pictures of a kind that the builder draws; files on disk use the first few hundred."""


@dataclass(frozen=True)
class Sight:
    """Content of a question: scenes, the numbers in them, and the words of its text."""

    scenes: tuple[Scene, ...]
    numbers: tuple[int, ...]
    words: tuple[tuple[str, str], ...] = ()


Look = Callable[[random.Random, int], Sight]


@dataclass(frozen=True)
class SightCluster:
    """One family of questions about scenes. `programs` are all that such a question can be answered with."""

    right: str
    keyword: str
    look: Look
    programs: tuple[str, ...]
    hard: tuple[str, ...]
    easy: tuple[str, ...]
    truthful: tuple[str, ...]


def _drawn(draw: Callable[[random.Random], Scene], rng: random.Random, pool: int) -> Scene:
    return draw(random.Random(f"{draw.__name__} {rng.randrange(pool)}"))


def _bars(rng: random.Random, pool: int) -> tuple[Scene, list[tuple[str, int]]]:
    scene = _drawn(bars, rng, pool)
    columns = [bar.split() for bar in scene.pictures[0].content]
    return scene, [(colour, int(height)) for colour, height, _ in columns]


def by_height(rng: random.Random, pool: int) -> Sight:
    """Bars by height: tallest, shortest, middle."""
    scene, columns = _bars(rng, pool)
    low, middle, top = sorted(height for _, height in columns)
    return Sight((scene,), (top, low, middle))


def _shapes_in(scene: Scene) -> int:
    return sum(cell != "" for cell in scene.pictures[0].content)


def grid(rng: random.Random, pool: int) -> Sight:
    """Number of shapes in a picture."""
    scene = _drawn(shapes, rng, pool)
    return Sight((scene,), (_shapes_in(scene),))


def two_grids(rng: random.Random, pool: int) -> Sight:
    """Number of shapes in each of two pictures of one split."""
    first = _drawn(shapes, rng, pool)
    second = _drawn(shapes, rng, pool)
    while second.held_out != first.held_out:
        second = _drawn(shapes, rng, pool)
    return Sight((first, second), (_shapes_in(first), _shapes_in(second)))


def flashes(rng: random.Random, pool: int) -> Sight:
    """Number of frames in which the lamp is on."""
    scene = _drawn(lamp, rng, pool)
    return Sight((scene,), (sum(picture.content[2] == "on" for picture in scene.pictures),))


SIGHTS: dict[str, SightCluster] = {
    "bars_more": SightCluster(
        right="a-b",
        keyword="a+b",
        look=by_height,
        programs=("a-b", "a+b", "a", "b", "a*b", "a+b,_*2"),
        hard=("How much more is the tallest than the shortest?", "How many more steps has the tallest bar?"),
        easy=(
            "What is the tallest minus the shortest?",
            "Subtract the shortest from the tallest.",
            "Lower the tallest by the shortest.",
        ),
        truthful=("What is the tallest plus the shortest?", "Stack the tallest on the shortest. How high is it?"),
    ),
    "bars_but": SightCluster(
        right="b+c",
        keyword="a",
        look=by_height,
        programs=("b+c", "a", "a+b,_+c", "a+b", "b+c,_*2", "a+b,_*2"),
        hard=("How high are all but the tallest?", "How much is there except the tallest bar?"),
        easy=(
            "Hide the tallest. Add the other two.",
            "Leave the tallest out and add the rest.",
            "Add the two that are not tallest.",
        ),
        truthful=("How high is the tallest alone?", "How much is the tallest bar?"),
    ),
    "bars_range": SightCluster(
        right="a-b",
        keyword="a",
        look=by_height,
        programs=("a-b", "a", "b", "a+b", "a+b,_+c", "a+b,_*2"),
        hard=("What is the range?", "What is the range of the bars?"),
        easy=(
            "What is the tallest bar minus the shortest?",
            "Take the shortest bar away from the tallest.",
            "Cut the shortest bar off the tallest. What is left?",
        ),
        truthful=("What is the tallest bar?", "How high is the tallest of the bars?"),
    ),
    "shapes_empty": SightCluster(
        right="9-a",
        keyword="a",
        look=grid,
        programs=("9-a", "a", "9+a", "9*a", "9*a,_+a", "9+a,_+a"),
        hard=("How many cells have no shape?", "How many shapes are missing?"),
        easy=("What is nine minus the shapes?", "Take the shapes away from nine.", "How many more would make nine?"),
        truthful=("How many shapes are there?", "How many cells have a shape?"),
    ),
    "shapes_two": SightCluster(
        right="a-b",
        keyword="a+b",
        look=two_grids,
        programs=("a-b", "a+b", "a", "b", "a*b", "a+b,_*2"),
        hard=("How many more shapes has the first picture?", "How many more are there than in the second picture?"),
        easy=(
            "What is the first picture minus the second?",
            "Take the second picture away from the first.",
            "Cut the second picture off the first. What is left?",
        ),
        truthful=("How many shapes are there in all?", "What is the first picture plus the second?"),
    ),
    "lamp_dark": SightCluster(
        right="6-a",
        keyword="a",
        look=flashes,
        programs=("6-a", "a", "6+a", "6*a", "6*a,_+a", "6+a,_+a"),
        hard=("In how many frames is the lamp dark?", "How often is the lamp not lit?"),
        easy=("What is six minus the flashes?", "Take the flashes away from six.", "How many more flashes make six?"),
        truthful=("In how many frames is the lamp lit?", "How many flashes are there?"),
    ),
}
