"""Fetches the chosen rows of a shard: shard -> **part**, from which the corpus is assembled.

A part is a file of consecutive records, and an index of their offsets, so that the last step can read them in any order
with few of them in memory.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zppo.data.corpus.files import atomic
from zppo.data.corpus.plan import Shard
from zppo.data.corpus.rows import Draft
from zppo.data.corpus.scan import Examiner, batches
from zppo.data.corpus.selection import Chosen

INDEX = pa.schema([("rank", pa.uint64()), ("start", pa.int64()), ("text_bytes", pa.int64()), ("bytes", pa.int64())])


@dataclass(frozen=True)
class Record:
    """A row of the corpus: all columns but the image, and the image's bytes, unchanged from the source."""

    columns: dict[str, Any]
    image: bytes


@dataclass(frozen=True)
class Part:
    """Files of a shard's records. A part is complete when its index exists."""

    records: Path
    index: Path


def gather(examiner: Examiner, shard: Shard, path: Path, chosen: Sequence[Chosen], part: Part) -> None:
    """Writes the part of the shard at `path` with its chosen rows, in ascending order."""
    lines: list[dict[str, int]] = []
    with atomic(part.records) as temporary, temporary.open("wb") as records:
        for row, draft in _drafts(examiner, shard, path, chosen):
            text = json.dumps(_columns(examiner, row, draft)).encode()
            size = len(text) + len(draft.image)
            lines.append({"rank": row.rank, "start": records.tell(), "text_bytes": len(text), "bytes": size})
            records.write(text + draft.image)
    with atomic(part.index) as temporary:
        pq.write_table(pa.Table.from_pylist(lines, INDEX), temporary)


class Records:
    """The records of all parts, by ascending rank. About 40 bytes per record are in memory, not its text and image."""

    def __init__(self, parts: Sequence[Part]) -> None:
        tables = [pq.read_table(part.index) for part in parts]
        columns = {name: np.concatenate([table[name].to_numpy() for table in tables]) for name in INDEX.names}
        self._order = np.argsort(columns["rank"], kind="stable")
        self._columns = columns
        self._part = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
        self._parts = parts

    def __len__(self) -> int:
        return len(self._order)

    def read(self, first: int, count: int) -> Iterator[Record]:
        """`count` records from `first` on, or fewer at the end."""
        for at in self._order[first : first + count].tolist():
            start, text_bytes, size = (int(self._columns[name][at]) for name in ("start", "text_bytes", "bytes"))
            with self._parts[self._part[at]].records.open("rb") as records:
                records.seek(start)
                held = records.read(size)
            yield Record(json.loads(held[:text_bytes]), held[text_bytes:])


def _drafts(examiner: Examiner, shard: Shard, path: Path, chosen: Sequence[Chosen]) -> Iterator[tuple[Chosen, Draft]]:
    wanted = {row.row: row for row in chosen}
    found = batches(path, partial(examiner.reader, shard), lambda numbers: not wanted.keys().isdisjoint(numbers))
    for reader, first, rows in found:
        for number, row in enumerate(rows, first):
            if number in wanted:
                yield wanted[number], examiner.draft(reader, row)


def _columns(examiner: Examiner, row: Chosen, draft: Draft) -> dict[str, Any]:
    return {
        "id": f"{row.sub_dataset}-{row.fingerprint:016x}",
        "prompt": draft.prompt,
        **asdict(draft.scored),
        "pass_rate": draft.pass_rate,
        "source": draft.origin.source,
        "sub_dataset": row.sub_dataset,
        "tier": examiner.recipe.sub_datasets[row.sub_dataset].tier,
        "origin": draft.origin.name,
        "origin_id": draft.origin.id,
    }
