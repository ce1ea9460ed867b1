"""What was left out, and why: rows -> questions, and **dropped** rows for the run's report."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from zppo.errors import DataError

Kind = Literal[
    "no row",
    "no question",
    "no answer",
    "prose answer",
    "long answer",
    "bad text",
    "bad column",
    "media markers",
    "unreadable media",
    "image size",
    "long prompt",
]


class BadRow(DataError):
    """A row that cannot become a question; `kind` is what is counted, the message what is listed."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind: Kind = kind


@dataclass(frozen=True)
class Dropped:
    """A row that is not asked. `source` and `row` (from 1) are where it stands; None for a question made in Python."""

    source: str | None
    row: int | None
    id: str | None
    kind: str
    reason: str

    def __str__(self) -> str:
        where = f"question {self.id!r}" if self.source is None else f"{self.source}, row {self.row}"
        return f"{where}: {self.reason}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def counted(dropped: Sequence[Dropped]) -> str:
    """How many there are of each kind, the most frequent first: `12 unreadable media, 3 no answer`."""
    return ", ".join(f"{count} {kind}" for kind, count in Counter(d.kind for d in dropped).most_common())
