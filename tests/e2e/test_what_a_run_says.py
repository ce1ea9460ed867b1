"""What a run says while it goes on, in a pipe and to a program that listens, and that it is the same run."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tinyrun
from heard import Heard
from tinyrun import STEPS, UPDATES, differences, result, trainer, write_recipe

pytestmark = pytest.mark.slow


def zppo(*arguments: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, tinyrun.__file__, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def test_in_a_pipe_every_step_has_a_line_and_quiet_leaves_the_results(student_folder: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, student_folder, training={"disable_tqdm": False})
    done = zppo("train", recipe, "--run-dir", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    loading = (
        "loading torch",
        "reading questions",
        f"loading student {student_folder}",
        f"loading teacher {student_folder}",
    )
    assert [line.startswith(start) for line, start in zip(lines, loading, strict=False)] == [True] * 4
    assert lines[4] == "held-out evaluation (4) ..." and "not one of 4 held-out responses holds" in lines[5]
    assert lines[6].startswith("held-out: ")
    steps = [line for line in lines if line.startswith("step ") and "alarm" not in line]
    assert [line.split(":")[0] for line in steps] == [f"step {i}/{STEPS}" for i in range(1, STEPS + 1)]
    assert all(re.search(r"accuracy .*, hard .*, reward .*, \d+\.\d s(, .* left)?$", line) for line in steps)
    assert ["held-out" in line for line in steps] == [False, True, False, True, True]
    assert "%|" not in done.stderr and "{'" not in done.stderr, "no bars or dicts of transformers"
    assert "held-out accuracy" in done.stdout and str(tmp_path / "run" / "report.html") in done.stdout

    quiet = zppo("train", recipe, "--run-dir", tmp_path / "quiet", "--quiet")
    assert quiet.returncode == 0 and "held-out accuracy" in quiet.stdout
    assert [line for line in quiet.stderr.splitlines() if not re.search("alarm|without|not one of 4", line)] == []
    assert differences(result(tmp_path / "quiet"), result(tmp_path / "run")) == []


def test_a_program_may_listen_to_a_run_which_is_the_same_run(
    recipe: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    progress = Heard()
    trainer(recipe, tmp_path / "run", progress=progress).train()
    assert differences(result(tmp_path / "run"), straight) == []
    assert progress.units[0] == ("step", STEPS, 0)
    assert [count for count, numbers in progress.units[1:]] == list(range(1, STEPS + 1))
    updates = [phase for phase in progress.phases if phase[0] == "updates"]
    assert updates == [("updates", UPDATES, True, UPDATES)] * STEPS
    assert [phase for phase in progress.phases if phase[0] == "held-out evaluation"] == [
        ("held-out evaluation", 4, False, 4)
    ] * 4
    assert progress.phases[-1][0] == "writing the report"
