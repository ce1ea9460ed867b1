"""The media of a question: where they lie, not what they hold. Decoded anew whenever they are asked for."""

import reprlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from zppo.config import DataConfig
from zppo.data.dropped import BadRow
from zppo.data.images import Size, image_size, load_image
from zppo.data.rows import Place, Rows
from zppo.data.videos import Shape, load_video, video_shape
from zppo.masking import masked_url
from zppo.types import Media

MediaKind = Literal["image", "video"]


class Medium(NamedTuple):
    """An image or a video as a row holds it, and where in the row."""

    kind: MediaKind
    value: Any
    column: str
    position: int


class Source:
    """What `Media.load` is for media that were read from data: call it to decode them.

    `find` gives the value anew, so that no pixels and no bytes are kept.
    """

    def __init__(
        self, kind: MediaKind, name: str, find: Callable[[], Any], folder: Path, config: DataConfig, place: Place | None
    ) -> None:
        self.place = place
        self._kind, self._name, self._find, self._folder, self._config = kind, name, find, folder, config

    def __call__(self) -> Any:
        """A PIL image in RGB, or a `Video`. Raises BadRow, a DataError, naming the medium."""
        return self._read(load_image if self._kind == "image" else load_video)

    def shape(self) -> Shape:
        """Frames (1 for an image) and their size, from the head of the file. Raises BadRow naming the medium."""
        return self._read(_image_shape if self._kind == "image" else video_shape)

    def _read(self, read: Callable[[Any, Path, DataConfig], Any]) -> Any:
        try:
            return read(self._find(), self._folder, self._config)
        except BadRow as error:
            raise BadRow(error.kind, f"{self._kind} {self._name}: {error}") from error


def media_from(
    value: Any, kind: MediaKind, name: str, folder: Path = Path(), config: DataConfig | None = None
) -> Media:
    """A medium of a value that is kept: a path (relative to `folder`), bytes, `{"bytes", "path"}`, a PIL image, ..."""
    config = config if config is not None else DataConfig()
    return Media(kind, name, Source(kind, name, lambda: value, folder, config, None))


def media_of_row(found: Sequence[Medium], rows: Rows, index: int, read: Any, config: DataConfig) -> list[Media]:
    """The media of row `index`, in order; `read(row)` finds them there again when they are to be decoded."""
    place, folder = rows.place(index), rows.folder(index)
    media = []
    for number, medium in enumerate(found):
        name = _name(medium, place, folder)

        def find(number: int = number) -> Any:
            there = read(rows[index])
            if number >= len(there):
                raise BadRow("unreadable media", "it is not there any more")
            return there[number].value

        media.append(Media(medium.kind, name, Source(medium.kind, name, find, folder, config, place)))
    return media


def shape_of(media: Media) -> Shape:
    """Frames (1 for an image) and their size, read from the head of the file where the medium came from data.

    Raises DataError for what is no image or video.
    """
    if isinstance(media.load, Source):
        return media.load.shape()
    loaded = media.load()
    frame = loaded if media.kind == "image" else loaded.frames[0]
    return Shape(1 if media.kind == "image" else len(loaded.frames), Size(*frame.size))


def _image_shape(value: Any, folder: Path, config: DataConfig) -> Shape:
    return Shape(1, image_size(value, folder, config))


def _name(medium: Medium, place: Place, folder: Path) -> str:
    """The path or URL, and which part of it; or else the place in the data."""
    value, part = medium.value, ""
    if isinstance(value, dict) and value.get("bytes") is None:
        ends = [(word, value.get(end)) for word, end in (("from", "start"), ("to", "end"))]
        part = "".join(f", {word} {reprlib.repr(end)} s" for word, end in ends if end is not None)
        value = value.get("path")
    if isinstance(value, str | Path) and not str(value).startswith("data:"):
        text = str(value)
        return (masked_url(text) if text.startswith(("http://", "https://")) else str(folder / text)) + part
    return f"{place}, {medium.column}[{medium.position}]"
