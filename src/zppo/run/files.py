"""Files of a run: written atomically, and read with an error that names a damaged file."""

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
    """The file's content parsed by `parse`. Raises CheckpointError naming the file where it fails."""
    try:
        return parse(path.read_bytes())
    except _DAMAGE as error:
        raise CheckpointError(f"{path} is damaged: {' '.join(str(error).split())}") from error


def read_config(path: Path) -> dict[str, Any]:
    """The options of a run. Raises CheckpointError for a damaged file."""
    return undamaged(path, lambda content: dict(yaml.safe_load(content) or {}))


def read_json(path: Path) -> Any:
    """The JSON value of a file. Raises CheckpointError for a damaged file."""
    return undamaged(path, json.loads)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def whole_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSONL file; a last row cut short by a kill is skipped. A missing file has none."""
    if not path.exists():
        return []
    # A line ends with \n alone: a model's text may hold other line separators, such as U+2028.
    return undamaged(path, lambda content: [dict(json.loads(line)) for line in content.split(b"\n")[:-1]])


def write_atomically(path: Path, text: str) -> None:
    """Write the whole file or keep the old one."""
    temporary = path.with_name(f".{path.name}.partial")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
