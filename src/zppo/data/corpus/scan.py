"""Checks every row of a shard once: shard -> **index**, a small Parquet file with one line per row.

A line has the reason to exclude the row, or its values for the selection. An image stays in memory only during its
batch.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zppo.data.corpus.files import atomic
from zppo.data.corpus.pictures import Picture, examine
from zppo.data.corpus.plan import Shard, open_parquet, readable
from zppo.data.corpus.reasons import Excluded
from zppo.data.corpus.recipe import Recipe
from zppo.data.corpus.rows import IMAGE, Draft, Origin, RowReader
from zppo.data.corpus.schema import find_columns
from zppo.types import Question

BATCH = 16
"""Rows in memory at a time, with their images."""
EXAMPLE = 200
"""Longest detail of an exclusion, in characters."""


@dataclass(frozen=True)
class Entry:
    """A row in the index. `reason` is empty for a valid row; an excluded one has no answer type and no fingerprint.

    `fingerprint`: equal for equal questions with equal images. `rank`: pseudo-random, by seed, sub-dataset and
    fingerprint. `tie`: order of rows with one fingerprint, independent of their shards.
    """

    row: int
    sub_dataset: str
    origin: str
    origin_id: str
    reason: str
    detail: str
    answer_type: str = ""
    fingerprint: int = 0
    rank: int = 0
    tie: int = 0


SCHEMA = pa.schema(
    [
        ("row", pa.int32()),
        *((name, pa.string()) for name in ("sub_dataset", "origin", "origin_id", "reason", "detail", "answer_type")),
        *((name, pa.uint64()) for name in ("fingerprint", "rank", "tie")),
    ]
)


@dataclass(frozen=True)
class Examiner:
    """Checks of a row. `check` is the grader's, `length` counts the tokens of prompt, width, height."""

    recipe: Recipe
    seed: int
    check: Callable[[Question], None]
    length: Callable[[str, int, int], int]
    _names: dict[tuple[str, str], str | None] = field(default_factory=dict, init=False, repr=False)

    def reader(self, shard: Shard, schema: pa.Schema) -> RowReader:
        paths = find_columns(schema, self.recipe.sources[shard.source]).paths
        return RowReader(shard.source, shard.config, paths, self.recipe.limits)

    def draft(self, reader: RowReader, row: Mapping[str, Any]) -> Draft:
        """The draft of a row. Raises Excluded if its texts fail a check."""
        return reader.draft(row).checked(self.check)

    def entry(self, reader: RowReader, row: Mapping[str, Any], number: int) -> Entry | None:
        """Index entry of a row; None for a row of no sub-dataset."""
        origin = reader.origin(row)
        name = self._sub_dataset(origin.source, origin.name)
        if name is None:
            return None
        try:
            draft = self.draft(reader, row)
            picture = examine(draft.image, self.recipe.limits.image_side)
            self._check_length(draft, picture)
        except Excluded as error:
            detail = error.detail[:EXAMPLE]
            return Entry(number, name, origin.name, origin.id, error.reason, detail, tie=_tie(origin))
        same = fingerprint(draft.prompt, picture)
        rank, tie = _number(f"{self.seed}/{name}/{same}"), _tie(origin, draft.scored.answer)
        return Entry(number, name, origin.name, origin.id, "", "", draft.scored.answer_type, same, rank, tie)

    def _sub_dataset(self, source: str, origin: str) -> str | None:
        if (source, origin) not in self._names:
            self._names[source, origin] = self.recipe.match(source, origin).name
        return self._names[source, origin]

    def _check_length(self, draft: Draft, picture: Picture) -> None:
        tokens = self.length(draft.prompt, picture.width, picture.height)
        if tokens > self.recipe.limits.prompt_tokens:
            raise Excluded("prompt_long", f"{tokens} tokens")


def scan(examiner: Examiner, shard: Shard, path: Path, index: Path) -> None:
    """Writes the index of the shard at `path`. The SHA-256 of the shard goes into the index's metadata.

    Raises DataError naming the shard when it cannot be read to its end.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with atomic(index) as temporary, pq.ParquetWriter(temporary, SCHEMA) as writer:
        writer.add_key_value_metadata({"sha256": digest})
        for entries in _entries(examiner, shard, path):
            writer.write_table(pa.Table.from_pylist([asdict(entry) for entry in entries], SCHEMA))


def fingerprint(prompt: str, picture: Picture) -> int:
    """64-bit hash of the question, ignoring case, spacing and Unicode forms, and of the image's pixels."""
    text = " ".join(unicodedata.normalize("NFKC", prompt.replace(IMAGE, " ")).casefold().split())
    return _number(text, picture.digest)


def batches(
    path: Path, reader_of: Callable[[pa.Schema], RowReader], wanted: Callable[[range], bool]
) -> Iterator[tuple[RowReader, int, list[dict[str, Any]]]]:
    """The rows of the shard at `path`, `BATCH` at a time, with the number of the first. Row groups with no `wanted` row
    are not read; the others one by one, because a single one may hold a gigabyte.

    Raises DataError naming the file that cannot be read.
    """
    with path.open("rb") as file, readable(str(path)):
        parquet = open_parquet(file)
        reader, end = reader_of(parquet.schema_arrow), 0
        for group in range(parquet.metadata.num_row_groups):
            first, end = end, end + parquet.metadata.row_group(group).num_rows
            if not wanted(range(first, end)):
                continue
            for piece in parquet.iter_batches(BATCH, [group], reader.columns, use_threads=False):
                yield reader, first, piece.to_pylist()
                first += piece.num_rows
            pa.default_memory_pool().release_unused()


def _entries(examiner: Examiner, shard: Shard, path: Path) -> Iterator[list[Entry]]:
    """Entries in lists, each a row group of the index."""
    gathered: list[Entry] = []
    for reader, first, rows in batches(path, partial(examiner.reader, shard), bool):
        found = (examiner.entry(reader, row, number) for number, row in enumerate(rows, first))
        gathered += [entry for entry in found if entry is not None]
        if len(gathered) >= 4096:
            yield gathered
            gathered = []
    yield gathered


def _tie(origin: Origin, answer: str = "") -> int:
    return _number("\0".join((origin.source, origin.name, origin.id, answer)))


def _number(text: str, more: bytes = b"") -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    digest.update(more)
    return int.from_bytes(digest.digest(), "big")
