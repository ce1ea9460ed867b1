"""A `Progress` that remembers what it is given."""

from collections.abc import Mapping
from typing import Any

from zppo.reports.progress import NOTHING, Silent


class Heard(Silent):
    """`phases` are (name, total, brief, items counted), `units` what `begin` and `done` were given."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, int, bool, int]] = []
        self.units: list[tuple[Any, ...]] = []
        self.results: list[tuple[str, str]] = []

    def phase(self, name: str, total: int = 0, brief: bool = False) -> None:
        self.phases.append((name, total, brief, 0))

    def advance(self, count: int = 1) -> None:
        *phase, counted = self.phases.pop()
        self.phases.append((*phase, counted + count))  # type: ignore[arg-type]

    def begin(self, unit: str, total: int, done: int = 0) -> None:
        self.units.append((unit, total, done))

    def done(self, count: int, numbers: Mapping[str, str] = NOTHING) -> None:
        self.units.append((count, dict(numbers)))

    def show(self, name: str, result: str) -> None:
        self.results.append((name, result))
