"""Tables of a run: the plain form of one, and held-out accuracy before and after training as rows and as text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEVELS = ("overall", "easy", "hard")
NOTHING = "–"
Line = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A title, the names of the columns, and rows of as many cells."""

    title: str
    header: Line
    rows: list[Line]


@dataclass(frozen=True)
class Comparison:
    """One line of a before/after table. `section` is '' or the level that a cluster's line is about."""

    section: str
    label: str
    before: float | None
    after: float | None

    @property
    def change(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before


def comparisons(summary: Mapping[str, Any], levels: tuple[str, ...] = ("hard", "easy")) -> list[Comparison]:
    """Overall, easy and hard, then every cluster at each of `levels`. Empty without held-out questions."""
    before, after = summary["accuracy_before"] or {}, summary["accuracy_after"] or {}
    if not before and not after:
        return []
    lines = [Comparison("", level, before.get(level), after.get(level)) for level in LEVELS]
    earlier, later = before.get("clusters", {}), after.get("clusters", {})
    for level in levels:
        for cluster in sorted({**earlier, **later}):
            values = [clusters.get(cluster, {}).get(level) for clusters in (earlier, later)]
            if values != [None, None]:
                lines.append(Comparison(level, cluster, *values))
    return lines


def before_after_table(summary: Mapping[str, Any]) -> str:
    """Held-out accuracy in percent, change in points: overall, easy, hard, and the hard questions of each cluster."""
    lines = comparisons(summary, levels=("hard",))
    if not lines:
        return "no held-out questions, so there is no accuracy to compare"
    labels = [f"{line.section} · {line.label}" if line.section else line.label for line in lines]
    title = "held-out accuracy"
    width = max(len(label) for label in [title, *labels])
    rows = [f"{title:<{width}}   before    after   change"]
    for label, line in zip(labels, lines, strict=True):
        cells = (percent(line.before), percent(line.after), points(line.change))
        rows.append(f"{label:<{width}}  " + "  ".join(f"{cell:>7}" for cell in cells))
    return "\n".join(rows)


def percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share:.1%}"


def points(difference: float | None) -> str:
    """A difference of two shares in percentage points; a change that rounds to nothing has no sign."""
    if difference is None:
        return NOTHING
    rounded = round(100 * difference, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"


def duration(seconds: float) -> str:
    """`4.1 s`, `7 min 20 s` or `2 h 3 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"
