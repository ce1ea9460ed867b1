"""The images and videos of a row: values -> **media** -> questions. They are decoded when a model needs them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from zppo.config import DataConfig
from zppo.data.media import MediaKind, Source
from zppo.errors import DataError
from zppo.evals.benchmark import Files, Row
from zppo.types import Media

Clip = tuple[float, float]
"""Start and end of the used part of a video, in seconds."""


def image(row: Row, column: str) -> Media:
    """The image in a column. Raises DataError for an empty one."""
    return image_from(row, row[column], column)


def image_from(row: Row, value: Any, name: str) -> Media:
    """`value`: an image, `{"bytes", "path"}`, a data URI or a path beside the rows; `name` is used in messages."""
    if is_empty(value):
        raise DataError(f"{row.where}: column {name!r} holds no image")
    return _medium(row, "image", name, lambda: _with_file(row, value))


def is_empty(value: Any) -> bool:
    """True if there is no image: null, an empty text, or a struct without bytes and path."""
    if isinstance(value, Mapping):
        return not value.get("bytes") and not value.get("path")
    return value is None or value == ""


def video(row: Row, path: str, clip: Clip | None = None) -> Media:
    """The video at a path that `beside` found, whole or a part of it. An archive is unpacked when it is decoded."""
    span = {} if clip is None else {"start": clip[0], "end": clip[1]}
    return _medium(row, "video", path, lambda: {"path": row.file(path), **span})


def frames(row: Row, paths: Sequence[str], fps: float) -> Media:
    """A video stored as one image per frame."""
    name = f"{paths[0]} to {paths[-1]}"
    return _medium(row, "video", name, lambda: {"frames": [row.file(path) for path in paths], "fps": fps})


def sampling(row: Row) -> DataConfig:
    """Frame sampling of a video."""
    return DataConfig(video_frames=row.frames, video_fps=row.fps)


def beside(row: Row, *names: str) -> str:
    """The path of the first of `names` among the row's files, in any subfolder.

    Raises DataError if there is none.
    """
    path = find_beside(row, *names)
    if path is None:
        raise DataError(f"{row.where}: the file {names[0]!r} is missing from the benchmark's data")
    return path


def find_beside(row: Row, *names: str) -> str | None:
    """The same, or None if there is none."""
    known = _by_name(row.files)
    for name in names:
        for path in known[name.rpartition("/")[2]]:
            if path == name or path.endswith(f"/{name}"):
                return path
    return None


@lru_cache(maxsize=4)
def _by_name(files: Files) -> Mapping[str, list[str]]:
    """All paths by file name."""
    known: dict[str, list[str]] = defaultdict(list)
    for path in files.names(""):
        known[path.rpartition("/")[2]].append(path)
    return known


def _medium(row: Row, kind: MediaKind, name: str, find: Callable[[], Any]) -> Media:
    where = f"{row.where}, {name}"
    return Media(kind, where, Source(kind, where, find, Path(), sampling(row), None))


def _with_file(row: Row, value: Any) -> Any:
    """A path beside the rows as a file; other values unchanged."""
    if isinstance(value, Mapping) and not value.get("bytes"):
        value = value["path"]
    return row.file(value) if isinstance(value, str) and not value.startswith("data:") else value
