"""Rows of Parquet files: turned into Arrow files in the cache of `datasets`, which are mapped into memory."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet
from datasets import load_dataset

from zppo.data.rows import ArrowRows, Part, Rows
from zppo.errors import DataError

LARGEST, RATIO = 2**30, 200
"""Bytes that every file may unpack to, and how many times its own size it may beyond that. Pictures that come with
several questions, or texts of one pattern, unpack to some ten times theirs."""
AT_ONCE = 16
"""Rows that are unpacked together to see how large they are."""


def parquet_rows(files: Sequence[Path], shards: Sequence[str]) -> Rows:
    """Raises DataError for files that are damaged, of different schemas, or that unpack to far more than they are."""
    parts, schemas = [], []
    for file, shard in zip(files, shards, strict=True):
        try:
            footer = pyarrow.parquet.read_metadata(file)
            parts.append(Part(str(file), footer.num_rows, file.parent, shard))
            schemas.append(footer.schema.to_arrow_schema())
        except Exception as error:  # pyarrow raises OSError, ArrowInvalid and others for a damaged file
            raise DataError(f"{file}: not a Parquet file ({said(error)})") from error
        _check_size(file)
    try:
        dataset = load_dataset("parquet", data_files=[str(file.resolve()) for file in files], split="train")
    except Exception as error:  # whatever pyarrow raised, wrapped by `datasets`
        shown = files[0] if len(files) == 1 else f"one of {files[0]}, ..., {files[-1]}"
        others = [file for file, schema in zip(files, schemas, strict=True) if not schema.equals(schemas[0])]
        problem = f"{others[0]}: of another schema than {files[0]}, or" if others else f"{shown}:"
        raise DataError(f"{problem} damaged ({said(error)})") from error
    return ArrowRows(dataset, parts)


def said(error: Exception) -> str:
    """The innermost cause, on one line."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _check_size(file: Path) -> None:
    """Refuse a file that unpacks to far more than it is. Unpacks a few rows at a time, and no more than the limit."""
    limit = LARGEST + RATIO * file.stat().st_size
    try:
        with pyarrow.parquet.ParquetFile(file) as opened:
            too_large = _unpacks_beyond(opened, limit)
    except Exception as error:  # see above
        raise DataError(f"{file}: damaged ({said(error)})") from error
    if too_large:
        raise DataError(
            f"{file}: its {file.stat().st_size} bytes unpack to more than {limit >> 20} MiB; if that is "
            "meant, write it anew in several files"
        )


def _unpacks_beyond(file: pyarrow.parquet.ParquetFile, limit: int) -> bool:
    """Whether the rows take more than `limit` bytes of memory.

    The footer says how large pages are and how many values there are (an eighth of a byte each at least), but not how
    often a value comes again.
    """
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    values = sum(group.column(i).num_values for group in groups for i in range(group.num_columns))
    if max(sum(group.total_byte_size for group in groups), values // 8) > limit:
        return True
    size = 0
    for batch in file.iter_batches(AT_ONCE):
        size += sum(_unpacked(column) for column in batch.columns)
        if size > limit:
            return True
    return False


def _unpacked(column: pyarrow.Array) -> int:
    """Bytes of a column, a value that comes again counted again."""
    return (column.dictionary_decode() if pyarrow.types.is_dictionary(column.type) else column).nbytes
