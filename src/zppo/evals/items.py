"""What a benchmark asks: rows -> **items**, one after another, in an order that never changes."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

from PIL import Image

from zppo.errors import DataError
from zppo.evals.benchmark import Benchmark, Item, Row
from zppo.evals.source import Rows, read_parts
from zppo.types import Media, Video

PIXELS = (256 * 32 * 32, 1280 * 32 * 32)
"""Fewest and most pixels of an image (method section 11)."""


@dataclass
class Items:
    """The items of a benchmark, of which `limit` are taken: as many from every config and split as from the others.

    `rows` counts the rows that were read. Raises DataError for an id that occurs twice, and what reading rows raises.
    """

    benchmark: Benchmark
    source: Rows
    limit: int | None = None
    pixels: tuple[int, int] = PIXELS
    rows: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Item]:
        seen: set[str] = set()
        parts = read_parts(self.benchmark, self.source)
        for number, rows in enumerate(parts):
            share = None if self.limit is None else self.limit // len(parts) + (number < self.limit % len(parts))
            for item in islice(self._of(rows), share):
                if item.question.id in seen:
                    raise DataError(f"{self.benchmark.slug}: the id {item.question.id!r} occurs twice")
                seen.add(item.question.id)
                yield self._bounded(item)

    def _of(self, rows: Iterator[Row]) -> Iterator[Item]:
        for row in rows:
            self.rows += 1
            yield from self.benchmark.items(row)

    def _bounded(self, item: Item) -> Item:
        media = tuple(within(medium, *self.pixels) for medium in item.question.media)
        return replace(item, question=replace(item.question, media=media)) if media else item


def within(medium: Media, low: int, high: int) -> Media:
    """The same medium, with images (and the frames of videos) scaled to between `low` and `high` pixels each."""
    return replace(medium, load=partial(_load_within, medium, low, high))


def _load_within(medium: Media, low: int, high: int) -> Any:
    loaded = medium.load()
    if isinstance(loaded, Video):
        return Video([_scaled(frame, 0, high) for frame in loaded.frames], loaded.fps)
    return _scaled(loaded, low, high)


def _scaled(image: Image.Image, low: int, high: int) -> Image.Image:
    pixels = image.width * image.height
    scale = (low / pixels) ** 0.5 if pixels < low else (high / pixels) ** 0.5 if pixels > high else 1.0
    if scale == 1.0:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC)
