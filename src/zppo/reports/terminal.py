"""Bars on a terminal: the whole, the phase it is in, and the few numbers that matter below them."""

import sys
import time
from collections.abc import Iterable, Mapping
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Column
from rich.text import Text

from zppo.reports.progress import HELD_OUT, NOTHING, Pace

REDRAWN = 8
"""Times per second."""
NAME = 36
"""Characters of a phase that are shown; fixed, so that bars stay where they are."""


def is_terminal() -> bool:
    """Whether standard error can show bars."""
    return sys.stderr.isatty() and not Console(stderr=True).is_dumb_terminal


class Terminal:
    """A `Progress` of two bars, which are gone when it ends. What must not be lost is printed above them."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bars = _Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False, table_column=Column(width=NAME, no_wrap=True)),
            BarColumn(),
            TextColumn("{task.fields[counted]}", markup=False),
            console=self._console,
            refresh_per_second=REDRAWN,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._pace = Pace("", 0, 0, time.perf_counter)
        self._whole = self._bars.add_task("", visible=False, counted="")
        self._phase = self._bars.add_task("", visible=False, counted="")
        self._done = self._total = 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def phase(self, name: str, total: int = 0, brief: bool = False) -> None:
        self._done, self._total = 0, total
        self._bars.remove_task(self._phase)  # a new one: rich keeps the total of a task that is reset to none
        self._phase = self._bars.add_task(name, total=total or None, counted=self._counted())

    def advance(self, count: int = 1) -> None:
        self._done += count
        self._bars.update(self._phase, completed=self._done, counted=self._counted())

    def begin(self, unit: str, total: int, done: int = 0) -> None:
        self._pace = Pace(unit, total, done, time.perf_counter)
        counted = f"{done}/{total}"
        self._bars.update(
            self._whole, description=f"{unit}s", total=total, completed=done, visible=True, counted=counted
        )

    def done(self, count: int, numbers: Mapping[str, str] = NOTHING) -> None:
        line = self._pace.line(count, numbers)
        self._bars.numbers |= numbers
        counted = f"{count}/{self._pace.total}  {self._pace.left(count)}"
        self._bars.update(self._whole, completed=count, counted=counted, refresh=True)
        if HELD_OUT in numbers:  # what a step came to is worth to be scrolled back to
            self.note(line)

    def show(self, name: str, result: str) -> None:
        if name == HELD_OUT:
            self._bars.numbers[name] = result
        self.note(f"{name}: {result}")

    def note(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _counted(self) -> str:
        return f"{self._done:,}/{self._total:,}" if self._total else ""


class _Bars(Progress):
    """With a line of numbers below."""

    numbers: dict[str, str]

    def __init__(self, *columns: TextColumn | SpinnerColumn | BarColumn, **options: object) -> None:
        self.numbers = {}
        super().__init__(*columns, **options)  # type: ignore[arg-type]

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.numbers:
            yield Text("   ".join(f"{name} {value}" for name, value in self.numbers.items()), style="dim")
