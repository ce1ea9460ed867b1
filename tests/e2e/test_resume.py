"""A run that was stopped or killed and resumed equals the run that was not, in every bit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tinyrun import STEPS, UPDATES, differences, result, rows, trainer, write_recipe
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM, TrainerCallback

from zppo.errors import CheckpointError

pytestmark = pytest.mark.slow


class StopAfter(TrainerCallback):
    """Ends training after so many gradient updates, once."""

    def __init__(self, updates: int) -> None:
        self.updates = updates

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.updates:
            control.should_training_stop, self.updates = True, 0


def test_the_run_goes_through_everything_that_must_survive(straight: dict[str, Any]) -> None:
    """Otherwise the comparisons below would prove little."""
    last = straight["metrics"][-1]
    assert [row["step"] for row in straight["metrics"]] == list(range(1, STEPS + 1))
    assert last["buffer/admitted_total"] > 0 and last["buffer/graduated_total"] > 0
    assert last["buffer/evicted_total"] > 0 and straight["state"]["buffer"]["entries"]
    assert all(sum(row[f"zone/{kind}_prompts"] for row in straight["metrics"]) for kind in ("replayed", "bcq", "ncq"))
    assert sum(row["zone/unscored"] for row in straight["metrics"]) > 0
    assert [e["step"] for e in straight["state"]["run"]["evaluations"]] == [0, 2, 4, 5]
    assert straight["checkpoints"] == ["checkpoint-4", "checkpoint-5"]


@pytest.mark.parametrize("updates", [1, *range(UPDATES, STEPS * UPDATES, UPDATES), STEPS * UPDATES - 1])
def test_stopping_after_any_step_and_resuming_equals_a_straight_run(
    updates: int, recipe: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    """At the end of a rollout step the checkpoint is at hand; within one, the step is made again."""
    trainer(recipe, tmp_path / "run", callbacks=[StopAfter(updates)]).train()
    trainer(recipe, tmp_path / "run").train(resume_from_checkpoint=True)
    assert differences(result(tmp_path / "run"), straight) == []


class SaveAfter(TrainerCallback):
    """Asks for a checkpoint after so many updates, and for the end one update later."""

    def __init__(self, updates: int) -> None:
        self.updates = updates

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        control.should_save |= state.global_step == self.updates
        control.should_training_stop |= state.global_step == self.updates + 1


def test_a_checkpoint_asked_for_within_a_rollout_step_is_taken_at_its_end(
    student_folder: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path, student_folder, checkpoints={"every": 5})
    first = trainer(recipe, tmp_path / "run", callbacks=[SaveAfter(3)])
    first.train()
    assert [c.name for c in first.run_directory.complete_checkpoints()] == ["checkpoint-2"]
    trainer(recipe, tmp_path / "run").train(resume_from_checkpoint=True)
    assert differences(result(tmp_path / "run") | {"checkpoints": straight["checkpoints"]}, straight) == []


def test_one_trainer_may_stop_and_go_on(recipe: Path, straight: dict[str, Any], tmp_path: Path) -> None:
    both = trainer(recipe, tmp_path / "run", callbacks=[StopAfter(5)])
    both.train()
    both.train(resume_from_checkpoint=True)
    assert differences(result(tmp_path / "run"), straight) == []


def test_a_trainer_that_saved_nothing_cannot_start_over(student_folder: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, student_folder, checkpoints={"every": 5})
    first = trainer(recipe, tmp_path / "run", callbacks=[StopAfter(1)])
    first.train()
    with pytest.raises(CheckpointError, match="make a new one"):
        first.train(resume_from_checkpoint=True)


def test_a_trainer_whose_first_step_failed_half_way_cannot_start_over(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trainer(recipe, tmp_path / "run")
    (teacher,) = first.parts.teachers
    monkeypatch.setattr(type(teacher), "submit", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        first.train()
    with pytest.raises(CheckpointError, match="make a new one"):
        first.train(resume_from_checkpoint=True)


def test_resuming_an_older_checkpoint_by_its_path_drops_what_came_after_it(
    student_folder: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path, student_folder, checkpoints={"keep": 5})
    run = tmp_path / "run"
    trainer(recipe, run, callbacks=[StopAfter(8)]).train()
    again = trainer(recipe, run, callbacks=[StopAfter(5)])
    again.train(resume_from_checkpoint=str(run / "checkpoints" / "checkpoint-2"))
    assert [c.name for c in again.run_directory.complete_checkpoints()] == ["checkpoint-1", "checkpoint-2"]
    trainer(recipe, run).train(resume_from_checkpoint=True)
    assert differences(result(run), straight) == ["/checkpoints"]


def test_resuming_a_finished_run_changes_nothing(recipe: Path, straight: dict[str, Any], tmp_path: Path) -> None:
    trainer(recipe, tmp_path / "run").train()
    trainer(recipe, tmp_path / "run").train(resume_from_checkpoint=True)
    assert differences(result(tmp_path / "run"), straight) == []


def test_a_resume_reports_the_place_in_the_whole_run(recipe: Path, tmp_path: Path) -> None:
    trainer(recipe, tmp_path / "run", callbacks=[StopAfter(4)]).train()
    resumed = trainer(recipe, tmp_path / "run")
    resumed.train(resume_from_checkpoint=True)
    logged = [row["epoch"] for row in resumed.state.log_history if "loss/policy" in row]
    assert logged == pytest.approx([step / STEPS for step in range(1, STEPS + 1)])


def test_a_run_does_not_go_on_with_other_data(student_folder: Path, tmp_path: Path) -> None:
    """Also without a buffer: the order of an epoch is that of its questions."""
    recipe, run = write_recipe(tmp_path, student_folder, method="grpo"), tmp_path / "run"
    trainer(recipe, run, callbacks=[StopAfter(UPDATES)]).train()
    with (tmp_path / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(rows(1, first=99)[0]) + "\n")
    with pytest.raises(CheckpointError, match=r"of a run on 7 questions .*, and the data now is 8 questions"):
        trainer(recipe, run).train(resume_from_checkpoint=True)


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_offered(recipe: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    trainer(recipe, run, callbacks=[StopAfter(2 * UPDATES)]).train()
    (run / "checkpoints" / "checkpoint-2" / "zppo_state.json").unlink()
    offer = rf"zppo_state.json is missing, so .*: zppo resume {run} --checkpoint checkpoint-1"
    for checkpoint in (True, str(run / "checkpoints" / "checkpoint-2")):
        with pytest.raises(CheckpointError, match=offer):
            trainer(recipe, run).train(resume_from_checkpoint=checkpoint)
    resumed = trainer(recipe, run)
    assert resumed.run_directory.resume(resumed.args.effective(), "checkpoint-1") == run / "checkpoints/checkpoint-1"


@pytest.mark.parametrize(
    ("kind", "dtype"), [("experts", "float32"), ("experts", "bfloat16"), ("tied", "float32"), ("hybrid", "bfloat16")]
)
def test_weights_of_every_kind_of_model_come_back(
    kind: str, dtype: str, new_model: Callable[..., Any], tokenizer: Any, tmp_path: Path
) -> None:
    """Models with experts are stored under other names than they use; tied weights are stored once."""
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    shared = sizes | {"num_key_value_heads": 1, "vocab_size": len(tokenizer), "eos_token_id": tokenizer.eos_token_id}
    made = {
        "experts": lambda: Qwen3MoeForCausalLM(
            Qwen3MoeConfig(**shared, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, head_dim=16)
        ),
        "tied": lambda: LlamaForCausalLM(LlamaConfig(**shared, tie_word_embeddings=True)),
        "hybrid": lambda: new_model(layers=("linear_attention", "full_attention")),
    }[kind]()
    made.save_pretrained(tmp_path / "student")
    tokenizer.save_pretrained(tmp_path / "student")
    changes = {"student": {"dtype": dtype}, "training": {"learning_rate": 0.1}}
    recipe = write_recipe(tmp_path, tmp_path / "student", **changes)  # type: ignore[arg-type]
    recipe.write_text(recipe.read_text("utf-8").replace("method: zppo", "method: grpo"), "utf-8")
    trainer(recipe, tmp_path / "straight").train()
    trainer(recipe, tmp_path / "run", callbacks=[StopAfter(4)]).train()
    trainer(recipe, tmp_path / "run").train(resume_from_checkpoint=True)
    assert differences(result(tmp_path / "run"), result(tmp_path / "straight")) == []
