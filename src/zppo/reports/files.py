"""Files of a run: written whole or not at all, and read with an error that names the one that is damaged."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from zppo.errors import CheckpointError

T = TypeVar("T")
_DAMAGE = (yaml.YAMLError, ValueError, LookupError, TypeError, RecursionError)


def undamaged(path: Path, parse: Callable[[bytes], T]) -> T:
    """What `parse` makes of the file's content. Raises CheckpointError naming the file where it cannot."""
    try:
        return parse(path.read_bytes())
    except _DAMAGE as error:
        raise CheckpointError(f"{path} is damaged: {' '.join(str(error).split())}") from error


def read_config(path: Path) -> dict[str, Any]:
    """The options of a run. Raises CheckpointError for a damaged file."""
    return undamaged(path, lambda content: dict(yaml.safe_load(content) or {}))


def read_json(path: Path) -> Any:
    """Raises CheckpointError for a damaged file."""
    return undamaged(path, json.loads)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def whole_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSONL file; a last row that a kill cut short is left out. None of a file that is not there."""
    if not path.exists():
        return []
    # A line ends with \n alone: text that a model wrote may hold other line separators, such as U+2028.
    return undamaged(path, lambda content: [dict(json.loads(line)) for line in content.split(b"\n")[:-1]])


def write_atomically(path: Path, text: str) -> None:
    """Write the whole file or leave the old one."""
    temporary = path.with_name(f".{path.name}.partial")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
