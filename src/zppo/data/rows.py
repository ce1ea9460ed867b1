"""Rows by position, read when asked for: files and datasets -> **rows** -> questions.

What stands in memory is an index, never the rows of a file: JSON, JSONL and CSV are found by byte offsets, all else
lies in Arrow files that `datasets` maps into memory.
"""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from datasets import Dataset, Features, Json

from zppo.data.arrays import ArrayRows
from zppo.data.lines import CsvRows, JsonRows
from zppo.errors import DataError

TextRows = JsonRows | ArrayRows | CsvRows

AT_ONCE = 16
"""Arrow rows that are made into Python objects together while all are gone through; each may hold images."""


class Place(NamedTuple):
    """Where a row stands: file or dataset, row in it (from 1), and the name of the shard if there are several.

    The row of a text file is its line, blank lines counted; that of a CSV file its record.
    """

    source: str
    row: int
    shard: str = ""

    def __str__(self) -> str:
        return f"{self.source}, row {self.row}"

    @property
    def id(self) -> str:
        """The id of a row without one: the same whenever it is read, and when rows are appended to its file."""
        return f"{self.shard}:{self.row}" if self.shard else str(self.row)


class Part(NamedTuple):
    """So many rows that stand together. Relative paths in them are relative to `folder`."""

    source: str
    rows: int
    folder: Path = Path()
    shard: str = ""


class Rows(ABC):
    """A row is anything; only a mapping of columns can become a question. Safe from any thread."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts, self._ends = parts, list(accumulate(part.rows for part in parts))

    def __len__(self) -> int:
        return self._ends[-1]

    @abstractmethod
    def __getitem__(self, index: int) -> Any: ...

    @abstractmethod
    def __iter__(self) -> Iterator[Any]: ...

    def place(self, index: int) -> Place:
        part, row = self._find(index)
        return Place(self._parts[part].source, row + 1, self._parts[part].shard)

    def folder(self, index: int) -> Path:
        return self._parts[self._find(index)[0]].folder

    def _find(self, index: int) -> tuple[int, int]:
        """The number of the part, and the position in it."""
        part = bisect_right(self._ends, index)
        return part, index - (self._ends[part - 1] if part else 0)


class ListRows(Rows):
    """Objects that are in memory already; relative paths are the caller's."""

    def __init__(self, rows: Sequence[Any], name: str) -> None:
        super().__init__([Part(name, len(rows))])
        self._rows = rows

    def __getitem__(self, index: int) -> Any:
        return self._rows[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)


class FileRows(Rows):
    """One JSON, JSONL or CSV file, or several with a name each, one after the other."""

    def __init__(self, files: Sequence[TextRows], shards: Sequence[str] = ("",)) -> None:
        named = zip(files, shards, strict=True)
        super().__init__([Part(str(f.path), len(f), f.path.parent, shard) for f, shard in named])
        self._files = files

    def __getitem__(self, index: int) -> Any:
        part, row = self._find(index)
        return self._files[part][row]

    def place(self, index: int) -> Place:
        part, row = self._find(index)
        return super().place(index)._replace(row=self._files[part].number(row))

    def __iter__(self) -> Iterator[Any]:
        return (row for file in self._files for row in file)


class ArrowRows(Rows):
    """A dataset of the `datasets` library, its images not decoded. `parts`: what it was made of.

    Raises DataError for a row that holds what Python cannot: nobody looked at the texts of a damaged file before.
    """

    def __init__(self, dataset: Dataset, parts: Sequence[Part]) -> None:
        super().__init__(parts)
        self._raw = dataset.with_format("arrow")
        self._features = Features({name: _undecoded(feature) for name, feature in dataset.features.items()})

    def __getitem__(self, index: int) -> Any:
        return self._read(self._raw[index], index)[0]

    def __iter__(self) -> Iterator[Any]:
        first = 0
        for batch in self._raw.iter(AT_ONCE):
            yield from self._read(batch, first)
            first += batch.num_rows

    def _read(self, table: pa.Table, first: int) -> list[Any]:
        """The rows of a table that begins at row `first`."""
        try:
            return [self._features.decode_example(row) for row in table.to_pylist()]
        except (ValueError, OverflowError) as error:  # texts that are not UTF-8, impossible dates
            if table.num_rows == 1:
                columns = [f"column {name}" for name in table.column_names if not _readable(table[name])]
                raise DataError(f"{', '.join([str(self.place(first)), *columns])}: not readable ({error})") from error
        return [row for i in range(table.num_rows) for row in self._read(table.slice(i, 1), first + i)]


def _readable(column: pa.ChunkedArray) -> bool:
    try:
        column.to_pylist()
    except (ValueError, OverflowError):
        return False
    return True


def _undecoded(feature: Any) -> Any:
    """The same feature, its images, videos and sounds left as stored."""
    if getattr(feature, "decode", False) and not isinstance(feature, Json):
        return type(feature)(decode=False)
    if isinstance(feature, dict):
        return {name: _undecoded(inner) for name, inner in feature.items()}
    if isinstance(feature, list):
        return [_undecoded(inner) for inner in feature]
    if hasattr(feature, "feature"):
        return type(feature)(_undecoded(feature.feature))
    return feature
