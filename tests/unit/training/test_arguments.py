"""`ZPPOConfig`: what it takes, what it refuses, and what it remembers."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from transformers import TrainingArguments
from transformers.trainer_utils import SchedulerType

from zppo import CheckpointConfig, RewardsConfig, StudentConfig, TeacherConfig, ZoneConfig, ZPPOConfig
from zppo.config import DataConfig, Recipe
from zppo.errors import CheckpointError, ConfigError
from zppo.run.directory import RunDirectory
from zppo.training.arguments import OWNED, WORKS


def config(**options: Any) -> ZPPOConfig:
    return ZPPOConfig(use_cpu=True, **options)


@pytest.mark.parametrize(
    ("option", "value", "instead"),
    [
        ("max_steps", 100, "rollout_steps and zone.updates"),
        ("num_train_epochs", 5, "rollout_steps"),
        ("per_device_train_batch_size", 4, "zone.new_questions"),
        ("gradient_accumulation_steps", 2, "update.microbatch_tokens"),
        ("save_steps", 50, "checkpoints.every"),
        ("save_total_limit", 2, "checkpoints.keep"),
        ("logging_steps", 1, "nothing: metrics are logged at every rollout step"),
        ("eval_strategy", "steps", "eval.every"),
        ("dataloader_num_workers", 2, "nothing: there is no data loader"),
        ("include_for_metrics", ["loss"], "eval.every"),
        ("enable_jit_checkpoint", True, "checkpoints.every"),
    ],
)
def test_an_option_without_effect_is_refused_with_what_takes_its_place(option: str, value: Any, instead: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(**{option: value})
    assert str(error.value).startswith(f"{option} has no effect here; instead use {instead}")


def test_every_refused_option_exists() -> None:
    assert set(OWNED) | WORKS <= {f.name for f in fields(TrainingArguments)} and not set(OWNED) & WORKS


def test_the_number_of_updates_and_the_saves_follow_from_the_rollout_steps() -> None:
    made = config(
        rollout_steps=7, zone=ZoneConfig(new_questions=6, updates=3), checkpoints=CheckpointConfig(every=2, keep=1)
    )
    assert (made.max_steps, made.save_steps, str(made.save_strategy.value)) == (21, 6, "steps")


def test_defaults_of_the_optimizer_are_those_of_the_paper() -> None:
    made = config()
    assert (made.learning_rate, made.weight_decay, made.max_grad_norm, made.warmup_steps) == (1e-6, 0.1, 1.0, 0)
    assert (made.adam_beta1, made.adam_beta2, made.adam_epsilon) == (0.9, 0.999, 1e-8)
    assert made.lr_scheduler_type == "constant"


def test_the_effective_config_names_the_training_options_that_were_changed_only() -> None:
    assert config().effective()["training"] == {"use_cpu": True}
    changed = config(adam_beta2=0.99, lr_scheduler_type="cosine", seed=3).effective()
    assert changed["training"] == {"use_cpu": True, "adam_beta2": 0.99, "lr_scheduler_type": "cosine"}
    assert changed["seed"] == 3


def test_any_config_can_be_written_and_found_again(tmp_path: Path) -> None:
    """Enumerations and tuples too: a resumed run must not differ from itself."""
    made = config(
        lr_scheduler_type=SchedulerType.COSINE, lr_scheduler_kwargs={"num_cycles": 1}, report_to=(), optim="adamw_torch"
    )
    directory = RunDirectory(tmp_path / "run")
    directory.start(made.effective())
    assert directory.resume(made.effective()) is None
    assert yaml.safe_load(directory.config_file.read_text("utf-8")) == made.effective()


def test_a_recipe_and_the_same_options_in_python_are_one_config() -> None:
    sections = {"student": StudentConfig("a"), "data": DataConfig("b", "c"), "zone": ZoneConfig(tau=0.25)}
    training = {"use_cpu": True, "learning_rate": "1e-4"}
    recipe = Recipe(seed=5, method="grpo", training=training, **sections)  # type: ignore[arg-type]
    read = ZPPOConfig.from_recipe(recipe, "run")
    written = config(output_dir="run", seed=5, method="grpo", learning_rate=1e-4, **sections)
    assert read.effective() == written.effective()
    assert (read.output_dir, read.learning_rate) == ("run", 1e-4)


def test_code_of_the_user_is_told_apart_by_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def score(**columns): ...\n", "utf-8")
    rewards = RewardsConfig(extract=("boxed", f"python:{file}:read"), functions=f"{file}:score")
    made = config(rewards=rewards, teacher=TeacherConfig(f"python:{file}:Solver"))
    directory, before = RunDirectory(tmp_path / "run"), made.effective()
    assert before["programs"].keys() == {str(file)}
    directory.start(before)
    assert directory.resume(before) is None
    file.write_text("def score(**columns): pass\n", "utf-8")
    with pytest.raises(CheckpointError, match=f"another config \\(programs.{file}: there 'sha256:"):
        directory.resume(made.effective())
    with pytest.raises(ConfigError, match=r"mine\.py is not the file of `programs`"):
        config(rewards=rewards, programs=before["programs"]).effective()
    file.unlink()
    with pytest.raises(ConfigError, match=r"rewards\.functions: there is no file"):
        made.effective()


UNTRIED = {"fsdp": "full_shard", "deepspeed": "ds.json", "use_liger_kernel": True}


@pytest.mark.parametrize("name", UNTRIED)
def test_an_option_that_nobody_has_tried_is_refused_by_its_name(name: str) -> None:
    recipe = Recipe(
        student=StudentConfig(model="m"), data=DataConfig(train="a", eval="b"), training={name: UNTRIED[name]}
    )
    with pytest.raises(ConfigError, match=rf"{name} is not known to work with rollout steps"):
        config(**{name: UNTRIED[name]})
    with pytest.raises(ConfigError, match=rf"training\.{name} is not known to work"):
        ZPPOConfig.from_recipe(recipe, "run")
