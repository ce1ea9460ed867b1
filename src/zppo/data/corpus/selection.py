"""Selection of rows: duplicates are removed, then each sub-dataset is capped: indexes -> **selection**.

Every decision depends on the content of the rows and on the seed, not on their shards or on their order in them. About
40 bytes per row of the sources are in memory.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zppo.data.corpus.reasons import REASONS
from zppo.data.corpus.recipe import SOURCES, Recipe

KEPT = ""
_OUTCOMES = (KEPT, *REASONS)
_COLUMNS = ["row", "sub_dataset", "reason", "fingerprint", "rank", "tie"]


@dataclass(frozen=True)
class Candidates:
    """Rows of the indexes; each array has one element per row. `place`: position of the sub-dataset in the recipe."""

    shard: NDArray[np.int32]
    source: NDArray[np.int8]
    row: NDArray[np.int32]
    place: NDArray[np.int16]
    outcome: NDArray[np.int8]
    fingerprint: NDArray[np.uint64]
    rank: NDArray[np.uint64]
    tie: NDArray[np.uint64]


@dataclass(frozen=True)
class Chosen:
    """A row of a shard that is in the corpus."""

    row: int
    sub_dataset: str
    fingerprint: int
    rank: int


@dataclass(frozen=True)
class Selection:
    """Outcome of every row."""

    rows: Candidates
    recipe: Recipe

    def chosen(self, shard: int) -> list[Chosen]:
        """The rows of a shard that are in the corpus, in the order of the shard."""
        rows, names = self.rows, list(self.recipe.sub_datasets)
        mine = np.flatnonzero((rows.shard == shard) & (rows.outcome == 0))
        return [
            Chosen(int(rows.row[at]), names[rows.place[at]], int(rows.fingerprint[at]), int(rows.rank[at]))
            for at in mine[np.argsort(rows.row[mine])]
        ]

    def outcomes(self) -> Counter[tuple[str, str, str]]:
        """Number of rows by sub-dataset, source and reason (`KEPT` for those in the corpus)."""
        names = list(self.recipe.sub_datasets)
        codes = np.stack([self.rows.place, self.rows.source, self.rows.outcome], axis=1)
        kinds, counts = np.unique(codes, axis=0, return_counts=True)
        return Counter(
            {(names[p], SOURCES[s], _OUTCOMES[o]): int(n) for (p, s, o), n in zip(kinds, counts, strict=True)}
        )

    def reasons(self, shard: int) -> list[str]:
        """Reason of each line of a shard's index, or `KEPT`."""
        return [_OUTCOMES[code] for code in self.rows.outcome[self.rows.shard == shard]]


def select(recipe: Recipe, sources: Sequence[str], indexes: Sequence[Path]) -> Selection:
    """Selects rows from the index of each shard; `sources` has the source of each."""
    rows = _read(recipe, sources, indexes)
    _drop_duplicates(rows)
    _keep_caps(rows, np.array([recipe.cap(name) for name in recipe.sub_datasets]))
    return Selection(rows, recipe)


def _read(recipe: Recipe, sources: Sequence[str], indexes: Sequence[Path]) -> Candidates:
    places = {name: place for place, name in enumerate(recipe.sub_datasets)}
    outcomes = {reason: code for code, reason in enumerate(_OUTCOMES)}
    parts: list[Candidates] = []
    for shard, (source, index) in enumerate(zip(sources, indexes, strict=True)):
        table = pq.read_table(index, columns=_COLUMNS)
        numbers = {name: table[name].to_numpy() for name in ("row", "fingerprint", "rank", "tie")}
        parts.append(
            Candidates(
                shard=np.full(table.num_rows, shard, np.int32),
                source=np.full(table.num_rows, SOURCES.index(source), np.int8),
                place=np.array([places[name] for name in table["sub_dataset"].to_pylist()], np.int16),
                outcome=np.array([outcomes[reason] for reason in table["reason"].to_pylist()], np.int8),
                **numbers,
            )
        )
    return Candidates(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def _drop_duplicates(rows: Candidates) -> None:
    """Keep the first row of each fingerprint: by source, then by sub-dataset, then by the content of the rows."""
    open_ = np.flatnonzero(rows.outcome == 0)
    keys = (rows.row, rows.shard, rows.tie, rows.place, rows.source, rows.fingerprint)
    order = open_[np.lexsort([key[open_] for key in keys])]
    prints = rows.fingerprint[order]
    rows.outcome[order[1:][prints[1:] == prints[:-1]]] = _OUTCOMES.index("duplicate")


def _keep_caps(rows: Candidates, caps: NDArray[np.int64]) -> None:
    """Keep rows up to the caps: those of the first source first, by rank within a source."""
    open_ = np.flatnonzero(rows.outcome == 0)
    keys = (rows.fingerprint, rows.rank, rows.source, rows.place)
    order = open_[np.lexsort([key[open_] for key in keys])]
    places = rows.place[order]
    position = np.arange(len(order)) - np.searchsorted(places, places)
    rows.outcome[order[position >= caps[places]]] = _OUTCOMES.index("over_cap")
