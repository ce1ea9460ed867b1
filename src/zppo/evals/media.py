"""The images and videos of a row: values -> **media** -> questions. They are decoded when a model is to see them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from zppo.errors import DataError
from zppo.evals.benchmark import Row
from zppo.types import Media


def image(row: Row, column: str) -> Media:
    """The image in a column. Raises DataError for an empty one."""
    return image_from(row, row[column], column)


def image_from(row: Row, value: Any, name: str) -> Media:
    """`value`: an image, `{"bytes", "path"}`, a data URI or a path beside the rows; `name` stands in messages."""
    if is_empty(value):
        raise DataError(f"{row.where}: column {name!r} holds no image")
    return Media("image", f"{row.where}, {name}", partial(_decode, value))


def is_empty(value: Any) -> bool:
    """Whether there is no image: null, an empty text, or a struct of neither bytes nor path."""
    if isinstance(value, Mapping):
        return not value.get("bytes") and not value.get("path")
    return value is None or value == ""


def _decode(value: Any) -> Any:
    raise NotImplementedError
