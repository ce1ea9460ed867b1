"""`kill -9` at any moment: a resumed run is equal in every bit to one that was left alone."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tinyrun
from tinyrun import differences, result, trainer

pytestmark = pytest.mark.slow


def killed(work: Callable[[], Any]) -> bool:
    """Whether `work`, in a forked process, ended by SIGKILL; it has a minute."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            work()
        finally:
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def run_killed_at(recipe: Path, run: Path, where: tuple[str, int, str], resume: bool = False) -> None:
    def work() -> None:
        tinyrun.arm(*where)
        trainer(recipe, run).train(resume_from_checkpoint=resume)

    assert killed(work)


@pytest.mark.parametrize(
    "where",
    [
        ("replace", 1, "after"),  # the config stands, nothing else
        ("save", 4, "after"),  # the second checkpoint has half of its files
        ("rename", 2, "before"),  # complete, not published
        ("rename", 3, "after"),  # published, the oldest one still there
        ("rename", 4, "after"),  # while the oldest is removed
        ("rmtree", 2, "before"),  # the same
        ("replace", 4, "before"),  # rollouts half written
        ("metrics", 3, "torn"),  # in the middle of a row
        ("replace", 7, "before"),  # all done but for the summary
    ],
    ids=lambda where: "-".join(map(str, where)),
)
def test_a_run_killed_while_it_writes_can_be_resumed(
    where: tuple[str, int, str], recipe: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run_killed_at(recipe, run, where)
    trainer(recipe, run).train(resume_from_checkpoint=True)
    assert differences(result(run), straight) == []
    assert not list(run.rglob(".*.partial")) and not list((run / "checkpoints" / ".partial").glob("*"))


def test_a_run_killed_before_its_config_stands_can_be_started(
    recipe: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    run_killed_at(recipe, tmp_path / "run", ("replace", 1, "before"))
    trainer(recipe, tmp_path / "run").train()
    assert differences(result(tmp_path / "run"), straight) == []


@pytest.mark.parametrize("where", [("replace", 1, "before"), ("replace", 3, "before")])
def test_a_kill_while_a_resumed_run_tidies_up_is_survived(
    where: tuple[str, int, str], recipe: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run_killed_at(recipe, run, ("save", 7, "after"))
    run_killed_at(recipe, run, where, resume=True)
    trainer(recipe, run).train(resume_from_checkpoint=True)
    assert differences(result(run), straight) == []


def test_a_kill_while_a_checkpoint_is_replaced_leaves_the_one_before_it(recipe: Path, tmp_path: Path) -> None:
    """A checkpoint whose removal was cut short must not be taken for a whole or a damaged one."""
    run = tmp_path / "run"
    trainer(recipe, run).train()
    newest = run / "checkpoints" / "checkpoint-5"

    def work() -> None:
        tinyrun.arm("rename", 1, "after")
        trainer(recipe, run).train(resume_from_checkpoint=str(run / "checkpoints" / "checkpoint-4"))

    assert killed(work) and not newest.exists()
    again = trainer(recipe, run)
    assert again.run_directory.resume(again.args.effective()) == run / "checkpoints" / "checkpoint-4"


def test_the_command_line_survives_kills_at_random_moments(
    recipe: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    run, rng = tmp_path / "run", random.Random(11)

    def start(*more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, tinyrun.__file__, "train", str(recipe), "--run-dir", str(run), *more]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    process = start()
    while process.poll() is None and not (run / "metrics.jsonl").exists():
        time.sleep(0.01)
    time.sleep(rng.random())
    process.kill()
    process.communicate()
    process = start("--resume")
    output, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    assert f"report: {run / 'report.html'}" in output.decode()
    assert differences(result(run), straight) == []
