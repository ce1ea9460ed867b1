"""Progress of long work: bars on a terminal, plain lines in a pipe, or only results and warnings.

All output goes to standard error. The caller names its phase and counts; a `Progress` decides on the display.
"""

import logging
import sys
import time
from collections.abc import Callable, Mapping
from typing import Protocol, Self

from zppo.reports.table import duration

HELD_OUT = "held-out"
"""The number of a step that stays on the screen."""
NOTHING: Mapping[str, str] = {}
PATIENCE = 30.0
"""Seconds without a line after which a brief phase gets one."""


class Progress(Protocol):
    """Display of progress, active inside `with`; two such blocks may be nested, and the inner one ends it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def phase(self, name: str, total: int = 0, brief: bool = False) -> None:
        """Begin a phase of `total` items (0: unknown); the phase before it has ended.

        `brief`: it is one of many that take seconds each.
        """

    def advance(self, count: int = 1) -> None:
        """Add `count` finished items to the phase."""

    def begin(self, unit: str, total: int, done: int = 0) -> None:
        """Begin work of `total` units (`step`, `cell`), of which `done` are already finished."""

    def done(self, count: int, numbers: Mapping[str, str] = NOTHING) -> None:
        """End a unit; `count` are finished in all. `numbers` are its results by name, if any."""

    def show(self, name: str, result: str) -> None:
        """Show the result of a phase."""

    def note(self, line: str) -> None:
        """Show a warning or an error, in every mode."""


class Silent:
    """Only warnings are shown."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...

    def phase(self, name: str, total: int = 0, brief: bool = False) -> None: ...

    def advance(self, count: int = 1) -> None: ...

    def begin(self, unit: str, total: int, done: int = 0) -> None: ...

    def done(self, count: int, numbers: Mapping[str, str] = NOTHING) -> None: ...

    def show(self, name: str, result: str) -> None: ...

    def note(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class Lines(Silent):
    """A line for every unit that ends, for the results of phases, and at the start of long phases.

    In the first unit every phase has a line, as its length is not known; later a long phase has one every `PATIENCE`
    seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._spoke = clock()
        self._pace = Pace("", 0, 0, clock)
        self._phase, self._total, self._count = "", 0, 0
        self._is_first = True

    def phase(self, name: str, total: int = 0, brief: bool = False) -> None:
        self._phase, self._total, self._count = name, total, 0
        if not brief or self._is_first or self._clock() - self._spoke > PATIENCE:
            self.note(f"{name} ({total:,}) ..." if total else f"{name} ...")

    def advance(self, count: int = 1) -> None:
        self._count += count
        if self._clock() - self._spoke > PATIENCE:
            self.note(f"{self._phase}: {self._count:,} of {self._total:,}")

    def begin(self, unit: str, total: int, done: int = 0) -> None:
        self._pace = Pace(unit, total, done, self._clock)

    def done(self, count: int, numbers: Mapping[str, str] = NOTHING) -> None:
        self._is_first = False
        if numbers:
            self.note(self._pace.line(count, numbers))

    def show(self, name: str, result: str) -> None:
        self.note(f"{name}: {result}")

    def note(self, line: str) -> None:
        self._spoke = self._clock()
        super().note(line)


class Pace:
    """Seconds per unit since the start, and the time left at that pace."""

    def __init__(self, unit: str, total: int, done: int, clock: Callable[[], float]) -> None:
        self.unit, self.total = unit, total
        self._before, self._clock = done, clock
        self._began = self._last = clock()

    def line(self, count: int, numbers: Mapping[str, str]) -> str:
        """`step 3/120: accuracy 45.0%, hard 52.0%, 4.1 s, 7 min 20 s left`. Called once per unit."""
        now = self._clock()
        spent, self._last = now - self._last, now
        told = [*(f"{name} {value}" for name, value in numbers.items()), duration(spent), self.left(count)]
        return f"{self.unit} {count}/{self.total}: " + ", ".join(filter(None, told))

    def left(self, count: int) -> str:
        """`7 min 20 s left`; '' before the first unit has ended and after the last."""
        here, rest = count - self._before, self.total - count
        return f"{duration((self._last - self._began) / here * rest)} left" if here > 0 and rest else ""


class NoteHandler(logging.Handler):
    """Handler that prints log messages in order with the progress."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._progress.note(self.format(record))
        except Exception:
            self.handleError(record)


def new_progress(quiet: bool = False) -> Progress:
    """Bars where standard error is a terminal, else lines; only warnings if `quiet`."""
    if quiet:
        return Silent()
    from zppo.reports.terminal import Terminal, is_terminal  # loads rich

    return Terminal() if is_terminal() else Lines()
