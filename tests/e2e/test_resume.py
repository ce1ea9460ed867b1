"""A run that was stopped or killed and resumed equals the run that was not, in every bit."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from tinyrun import STEPS, UPDATES, differences, result, trainer, write_recipe
from transformers import TrainerCallback

from zppo.errors import CheckpointError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory, student_folder: Path) -> Path:
    return write_recipe(tmp_path_factory.mktemp("recipe"), student_folder)


@pytest.fixture(scope="module")
def straight(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    run = tmp_path_factory.mktemp("straight") / "run"
    trainer(recipe, run).train()
    return result(run)


class StopAfter(TrainerCallback):
    """Ends training after so many gradient updates."""

    def __init__(self, updates: int) -> None:
        self.updates = updates

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        control.should_training_stop |= state.global_step == self.updates


def test_the_run_goes_through_everything_that_must_survive(straight: dict[str, Any]) -> None:
    """Otherwise the comparisons below would prove little."""
    last = straight["metrics"][-1]
    assert [row["step"] for row in straight["metrics"]] == list(range(1, STEPS + 1))
    assert last["buffer/admitted_total"] > 0 and last["buffer/graduated_total"] > 0
    assert last["buffer/evicted_total"] > 0 and straight["state"]["buffer"]["entries"]
    assert all(sum(row[f"zone/{kind}_prompts"] for row in straight["metrics"]) for kind in ("replayed", "bcq", "ncq"))
    assert sum(row["zone/unscored"] for row in straight["metrics"]) > 0
    assert [e["step"] for e in straight["state"]["run"]["evaluations"]] == [0, 2, 4, 5]
    assert straight["checkpoints"] == ["checkpoint-10", "checkpoint-8"]


@pytest.mark.parametrize("updates", range(1, STEPS * UPDATES))
def test_stopping_after_any_update_and_resuming_equals_a_straight_run(
    updates: int, recipe: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    """At the end of a rollout step the checkpoint is at hand; within one, the step is made again."""
    trainer(recipe, tmp_path / "run", callbacks=[StopAfter(updates)]).train()
    trainer(recipe, tmp_path / "run").train(resume_from_checkpoint=True)
    assert differences(result(tmp_path / "run"), straight) == []
