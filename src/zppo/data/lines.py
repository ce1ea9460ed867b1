"""Rows of text files, found by their byte offsets: 8 bytes of memory a row, whatever a row holds.

Standard library only, so that `zppo grade` can read rows without loading `datasets`.
"""

import csv
import io
import json
import os
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from zppo.errors import DataError

CELL = 256 * 2**20
"""Most characters in a cell of a CSV file: enough for an image in base64."""


class JsonRows:
    """The lines of a JSONL file, parsed when asked for. Raises DataError for a line that is not JSON."""

    def __init__(self, path: Path) -> None:
        self.path = _existing(path)
        with self.path.open("rb") as lines:
            self._offsets = _offsets(map(len, lines))

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> Any:
        line = _slice(self.path, self._offsets[index], self._offsets[index + 1])
        return _parsed(line, f"{self.path}, row {index + 1}")

    def __iter__(self) -> Iterator[Any]:
        return json_rows(self.path)


class CsvRows:
    """The records of a CSV file as mappings of texts; an empty cell is None. The first record names the columns.

    Raises DataError for a file that is not CSV.
    """

    def __init__(self, path: Path) -> None:
        self.path = _existing(path)
        sizes: list[int] = []
        with self.path.open("rb") as file:
            records = _records(_counted(file, sizes), str(self.path))
            self.columns = next(records, [])
            starts = array("q", [sum(sizes)])
            for record in records:
                if record:
                    starts.append(sum(sizes))
                else:
                    starts[-1] = sum(sizes)  # a blank line belongs to no record
                sizes[:] = [sum(sizes)]
        self._offsets = starts
        if len(set(self.columns)) != len(self.columns):
            raise DataError(f"{self.path}: two columns have one name ({', '.join(self.columns)})")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> dict[str, str | None]:
        record = _slice(self.path, self._offsets[index], self._offsets[index + 1])
        return self._row(next(_records(io.BytesIO(record), str(self.path))), index)

    def __iter__(self) -> Iterator[dict[str, str | None]]:
        return (self[index] for index in range(len(self)))

    def _row(self, cells: list[str], index: int) -> dict[str, str | None]:
        if len(cells) != len(self.columns):
            what = f"{len(cells)} cells under {len(self.columns)} column names"
            raise DataError(f"{self.path}, row {index + 1}: {what}")
        return {name: cell or None for name, cell in zip(self.columns, cells, strict=True)}


def json_rows(path: str | Path) -> Iterator[Any]:
    """What each line of a JSONL file holds. Raises DataError naming the file and the line (counted from 1)."""
    path = _existing(Path(path))
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            yield _parsed(line, f"{path}, row {number}")


def _parsed(line: bytes, where: str) -> Any:
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 ({error})") from error
    except (ValueError, RecursionError) as error:  # no JSON, a number too long, brackets too deep
        raise DataError(f"{where}: not a JSON object ({error})") from error


def _records(lines: Iterable[bytes], name: str) -> Iterator[list[str]]:
    csv.field_size_limit(CELL)  # Of the whole process: a reader of its own cannot have one.
    reader = csv.reader((line.decode("utf-8-sig") for line in lines), strict=True)
    try:
        yield from reader
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{name}, line {reader.line_num}: not CSV in UTF-8 ({error})") from error


def _counted(lines: Iterable[bytes], sizes: list[int]) -> Iterator[bytes]:
    """The lines, with the size of each noted before it is given out."""
    for line in lines:
        sizes.append(len(line))
        yield line


def _offsets(sizes: Iterable[int]) -> "array[int]":
    """Where each piece begins, and where the last one ends."""
    offsets = array("q", [0])
    for size in sizes:
        offsets.append(offsets[-1] + size)
    return offsets


def _slice(path: Path, start: int, end: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)
    except OSError as error:
        raise DataError(f"{path} cannot be read any more ({error})") from error


def _existing(path: Path) -> Path:
    if not os.path.isfile(path):
        raise DataError(f"{path}: there is no such data file")
    return path
