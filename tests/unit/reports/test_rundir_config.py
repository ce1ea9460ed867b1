"""A run is continued with the options it was started with, wherever its teachers have moved."""

from pathlib import Path
from typing import Any

import pytest

from zppo.errors import CheckpointError
from zppo.reports.rundir import RunDirectory


def config(**teacher: Any) -> dict[str, Any]:
    served = {"endpoint": "http://a/v1", "model": "m", "timeout": 600, "offline": False, "extra_body": {"timeout": 1}}
    dear = {"endpoint": "http://dear/v1", "model": "dear"} | teacher.pop("dear", {})
    return {"seed": 0, "teacher": served | {"fallbacks": ["local", dear]} | teacher}


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path / "run")
    run.start(config())
    return run


@pytest.mark.parametrize(
    "moved",
    [
        {"endpoint": ["http://b/v1", "http://c/v1"]},
        {"timeout": 60, "offline": True},
        {"dear": {"endpoint": "http://cheap/v1"}},
    ],
)
def test_a_teacher_may_move_before_a_run_is_continued(run: RunDirectory, moved: dict[str, Any]) -> None:
    run.check(config(**moved), resume=True)
    with pytest.raises(CheckpointError, match="already holds a run of another config"):
        run.check(config(**moved), resume=False)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"model": "n"}, r"teacher\.model"),
        ({"extra_body": {"timeout": 2}}, r"teacher\.extra_body\.timeout"),
        ({"endpoint": ""}, r"teacher\.endpoint"),
        ({"dear": {"model": "cheap"}}, r"teacher\.fallbacks\.1\.model"),
    ],
)
def test_it_may_not_become_another_teacher(run: RunDirectory, other: dict[str, Any], told: str) -> None:
    with pytest.raises(CheckpointError, match=f"another config \\({told}"):
        run.check(config(**other), resume=True)
