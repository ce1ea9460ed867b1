"""Which cells are run, how they are started, and what becomes of those that fail."""

import fcntl
import sys
from pathlib import Path

import pytest
from cells import Ended, FakeRunner, grid, straight_line

from zppo.compare.run import CellRun, run_cells, start_process
from zppo.errors import CompareError
from zppo.run.directory import RunDirectory


def cell_runs(folder: Path, code: str = "") -> list[CellRun]:
    """Four cells; started in earnest, each runs `code` with its folder and perhaps `--resume` as arguments."""
    folders = [(cell, RunDirectory(folder / cell.name)) for cell in grid().cells]
    return [
        CellRun(cell, run, (sys.executable, "-c", code, str(run.path)), {"WHO": cell.name}) for cell, run in folders
    ]


def test_every_cell_is_run_and_announced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runner = FakeRunner()
    run_cells(cell_runs(tmp_path), 1, runner)
    assert runner.started == ["grpo-0", "zppo-0", "grpo-1", "zppo-1"]
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["running grpo seed 0 ...", "grpo seed 0: hard .40 after 10 steps, 5 s (1 of 4)"]
    assert len(lines) == 5 and lines[4].endswith("(4 of 4)")


def test_a_finished_cell_is_not_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = cell_runs(tmp_path)
    runs[1].directory.start({})
    runs[1].directory.write_summary(straight_line("zppo", 0))
    runner = FakeRunner()
    run_cells(runs, 2, runner)
    assert runner.started == ["grpo-0", "grpo-1", "zppo-1"]
    assert "zppo seed 0: hard .80 after 10 steps, 5 s, already there (1 of 4)" in capsys.readouterr().err


def test_a_failing_cell_is_named_and_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = FakeRunner(broken=["zppo-0"])
    with pytest.raises(CompareError) as error:
        run_cells(cell_runs(tmp_path), 1, runner)
    assert str(error.value).startswith("1 of 4 cells failed") and str(tmp_path / "zppo-0.log") in str(error.value)
    assert len(runner.started) == 4
    assert f"zppo seed 0: failed, see {tmp_path / 'zppo-0.log'} (2 of 4)" in capsys.readouterr().err


def test_no_more_cells_run_at_once_than_there_are_jobs(tmp_path: Path) -> None:
    alive: list[str] = []
    most = 0

    class Slow(Ended):
        def __init__(self, name: str) -> None:
            self.name, self.polls = name, 0

        def poll(self) -> int | None:  # type: ignore[override]
            self.polls += 1
            if self.polls == 2:
                alive.remove(self.name)
            return 0 if self.polls >= 2 else None

    def start_slowly(run: CellRun) -> Slow:
        nonlocal most
        FakeRunner()(run)
        alive.append(run.cell.name)
        most = max(most, len(alive))
        return Slow(run.cell.name)

    run_cells(cell_runs(tmp_path), 3, start_slowly)
    assert most == 3 and not alive


def test_interrupted_it_takes_its_cells_down_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processes = []

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    def remember(run: CellRun) -> object:
        processes.append(start_process(run))
        return processes[-1]

    monkeypatch.setattr("zppo.compare.run.time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_cells(cell_runs(tmp_path, "import time; time.sleep(60)"), 2, remember)  # type: ignore[arg-type]
    assert len(processes) == 2 and all(process.poll() is not None for process in processes)


SAY = "import os, sys; print(os.environ['WHO'], *sys.argv[2:]); print('trouble', file=sys.stderr)"


def test_what_a_cell_prints_goes_to_its_log(tmp_path: Path) -> None:
    run = cell_runs(tmp_path / "cells", SAY)[0]
    assert start_process(run).wait() == 0
    assert sorted(run.log.read_text().splitlines()) == ["grpo-0", "trouble"]


def test_an_interrupted_cell_is_resumed(tmp_path: Path) -> None:
    run = cell_runs(tmp_path, SAY)[0]
    run.directory.start({})
    start_process(run).wait()
    assert "grpo-0 --resume" in run.log.read_text().splitlines()


def test_a_cell_killed_before_its_config_stood_is_started_anew(tmp_path: Path) -> None:
    run = cell_runs(tmp_path, SAY)[0]
    run.directory.path.mkdir()
    start_process(run).wait()
    assert "--resume" not in run.log.read_text()


def test_a_cell_that_another_process_is_running_is_left_alone(tmp_path: Path) -> None:
    run = cell_runs(tmp_path, SAY)[0]
    with run.log.open("ab") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        with pytest.raises(CompareError, match="grpo seed 0 is being run by another process; wait for it or end it"):
            start_process(run)
    start_process(run).wait()
