"""Poison: what is not finite moves no weights, is counted, and ends the run before it reaches a checkpoint."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rows import rollouts
from texts import rolled_out

from zppo import SamplingConfig, StudentConfig, ZoneConfig, ZPPOConfig, ZPPOTrainer
from zppo.config import CheckpointConfig
from zppo.errors import PoisonError
from zppo.training.guard import finite
from zppo.training.loader import UpdateInput
from zppo.types import Prefix, Prompt, Question, Rollout, Sampling, StepBatch

ROWS = [{"id": f"q{i}", "prompt": f"{i}+{i}?", "answer": "a"} for i in range(4)]
UPDATES = 2


def alternating(prompts: list[str], completions: list[str], **columns: Any) -> list[float]:
    return [float(i % 2) for i in range(len(completions))]


@pytest.fixture
def new_trainer(tmp_path: Path, tokenizer: Any, new_model: Callable[..., Any]) -> Callable[..., ZPPOTrainer]:
    def make(model: Any = None, teacher: Any = None, **options: Any) -> ZPPOTrainer:
        args = ZPPOConfig(
            output_dir=str(tmp_path / "run"),
            zone=ZoneConfig(new_questions=4, group_size=2, updates=UPDATES),
            sampling=SamplingConfig(max_tokens=options.pop("max_tokens", 5)),
            student=StudentConfig(dtype="float32"),
            checkpoints=CheckpointConfig(every=1, keep=9),
            use_cpu=True,
            disable_tqdm=True,
            report_to="none",
            **{"method": "grpo", "rollout_steps": 3, "learning_rate": 1e-3} | options,
        )
        model = new_model(seed=3) if model is None else model
        return ZPPOTrainer(model, teacher, alternating, ROWS, None, args, tokenizer)

    return make


def poisoned(trainer: ZPPOTrainer, updates: set[int], value: float = math.nan) -> ZPPOTrainer:
    """One number of one gradient becomes `value` in those updates, counted from 0."""
    made, parameter = [0], trainer.model.lm_head.weight

    def spoil(gradient: torch.Tensor) -> torch.Tensor:
        if made[0] in updates:
            gradient = gradient.clone()
            gradient.view(-1)[7] = value
        return gradient

    parameter.register_hook(spoil)
    step = trainer.training_step

    def counted(*args: Any, **options: Any) -> torch.Tensor:
        loss = step(*args, **options)
        made[0] += 1
        return loss

    trainer.training_step = counted  # type: ignore[method-assign]
    return trainer


def metrics_of(run: Path) -> list[dict[str, Any]]:
    def refuse(literal: str) -> None:
        raise AssertionError(f"{literal} is no JSON")

    return [json.loads(line, parse_constant=refuse) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]


def weights(trainer: ZPPOTrainer) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in trainer.model.parameters()]


@pytest.mark.parametrize("max_grad_norm", [1.0, 0.0])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 3e38])
def test_an_update_with_one_number_that_is_not_finite_moves_nothing_and_is_counted(
    new_trainer: Callable[..., ZPPOTrainer], tmp_path: Path, value: float, max_grad_norm: float
) -> None:
    trainer = new_trainer(rollout_steps=1, weight_decay=0.5, max_grad_norm=max_grad_norm)
    before = weights(trainer)
    poisoned(trainer, {0, 1}, value).train()
    for mine, theirs in zip(weights(trainer), before, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0)
    (row,) = metrics_of(tmp_path / "run")
    assert row["loss/skipped_updates"] == 2
    assert trainer.run_directory.summary()["skipped_updates"] == 2
    assert trainer.run_directory.complete_checkpoints()


def test_the_updates_after_a_skipped_one_go_on(new_trainer: Callable[..., ZPPOTrainer], tmp_path: Path) -> None:
    trainer = poisoned(new_trainer(), {0, 1, 3, 4})
    before = weights(trainer)
    trainer.train()
    assert any(not torch.equal(mine, theirs) for mine, theirs in zip(weights(trainer), before, strict=True))
    assert [row["loss/skipped_updates"] for row in metrics_of(tmp_path / "run")] == [2, 1, 1]
    assert all(math.isfinite(row["loss/grad_norm"]) for row in metrics_of(tmp_path / "run"))


def test_after_three_in_a_row_the_run_stops_with_step_cause_checkpoint_and_remedy(
    new_trainer: Callable[..., ZPPOTrainer], tmp_path: Path
) -> None:
    trainer = poisoned(new_trainer(), {2, 3, 4})
    said = r"stopped at rollout step 3: 3 updates in a row .* gradient norm nan.*checkpoint-2.*training\.learning_rate"
    with pytest.raises(PoisonError, match=said) as stopped:
        trainer.train()
    assert "\n" not in str(stopped.value)
    assert [c.name for c in trainer.run_directory.complete_checkpoints()] == ["checkpoint-1", "checkpoint-2"]
    state = json.loads((trainer.run_directory.checkpoints / "checkpoint-2" / "zppo_state.json").read_text("utf-8"))
    assert state["run"]["skipped_in_a_row"] == 2, "a resumed run counts on"


def test_a_loss_that_is_not_finite_is_enough(new_trainer: Callable[..., ZPPOTrainer], tmp_path: Path) -> None:
    trainer = new_trainer(rollout_steps=1)
    accumulate = trainer.update.accumulate
    trainer.update.accumulate = lambda *args: accumulate(*args) * math.nan  # type: ignore[method-assign]
    before = weights(trainer)
    trainer.train()
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(weights(trainer), before, strict=True))
    assert metrics_of(tmp_path / "run")[0]["loss/skipped_updates"] == 2


@pytest.mark.parametrize("decay", [0.1, 0.0])
@pytest.mark.parametrize("rate", [1e12, 1e30])
def test_an_absurd_learning_rate_ends_the_run_with_a_finite_checkpoint_or_none(
    new_trainer: Callable[..., ZPPOTrainer], decay: float, rate: float
) -> None:
    from safetensors.torch import load_file

    trainer = new_trainer(rollout_steps=30, learning_rate=rate, weight_decay=decay)
    with pytest.raises(
        PoisonError, match=rf"stopped at rollout step \d+: .*learning_rate \({re.escape(f'{rate:g}')} here"
    ):
        trainer.train()
    for checkpoint in trainer.run_directory.complete_checkpoints():
        saved = load_file(checkpoint / "model.safetensors")
        assert all(torch.isfinite(tensor).all() for tensor in saved.values())


def test_a_student_that_comes_with_poison_is_refused_by_name(
    new_trainer: Callable[..., ZPPOTrainer], new_model: Callable[..., Any]
) -> None:
    student = new_model(seed=3)
    student.lm_head.weight.data[5, 5] = math.nan
    with pytest.raises(PoisonError, match=r"step 1: the logits of .* are not finite.*No checkpoint had been written"):
        new_trainer(student).train()


def test_a_teacher_that_comes_with_poison_moves_no_weights(
    new_trainer: Callable[..., ZPPOTrainer], new_model: Callable[..., Any], student_folder: Path
) -> None:
    teacher = new_model(seed=4)
    teacher.name_or_path = str(student_folder)
    trainer = new_trainer(teacher=teacher, method="on_distill")
    teacher.lm_head.weight.data[5, 5] = math.inf
    before = weights(trainer)
    with pytest.raises(PoisonError, match="3 updates in a row were not finite"):
        trainer.train()
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(weights(trainer), before, strict=True))


def scaling(trainer: ZPPOTrainer, scale: float) -> ZPPOTrainer:
    """Gradients are scaled, and scaled back before they are clipped, as fp16 has it on a GPU."""
    scaler = trainer.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    trainer.accelerator.unscale_gradients = lambda: scaler.unscale_(trainer.optimizer.optimizer)  # type: ignore
    return trainer


def test_where_gradients_are_scaled_an_overflow_is_skipped_and_does_not_end_the_run(
    new_trainer: Callable[..., ZPPOTrainer], tmp_path: Path
) -> None:
    trainer = scaling(new_trainer(rollout_steps=2), 2.0**16)
    poisoned(trainer, {0, 1, 2}, math.inf).train()
    assert [row["loss/skipped_updates"] for row in metrics_of(tmp_path / "run")] == [2, 1]
    assert trainer.accelerator.scaler.get_scale() == 2.0**13, "it is lowered after each"


def test_a_scale_that_can_fall_no_further_ends_the_run(new_trainer: Callable[..., ZPPOTrainer]) -> None:
    trainer = scaling(new_trainer(rollout_steps=2), 1.0)
    with pytest.raises(PoisonError, match="3 updates in a row"):
        poisoned(trainer, {0, 1, 2, 3}, math.inf).train()


def test_metrics_without_a_finite_value_are_left_out() -> None:
    assert finite({"a": 1, "b": math.nan, "c": math.inf, "d": 0.5}) == {"a": 1, "d": 0.5}


@pytest.mark.parametrize("method", ["grpo", "on_distill"])
@pytest.mark.parametrize("empty", ["alone", "beside others"])
def test_an_empty_response_is_no_obstacle_to_an_update(
    new_trainer: Callable[..., ZPPOTrainer],
    new_model: Callable[..., Any],
    student_folder: Path,
    method: str,
    empty: str,
) -> None:
    teacher = None
    if method == "on_distill":
        teacher = new_model(seed=4)
        teacher.name_or_path = str(student_folder)
    trainer = new_trainer(teacher=teacher, method=method)
    others = rollouts(3) if empty == "beside others" else []
    group, _ = rollouts(1)[0]
    silent = Rollout([], "", "length", advantage=-1.0)
    losses = []
    for rows in ([*others, (group, silent)], others):
        update = UpdateInput(StepBatch([], [rows], {}), 0)
        losses.append(float(trainer.training_step(trainer.model, {"update": update})))
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


@pytest.mark.parametrize("method", ["grpo", "zppo", "on_distill", "prefix"])
def test_responses_of_one_token_train(
    new_trainer: Callable[..., ZPPOTrainer],
    new_model: Callable[..., Any],
    student_folder: Path,
    tmp_path: Path,
    method: str,
) -> None:
    teacher = new_model(seed=4)
    teacher.name_or_path = str(student_folder)
    new_trainer(teacher=None if method == "grpo" else teacher, method=method, max_tokens=1, rollout_steps=1).train()
    assert metrics_of(tmp_path / "run")[0]["response/tokens_max"] == 1


def test_a_prefix_that_leaves_no_room_still_trains_on_one_token(new_trainer: Callable[..., ZPPOTrainer]) -> None:
    trainer = new_trainer()
    engine: Any = trainer.parts.student
    ids = engine.renderer.encode("so it is \\boxed{4}")
    question = Question("q", "2+2?", "4")
    begun = Prompt("prefix", question, "2+2?", Prefix(tuple(ids), engine.renderer.decode(ids)))
    (group,) = rolled_out(engine, [begun], 4, Sampling(max_tokens=len(ids) - 2, seed=1))
    assert [len(r.token_ids) for r in group.rollouts] == [1] * 4
    for rollout, advantage in zip(group.rollouts, (1.0, -1.0, 0.5, -0.5), strict=True):
        assert rollout.text.startswith(begun.prefix.text)  # type: ignore[union-attr]
        rollout.advantage = advantage
    update = UpdateInput(StepBatch([], [[(group, r) for r in group.rollouts]], {}), 0)
    assert math.isfinite(trainer.training_step(trainer.model, {"update": update}))
