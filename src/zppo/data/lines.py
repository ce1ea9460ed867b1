"""Rows of text files, found by their byte offsets: 8 bytes of memory a row, whatever a row holds.

Standard library only, so that `zppo grade` can read rows without loading `datasets`.
"""

import csv
import io
import json
import os
from array import array
from bisect import bisect_right
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from zppo.errors import DataError

CELL = 256 * 2**20
"""Most characters in a cell of a CSV file: enough for an image in base64."""


class JsonRows:
    """The lines of a JSONL file, parsed when asked for; blank ones are skipped, but counted.

    Raises DataError for a line that is not JSON.
    """

    def __init__(self, path: Path) -> None:
        self.path = existing(path)
        # Where each row begins, and the end; before which row each blank line stands.
        starts, self._blank = array("q", [0]), array("q")
        with self.path.open("rb") as lines:
            for line in lines:
                if _is_blank(line):
                    self._blank.append(len(starts) - 1)
                    starts[-1] += len(line)
                else:
                    starts.append(starts[-1] + len(line))
        self._offsets = starts

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> Any:
        line = slice_of(self.path, self._offsets[index], self._offsets[index + 1])
        return parsed(line, f"{self.path}, row {self.number(index)}")

    def __iter__(self) -> Iterator[Any]:
        return (row for _, row in json_rows(self.path))

    def number(self, index: int) -> int:
        """The line of a row, from 1."""
        return index + 1 + bisect_right(self._blank, index)


class CsvRows:
    """The records of a CSV file as mappings of texts; an empty cell is None. The first record names the columns.

    Raises DataError for a file that is not CSV.
    """

    def __init__(self, path: Path) -> None:
        self.path = existing(path)
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
        record = slice_of(self.path, self._offsets[index], self._offsets[index + 1])
        return self._row(next(_records(io.BytesIO(record), str(self.path))), index)

    def __iter__(self) -> Iterator[dict[str, str | None]]:
        return (self[index] for index in range(len(self)))

    def number(self, index: int) -> int:
        """The record of a row, from 1."""
        return index + 1

    def _row(self, cells: list[str], index: int) -> dict[str, str | None]:
        if len(cells) != len(self.columns):
            what = f"{len(cells)} cells under {len(self.columns)} column names"
            raise DataError(f"{self.path}, row {index + 1}: {what}")
        return {name: cell or None for name, cell in zip(self.columns, cells, strict=True)}


def json_rows(path: str | Path) -> Iterator[tuple[int, Any]]:
    """Each line of a JSONL file that is not blank: its number (from 1) and what it holds.

    Raises DataError naming the file and the line.
    """
    path = existing(Path(path))
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not _is_blank(line):
                yield number, parsed(line, f"{path}, row {number}")


def _is_blank(line: bytes) -> bool:
    return not line.removeprefix(BOM_UTF8).strip(b" \t\r\n")


def parsed(line: bytes, where: str) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig"))
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


def slice_of(path: Path, start: int, end: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)
    except OSError as error:
        raise DataError(f"{path} cannot be read any more ({error})") from error


def existing(path: Path) -> Path:
    if not os.path.isfile(path):
        raise DataError(f"{path}: there is no such data file")
    return path
