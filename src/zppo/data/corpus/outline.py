"""Plan of a build as text: sub-datasets of the sources, most rows of each, and deviations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zppo.data.corpus.plan import Contents, Layout
from zppo.data.corpus.recipe import SOURCES, VERO, Match, Recipe
from zppo.errors import DataError


@dataclass(frozen=True)
class Plan:
    recipe: Recipe
    layout: Layout
    contents: Contents

    @property
    def unexpected(self) -> list[str]:
        return [*self.layout.unexpected, *self.contents.unexpected]

    def origins(self, source: str) -> Iterator[tuple[str, int, Match]]:
        """Configs or source values with their rows and matches, sorted."""
        for origin, rows in sorted(self.contents.origins[source].items()):
            yield origin, rows, self.recipe.match(source, origin)

    def available(self, name: str, source: str) -> dict[str, int] | None:
        """Rows of a sub-dataset in the source by origin, before any filter; None if not known yet."""
        if source in self.contents.unread and self.recipe.sub_datasets[name].names(source):
            return None
        return {origin: rows for origin, rows, match in self.origins(source) if match.name == name}

    def bound(self, name: str) -> int:
        """Upper bound on the rows of the sub-dataset."""
        found = [self.available(name, source) for source in SOURCES]
        if None in found:
            return self.recipe.cap(name)
        return min(self.recipe.cap(name), sum(sum(rows.values()) for rows in found if rows))

    def left_out(self) -> dict[str, dict[str, int | None]]:
        """Rows, by source, of origins that belong to no sub-dataset, or to more than one; None if not counted."""
        left: dict[str, dict[str, int | None]] = {
            source: {o: rows for o, rows, match in self.origins(source) if not match.name} for source in SOURCES
        }
        left[VERO] |= {config: None for config, match in sorted(self.layout.configs.items()) if not match.name}
        return left

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {
            "sub_datasets": {
                name: {
                    "tier": each.tier,
                    "cap": self.recipe.cap(name),
                    "available": {source: self.available(name, source) for source in SOURCES},
                    "at_most": self.bound(name),
                }
                for name, each in self.recipe.sub_datasets.items()
            },
            "at_most": sum(map(self.bound, self.recipe.sub_datasets)),
            "left_out": self.left_out(),
            "unexpected": self.unexpected,
        }

    def as_text(self) -> str:
        """The plan as a table, with origins left out and deviations."""
        cells: list[tuple[str, ...]] = [("sub-dataset", "tier", "cap", *SOURCES, "at most")]
        for name, each in self.recipe.sub_datasets.items():
            counts = [_rows(self.available(name, source)) for source in SOURCES]
            cells.append((name, f"{each.tier}", f"{self.recipe.cap(name):,}", *counts, f"{self.bound(name):,}"))
        cells.append(("all", "", "", "", "", f"{sum(map(self.bound, self.recipe.sub_datasets)):,}"))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join([f"{c[0]:<{widths[0]}}", *map(str.rjust, c[1:], widths[1:])]).rstrip() for c in cells]
        for source, origins in self.left_out().items():
            listed = ", ".join(o if rows is None else f"{o} ({rows:,})" for o, rows in origins.items())
            lines += [f"\nleft out of {source}: {listed or 'nothing'}"]
        lines += [f"\nunexpected: {len(self.unexpected) or 'nothing'}", *(f"  - {each}" for each in self.unexpected)]
        return "\n".join(lines)


def _rows(available: Mapping[str, int] | None) -> str:
    return "?" if available is None else f"{sum(available.values()):,}" if available else "-"


def refuse_unexpected(unexpected: Sequence[str], accepted: bool) -> None:
    """Raises DataError with the list, unless it is accepted."""
    if unexpected and not accepted:
        listed = "\n".join(f"  - {each}" for each in unexpected)
        raise DataError(
            f"the sources are not what the recipe expects:\n{listed}\n"
            "Correct a copy of the recipe (--recipe), or pass --accept-unexpected to build without what is listed; "
            "rows in doubt are then left out, never guessed"
        )
