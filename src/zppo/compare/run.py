"""Runs cells as processes of their own, so that one that crashes or is killed leaves the others."""

import fcntl
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zppo.compare.grid import Cell
from zppo.errors import CompareError
from zppo.reports.progress import Lines, Progress
from zppo.reports.rundir import RunDirectory

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class CellRun:
    """A cell, where it runs, and the command that starts it there."""

    cell: Cell
    directory: RunDirectory
    command: Sequence[str]
    environment: Mapping[str, str]

    @property
    def log(self) -> Path:
        return self.directory.path.with_name(f"{self.cell.name}.log")

    @property
    def finished(self) -> bool:
        return self.directory.summary_file.exists()

    def __str__(self) -> str:
        return f"{self.cell.label} seed {self.cell.seed}"


class Process(Protocol):
    """The part of subprocess.Popen that is used here."""

    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def wait(self) -> int: ...


def start_process(run: CellRun) -> Process:
    """Start a cell, or continue it if it was interrupted; what it prints is added to its log.

    The cell holds a lock on its log for as long as it lives, even if this process is killed. Raises CompareError if
    the lock is taken.
    """
    run.log.parent.mkdir(parents=True, exist_ok=True)
    with run.log.open("ab") as log:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CompareError(f"{run} is being run by another process; wait for it or end it ({run.log})") from error
        resume = ["--resume"] if run.directory.config_file.exists() else []
        return subprocess.Popen(
            [*run.command, *resume],
            env=dict(run.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def run_cells(
    runs: Sequence[CellRun], jobs: int, start: Callable[[CellRun], Process], progress: Progress | None = None
) -> None:
    """Run all cells that are not finished, `jobs` at a time; `progress` shows how each has ended.

    When this is interrupted, so are the cells. Raises CompareError naming the cells that failed or could not be
    started, after all others are finished.
    """
    there = [run for run in runs if run.finished]
    progress = progress or Lines()
    for count, run in enumerate(there, start=1):
        progress.show(str(run), f"{_outcome(run)}, already there ({count} of {len(runs)})")
    progress.begin("cell", len(runs), len(there))
    waiting, ended, failed = [run for run in runs if not run.finished], len(there), []
    running: list[tuple[CellRun, Process]] = []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                run = waiting.pop(0)
                try:
                    running.append((run, start(run)))
                except CompareError as error:
                    ended += 1
                    failed.append(run)
                    progress.note(f"{error} ({ended} of {len(runs)})")
                    progress.done(ended)
                progress.phase("running " + ", ".join(str(each) for each, _ in running), brief=True)
            for run in _take_ended(running):
                ended += 1
                if not run.finished:
                    failed.append(run)
                    progress.note(f"{run}: failed, see {run.log} ({ended} of {len(runs)})")
                else:
                    progress.show(str(run), f"{_outcome(run)} ({ended} of {len(runs)})")
                progress.done(ended)
            time.sleep(POLL_SECONDS)
    finally:
        for _, process in running:
            process.terminate()
        for _, process in running:
            process.wait()
    if failed:
        named = "; ".join(f"{run} (log: {run.log})" for run in failed)
        raise CompareError(
            f"{len(failed)} of {len(runs)} cells failed, so nothing is compared: {named}. The same command runs them "
            "again and leaves the finished ones alone"
        )


def _take_ended(running: list[tuple[CellRun, Process]]) -> list[CellRun]:
    """Remove the processes that have ended from `running`."""
    ended = [pair for pair in running if pair[1].poll() is not None]
    for pair in ended:
        running.remove(pair)
    return [run for run, _ in ended]


def _outcome(run: CellRun) -> str:
    """`hard .93 after 100 steps, 158 s`; overall accuracy where there are no hard questions."""
    summary = run.directory.summary()
    after = summary["evaluations"][-1]
    level = "overall" if after["hard"] is None else "hard"
    accuracy = f"{after[level]:.2f}".removeprefix("0")
    return f"{level} {accuracy} after {summary['rollout_steps']} steps, {summary['seconds']:.0f} s"
