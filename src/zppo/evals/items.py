"""Items of a benchmark: rows -> **items**, one after another, in a fixed order."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from zppo.errors import DataError
from zppo.evals.benchmark import Benchmark, Item, Row, Rows
from zppo.evals.source import read_parts
from zppo.types import Media, Video

PIXELS = (256 * 32 * 32, 1280 * 32 * 32)
"""Minimum and maximum pixels of an image (method section 11)."""


@dataclass(frozen=True)
class Extent:
    """Limits on the data of every benchmark; by default all of it, from the Hub."""

    data: Path | None = None
    """Folder with a folder per benchmark, instead of the Hub."""
    limit: int | None = None
    """Number of items, spread evenly over configs and splits."""
    pixels: tuple[int, int] = PIXELS
    """Minimum and maximum pixels of an image."""
    frames: int = Row.frames
    """Maximum frames of a video, evenly spaced."""
    fps: float = Row.fps
    """Maximum frames per second of a video."""


ALL = Extent()


@dataclass
class Items:
    """The items of a benchmark in their order; `rows` counts the rows read so far.

    Raises DataError for an id that occurs twice, and the errors of reading rows.
    """

    benchmark: Benchmark
    source: Rows
    extent: Extent = ALL
    rows: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Item]:
        seen: set[str] = set()
        parts = read_parts(self.benchmark, self.source)
        for number, rows in enumerate(parts):
            for item in islice(self._of(rows), self._share(number, len(parts))):
                if item.question.id in seen:
                    raise DataError(f"{self.benchmark.slug}: the id {item.question.id!r} occurs twice")
                seen.add(item.question.id)
                yield self._bounded(item)

    def _share(self, number: int, parts: int) -> int | None:
        limit = self.extent.limit
        return None if limit is None else limit // parts + (number < limit % parts)

    def _of(self, rows: Iterator[Row]) -> Iterator[Item]:
        for row in rows:
            self.rows += 1
            yield from self.benchmark.items(replace(row, frames=self.extent.frames, fps=self.extent.fps))

    def _bounded(self, item: Item) -> Item:
        media = tuple(within(medium, *self.extent.pixels) for medium in item.question.media)
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
