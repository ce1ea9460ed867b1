"""Writes the corpus: records in their final order -> **Parquet shards** that `zppo train` and `datasets` read."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features, Image, List, Value

from zppo.data.corpus.files import atomic
from zppo.data.corpus.gather import Record, Records

ROWS_PER_SHARD = 2000
ROWS_PER_GROUP = 100
"""Rows in memory at a time, with their images."""
FEATURES = Features(
    {
        **{name: Value("string") for name in ("id", "prompt", "answer")},
        "images": List(Image()),
        "answer_type": Value("string"),
        "options": List(Value("string")),
        "tolerance": Value("float64"),
        "absolute_tolerance": Value("float64"),
        "ordered": Value("bool"),
        "pass_rate": Value("float64"),
        **{name: Value("string") for name in ("source", "sub_dataset")},
        "tier": Value("int32"),
        **{name: Value("string") for name in ("origin", "origin_id")},
    }
)
"""The columns; null if a column does not apply to a row."""


def assemble(records: Records, folder: Path) -> list[Path]:
    """Writes all records into `folder`, by rank, which mixes sub-datasets. Existing shards are kept."""
    folder.mkdir(exist_ok=True)
    count = -(-len(records) // ROWS_PER_SHARD)
    paths = [folder / f"train-{number:05}-of-{count:05}.parquet" for number in range(count)]
    for number, path in enumerate(paths):
        if not path.exists():
            _write(path, records.read(number * ROWS_PER_SHARD, ROWS_PER_SHARD))
    return paths


def _write(path: Path, records: Iterator[Record]) -> None:
    with atomic(path) as temporary, pq.ParquetWriter(temporary, FEATURES.arrow_schema) as writer:
        while rows := [_row(record) for record in islice(records, ROWS_PER_GROUP)]:
            writer.write_table(pa.Table.from_pylist(rows, FEATURES.arrow_schema))


def _row(record: Record) -> dict[str, Any]:
    return {**record.columns, "images": [{"bytes": record.image, "path": None}]}
