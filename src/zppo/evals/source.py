"""Source of rows: the Hub or a local folder -> **rows** -> items. Every error names benchmark and place."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from zppo.errors import DataError, nearest
from zppo.evals.benchmark import Benchmark, Row, Rows
from zppo.evals.local import LocalRows

KINDS: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list | tuple),
    "dict": lambda value: isinstance(value, Mapping),
    "image": lambda value: isinstance(value, Mapping | str | bytes) or hasattr(value, "convert"),
    "null": lambda value: value is None,
    "any": lambda value: True,
}
"""Kinds of values in a column; an image is undecoded bytes, a path beside the rows, both in a struct, or an image."""


def open_rows(benchmark: Benchmark, folder: Path | None, unpacked: Path) -> Rows:
    """Rows in memory, or from `folder/<slug>`, or from the Hub without a folder. Archives are unpacked to `unpacked`.

    Raises DataError if there is nothing to read.
    """
    if benchmark.rows is not None:
        return benchmark.rows
    if folder is not None:
        return LocalRows(benchmark, folder, unpacked)
    from zppo.evals.hub import HubRows  # loads `datasets`, which takes seconds and is not needed for local data

    return HubRows(benchmark, unpacked)


def read_parts(benchmark: Benchmark, rows: Rows) -> list[Iterator[Row]]:
    """The rows of each split of each config, checked against the benchmark's columns as they are read.

    The iterators raise DataError, naming the row, for a column that is missing or of another kind, and for a part
    without rows.
    """
    data = benchmark.data
    return [_part(benchmark, rows, config, split) for config in data.configs for split in data.splits]


def _part(benchmark: Benchmark, rows: Rows, config: str, split: str) -> Iterator[Row]:
    data, index = benchmark.data, -1
    columns = data.config_columns.get(config, data.columns)
    for index, values in enumerate(rows.part(config, split)):
        row = Row(values, index, config, split, f"{benchmark.slug}, {config}/{split}, row {index}", rows.files)
        _check(row, columns, data.unverified)
        yield row
    if index < 0:
        raise DataError(f"{benchmark.slug}, {config}/{split}: there are no rows")


def _check(row: Row, columns: Mapping[str, str], unverified: tuple[str, ...]) -> None:
    doubt = f" (nobody has verified {'; '.join(unverified)})" if unverified else ""
    for name, kinds in columns.items():
        if name not in row.values:
            raise DataError(f"{row.where}: there is no column {name!r}{nearest(name, row.values)}{doubt}")
        if not any(KINDS[kind](row.values[name]) for kind in kinds.split("|")):
            value = row.values[name]
            found = f"{type(value).__name__} ({str(value)[:60]!r})"
            raise DataError(f"{row.where}: the column {name!r} should hold {kinds}, not {found}{doubt}")
