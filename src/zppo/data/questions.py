"""Questions by position, made when asked for: rows -> **questions** -> rollout steps.

All rows are gone through once at the start; what is kept then are 24 bytes for each row that is a question.
"""

import hashlib
import reprlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any, overload

from zppo.data.columns import names_in
from zppo.data.dropped import BadRow, Dropped
from zppo.data.parsing import Parser
from zppo.data.rows import Rows
from zppo.errors import DataError
from zppo.types import Question

Filter = Callable[[Question], None]
"""Raises DataError for a question that is not to be asked."""


class Questions(Sequence[Question]):
    """The questions of the rows at the positions `kept`. Raises DataError for an id that occurs twice."""

    def __init__(self, rows: Rows, parser: Parser, kept: "array[int]", ids: "array[int]") -> None:
        self._rows, self._parser, self._kept = rows, parser, kept
        self._ids = ids
        self._by_id = array("q", sorted(range(len(ids)), key=ids.__getitem__))
        self._check_ids()

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, index: int) -> Question: ...

    @overload
    def __getitem__(self, index: slice) -> list[Question]: ...

    def __getitem__(self, index: int | slice) -> Question | list[Question]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        row = self._kept[index]
        return self._parser.question(self._rows[row], self._rows, row)

    def find(self, question_id: str) -> Question | None:
        """The question of this id, or None."""
        digest = _digest(question_id)
        start = bisect_left(self._by_id, digest, key=self._ids.__getitem__)
        for position in islice(self._by_id, start, None):
            if self._ids[position] != digest:
                return None
            if (question := self[position]).id == question_id:
                return question
        return None

    @property
    def identity(self) -> str:
        """The same for the same ids in the same order: how many there are, and a digest of them."""
        return f"{len(self)} questions ({hashlib.blake2b(self._ids.tobytes(), digest_size=8).hexdigest()})"

    def _check_ids(self) -> None:
        for one, other in pairwise(self._by_id):
            if self._ids[one] == self._ids[other] and self[one].id == self[other].id:
                first, second = (self._rows.place(self._kept[i]) for i in sorted((one, other)))
                raise DataError(f"{second}: id {self[one].id!r} already stands in {first}; ids tell questions apart")


def read(rows: Rows, parser: Parser, filters: Sequence[Filter], source: str) -> tuple[Questions, list[Dropped]]:
    """The questions of all rows that can be asked, and why the others cannot.

    Raises DataError when there are no rows, a column is missing altogether, no question is left, or more than half of
    the rows are dropped for one reason; and what `rows` raises for a file that cannot be read.
    """
    kept, ids, dropped = array("q"), array("Q"), []
    columns: dict[str, None] = {}
    for index, row in enumerate(_rows(rows, source)):
        if isinstance(row, Mapping):
            columns |= dict.fromkeys(names_in(row))
        try:
            question = _passed(row, rows, index, parser, filters)
        except DataError as error:
            dropped.append(_dropped(row, rows, index, parser, error))
        else:
            kept.append(index)
            ids.append(_digest(question.id))
    if columns:
        parser.columns.check(list(columns), source, parser.answered)
    _refuse_a_ruin(len(kept), dropped, source)
    return Questions(rows, parser, kept, ids), dropped


def _rows(rows: Rows, source: str) -> Iterator[Any]:
    if not len(rows):
        raise DataError(f"{source}: there are no rows")
    return iter(rows)


def _passed(row: Any, rows: Rows, index: int, parser: Parser, filters: Sequence[Filter]) -> Question:
    try:
        question = parser.question(row, rows, index)
    except (ValueError, RecursionError) as error:  # a number too long to be written, nesting too deep
        raise BadRow("bad column", f"it cannot be read ({error})") from error
    for passes in filters:
        passes(question)
    return question


def _dropped(row: Any, rows: Rows, index: int, parser: Parser, error: DataError) -> Dropped:
    place = rows.place(index)
    given = parser.columns.value(row, "id") if isinstance(row, Mapping) else getattr(row, "id", None)
    identity = given if isinstance(given, str) else place.id if given is None else reprlib.repr(given)
    kind = error.kind if isinstance(error, BadRow) else "unfit"
    return Dropped(place.source, place.row, identity, kind, str(error))


def _refuse_a_ruin(kept: int, dropped: Sequence[Dropped], source: str) -> None:
    """Dropping is for the odd bad row; when it takes most of them, the data or an option is not what was meant."""
    if not dropped:
        return
    (kind, count), total = Counter(d.kind for d in dropped).most_common(1)[0], kept + len(dropped)
    if kept and count * 2 <= total:
        return
    first = next(d for d in dropped if d.kind == kind)
    rest = "no question is left" if not kept else f"{kept} questions are left"
    raise DataError(f"{first} ({source}: {count} of {total} rows are dropped for this reason, `{kind}`, and {rest})")


def _digest(question_id: str) -> int:
    written = question_id.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(written, digest_size=8).digest(), "little")
