"""Courses of the questions of the replay buffer, as tables (method section 9)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from zppo.reports.table import NOTHING, Line, Table

Counts = Mapping[str, int]
VISITS = ("0", "1", "2", "3", "4", "5", "6 or more")
"""Scored visits since entry, as the rows of a table; the last one as in the paper."""
COURSES = {
    "graduated": "graduated",
    "improved": "improved without graduating",
    "never_improved": "never improved",
}
"""The courses of `zone.replay.Departure`, in words."""


def buffer_tables(summary: Mapping[str, Any]) -> list[Table]:
    """Graduates with both denominators, and the courses of the questions that left; [] without a buffer."""
    if not summary["admitted"]:
        return []
    tables = [_graduates(summary)]
    for by, counts in (
        ("plain accuracy at entry", {_entry(k): v for k, v in summary["left_by_entry"].items()}),
        ("scored visits since entry", by_visits(summary["left_by_visits"])),
    ):
        if counts:
            rows = [_left(name, courses) for name, courses in counts.items()]
            tables.append(Table(f"Questions that left, by {by}", (by, "left", *COURSES.values()), rows))
    return tables


def by_visits(left: Mapping[str, Counts]) -> dict[str, dict[str, int]]:
    """The courses by number of visits, in the rows of `VISITS`."""
    found: dict[str, Counter[str]] = {}
    for visits, courses in left.items():
        found.setdefault(VISITS[min(int(visits), len(VISITS) - 1)], Counter()).update(courses)
    return {visits: dict(courses) for visits, courses in found.items()}


def share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({part / whole:.0%})" if whole else NOTHING


def _graduates(summary: Mapping[str, Any]) -> Table:
    header = ("plain accuracy at entry", "graduated / admitted", "graduated / admitted and replayed at least once")
    rows = [
        (_entry(e), *(share(summary["graduated"].get(e, 0), summary[of].get(e, 0)) for of in ("admitted", "replayed")))
        for e in sorted(summary["admitted"], key=float)
    ]
    return Table("Graduates, by plain accuracy at entry", header, rows)


def _left(name: str, courses: Counts) -> Line:
    total = sum(courses.values())
    return (name, str(total), *(f"{courses.get(c, 0)} ({courses.get(c, 0) / total:.0%})" for c in COURSES))


def _entry(accuracy: str) -> str:
    return f"{100 * float(accuracy):g}%"
