"""A run is continued with the options it was started with, wherever its teachers have moved."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from zppo.config import MOVABLE
from zppo.config.resume import OPTIONS, SECTIONS, TRAINING
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


def options(**changes: Any) -> dict[str, Any]:
    plain = {
        "seed": 0,
        "rollout_steps": 5,
        "eval": {"every": 2, "samples": 1, "early_stopping_patience": 0},
        "checkpoints": {"every": 1, "keep": 2, "weights_only": False},
        "engine": {"batch_size": 8},
        "update": {"microbatch_tokens": 64, "clip_low": 0.2},
        "training": {"learning_rate": 1e-6},
    }
    return {
        name: value | changes.get(name, {}) if isinstance(value, dict) else value for name, value in plain.items()
    } | {name: value for name, value in changes.items() if not isinstance(value, dict)}


HARMLESS: list[dict[str, Any]] = [
    {"rollout_steps": 9},
    {"eval": {"every": 1, "early_stopping_patience": 3}},
    {"checkpoints": {"every": 5, "keep": 1, "weights_only": True}},
    {"engine": {"batch_size": 4}, "update": {"microbatch_tokens": 32}},
    {"training": {"report_to": "tensorboard", "hub_token": "***", "push_to_hub": True, "use_cpu": True}},
]


@pytest.mark.parametrize("changes", HARMLESS)
def test_harmless_options_may_change_and_are_the_runs_own_from_then_on(changes: dict[str, Any], tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    run.start(options())
    run.resume(options(**changes))
    run.adopt(options(**changes))
    assert yaml.safe_load(run.config_file.read_text("utf-8")) == options(**changes)
    run.resume(options(**changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seed": 1}, "seed: there 0, here 1"),
        ({"rollout_steps": 9, "eval": {"samples": 2}}, "eval.samples: there 1, here 2"),
        ({"update": {"clip_low": 0.3}}, "update.clip_low: there 0.2, here 0.3"),
        ({"training": {"learning_rate": 1e-5}}, "training.learning_rate: there 1e-06, here 1e-05"),
        ({"training": {"optim": "sgd"}}, "training.optim: there the default, here 'sgd'"),
    ],
)
def test_other_options_may_not_change_and_are_named(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    run.start(options())
    with pytest.raises(CheckpointError, match=r"use the same \(docs/runs\.md") as error:
        run.resume(options(**changes))
    assert f"({told})" in str(error.value)
    assert yaml.safe_load(run.config_file.read_text("utf-8")) == options()


def test_docs_list_every_option_that_may_change() -> None:
    text = (Path(__file__).parents[3] / "docs" / "runs.md").read_text("utf-8")
    named = {*OPTIONS, *(f"{section}.*" for section in SECTIONS), *MOVABLE, *TRAINING}
    assert [name for name in sorted(named) if f"`{name}`" not in text] == []
