"""A student that never writes a box: an alarm from the first step on, and a run that ends where that is asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tinyrun import STEPS, differences, result, trainer, write_recipe

from zppo.errors import BlindError
from zppo.reports.html import write_report
from zppo.reports.rundir import RunDirectory

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unstopped(student_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    folder = tmp_path_factory.mktemp("unstopped")
    trainer(write_recipe(folder, student_folder, method="grpo"), folder / "run", reward_funcs=None).train()
    return RunDirectory(folder / "run")


def zppo(*arguments: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zppo.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def test_a_run_without_answers_goes_on_with_an_alarm_in_metrics_and_report(unstopped: RunDirectory) -> None:
    rows = unstopped.metrics()
    assert [row["step"] for row in rows] == list(range(1, STEPS + 1))
    assert all(row["alarm/no_answers"] == row["alarm/cut_off"] == 1 for row in rows)
    assert [row.get("alarm/no_signal") for row in rows] == [None, None, 1, 1, 1]
    page = write_report(unstopped).read_text("utf-8")
    assert "first in step 1, last in step 5" in page and "holds a final answer" in page


def test_a_blind_run_ends_with_a_message_a_status_a_report_and_a_checkpoint_to_go_on_from(
    student_folder: Path, unstopped: RunDirectory, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path / "run")
    recipe = write_recipe(
        tmp_path, student_folder, method="grpo", alarms={"stop_when_blind": 2}, checkpoints={"every": 9}
    )
    done = zppo("train", recipe, "--run-dir", run.path)
    assert done.returncode == 3, done.stderr
    warned = [line for line in done.stderr.splitlines() if "alarm no_answers" in line]
    assert len(warned) == 1 and warned[0].startswith("step 1: alarm no_answers: not one of 16 responses")
    assert "zppo: stopped at rollout step 2: 2 in a row had no signal" in done.stderr
    assert [c.name for c in run.complete_checkpoints()] == ["checkpoint-2"]
    assert not run.summary_file.exists() and "holds a final answer" in run.report_file.read_text("utf-8")

    again = zppo("train", recipe, "--run-dir", run.path, "--resume", "--alarms.stop_when_blind", "0")
    assert again.returncode == 0, again.stderr
    resumed, straight = result(run.path), result(unstopped.path)
    assert differences(resumed | {"checkpoints": straight["checkpoints"]}, straight) == []


def test_from_python_the_end_of_a_blind_run_is_an_error(student_folder: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, student_folder, method="grpo", alarms={"stop_when_blind": 1})
    with pytest.raises(BlindError, match="stopped at rollout step 1"):
        trainer(recipe, tmp_path / "run", reward_funcs=None).train()
    assert len((tmp_path / "run" / "metrics.jsonl").read_text("utf-8").splitlines()) == 1
    (checkpoint,) = RunDirectory(tmp_path / "run").complete_checkpoints()
    assert json.loads((checkpoint / "zppo_state.json").read_text("utf-8"))["run"]["alarms"]["blind_steps"] == 1
