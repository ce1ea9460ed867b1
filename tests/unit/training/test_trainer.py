"""What one gradient update of the trainer does to a model, beside its loss."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rows import assert_same_gradient, gradient, rollouts

from zppo import SamplingConfig, StudentConfig, ZoneConfig, ZPPOConfig, ZPPOTrainer
from zppo.training.loader import UpdateInput
from zppo.types import Minibatch, StepBatch

NewTrainer = Callable[..., ZPPOTrainer]
ROWS = [{"id": f"q{i}", "prompt": f"{i}+{i}?", "answer": "a"} for i in range(4)]


def always_wrong(prompts: list[str], completions: list[str], **columns: Any) -> list[float]:
    return [0.0] * len(completions)


@pytest.fixture
def new_trainer(tmp_path: Path, tokenizer: Any) -> NewTrainer:
    def make(model: Any, teacher: Any = None, processing: Any = None, **options: Any) -> ZPPOTrainer:
        args = ZPPOConfig(
            output_dir=str(tmp_path / "run"),
            zone=ZoneConfig(new_questions=4, group_size=2, updates=2),
            sampling=SamplingConfig(max_tokens=14),
            student=StudentConfig(dtype="float32"),
            use_cpu=True,
            disable_tqdm=True,
            report_to="none",
            **{"method": "grpo", "rollout_steps": 1} | options,
        )
        return ZPPOTrainer(model, teacher, always_wrong, ROWS, None, args, processing or tokenizer)

    return make


def with_dropout(model: Any, dropout: float) -> Any:
    """In training mode, as transformers' Trainer leaves a model when training begins."""
    for module in model.modules():
        if hasattr(module, "attention_dropout"):
            module.attention_dropout = dropout
    return model.train()


def updates(trainer: ZPPOTrainer, step: list[Minibatch]) -> list[torch.Tensor]:
    """The gradient of all updates of a step, with no optimizer step between them."""
    inputs = [{"update": UpdateInput(StepBatch([], step, {}), index)} for index in range(len(step))]
    return gradient(trainer.model, lambda: [trainer.training_step(trainer.model, each) for each in inputs])


def test_before_the_policy_moves_no_token_is_clipped_whatever_dropout_a_model_has(
    new_model: Callable[..., Any], new_trainer: NewTrainer
) -> None:
    gradients = []
    for dropout in (0.1, 0.0):
        trainer = new_trainer(with_dropout(new_model(seed=3), dropout))
        step = [rollouts(18, seed=seed) for seed in (1, 2)]
        gradients.append(updates(trainer, step))
        metrics = trainer.update.metrics()
        assert [metrics[f"loss/clip_{side}"] for side in ("low", "high", "dual")] == [0, 0, 0]
        # The ratio is 1, so that the loss of a token is minus its advantage.
        expected = [-sum(r.advantage * r.tokens for _, r in rows) / sum(r.tokens for _, r in rows) for rows in step]
        assert metrics["loss/policy"] == pytest.approx(sum(expected) / 2, abs=1e-6)
    assert_same_gradient(*gradients)


def test_a_student_is_distilled_without_dropout_too(
    new_model: Callable[..., Any], new_trainer: NewTrainer, student_folder: Path
) -> None:
    gradients = []
    for dropout in (0.1, 0.0):
        student, teacher = (with_dropout(new_model(seed=seed), dropout) for seed in (3, 4))
        teacher.name_or_path = str(student_folder)
        gradients.append(updates(new_trainer(student, teacher, method="on_distill"), [rollouts(6)]))
    assert_same_gradient(*gradients)
