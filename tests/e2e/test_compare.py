"""A comparison with real runs: what a kill interrupts, the same command finishes, with the same result."""

import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import tinyrun

from zppo.cli.main import main
from zppo.compare import run
from zppo.compare.run import CellRun, start_process

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def tiny_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are scored by the tiny run's reward."""
    monkeypatch.setattr("zppo.compare.plan.TRAIN", (sys.executable, tinyrun.__file__, "train"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def compare(recipe: Path, out: Path, *more: str) -> int:
    grid = ["--methods", "grpo+replay,zppo", "--seeds", "0,1", "--match", "both"]
    return main(["compare", str(recipe), *grid, "--out", str(out), "--jobs", "2", *more])


def result(out: Path) -> dict[str, Any]:
    """The comparison but for what depends on the clock."""
    found = json.loads((out / "comparison.json").read_text("utf-8"))
    for cell in found["cells"]:
        cell.pop("seconds")
    return found


def killed_after_its_first_step(cell: CellRun) -> Any:
    """Start a cell; zppo's second is killed as soon as it has finished a rollout step."""
    process: Any = start_process(cell)
    if cell.cell.name == "zppo-1":
        while process.poll() is None and not cell.directory.metrics_file.exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    return process


def test_a_comparison_of_which_a_cell_is_killed_ends_as_one_that_was_left_alone(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left_alone, interrupted = tmp_path / "left alone", tmp_path / "interrupted"
    assert compare(recipe, left_alone) == 0
    shutil.copytree(left_alone / "cells", interrupted / "cells", ignore=shutil.ignore_patterns("zppo-1*"))
    with monkeypatch.context() as killing:
        killing.setattr(run, "start_process", killed_after_its_first_step)
        assert compare(recipe, interrupted) == 2
    assert f"1 of 4 cells failed, so nothing is compared: zppo seed 1 (log: {interrupted}" in capsys.readouterr().err
    assert not (interrupted / "comparison.json").exists()

    assert compare(recipe, interrupted) == 0
    messages = capsys.readouterr().err
    assert messages.count("already there") == 3 and "zppo seed 1: hard" in messages
    assert result(interrupted) == result(left_alone)
    found = result(interrupted)
    assert [len(cell["curve"]) for cell in found["cells"] if cell["matching"] == "steps"] == [4] * 4
    assert all(cell["flops"] > 0 for cell in found["cells"])
    assert min(c["student_tokens"] for c in found["cells"]) == found["budget_student_tokens"] > 0
