"""What one gradient update of the trainer does to a model, beside its loss."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rows import assert_same_gradient, gradient, rollouts
from sighted import an_image, new_processor, new_sighted, shown

from zppo import SamplingConfig, StudentConfig, TeacherConfig, ZoneConfig, ZPPOConfig, ZPPOTrainer
from zppo.errors import ConfigError
from zppo.models.renderer import Renderer
from zppo.training.loader import UpdateInput
from zppo.training.update import PolicyUpdate
from zppo.types import Group, Minibatch, Prompt, Question, Rollout, StepBatch
from zppo.zone.prompts import Templates

NewTrainer = Callable[..., ZPPOTrainer]
ROWS = [{"id": f"q{i}", "prompt": f"{i}+{i}?", "answer": "a"} for i in range(4)]


def always_wrong(prompts: list[str], completions: list[str], **columns: Any) -> list[float]:
    return [0.0] * len(completions)


@pytest.fixture
def new_trainer(tmp_path: Path, tokenizer: Any) -> NewTrainer:
    def make(model: Any, guide: Any = None, processing: Any = None, **options: Any) -> ZPPOTrainer:
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
        return ZPPOTrainer(model, guide, always_wrong, ROWS, None, args, processing or tokenizer)

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


class NothingSkipped(PolicyUpdate):
    def trained(self, minibatch: Minibatch) -> Minibatch:
        return minibatch


def rows_of(trainer: ZPPOTrainer, advantages: dict[str, float]) -> Minibatch:
    """A rollout that is shown an image, one that is not, or both."""
    questions = {"image": shown("i", "what?", an_image("one", 1)), "words": Question("w", "what?", "a")}
    rows, parts = [], trainer.parts
    for name, advantage in advantages.items():
        prompt = Prompt("plain", questions[name], parts.templates.plain(questions[name]))
        ids = parts.student.renderer.read(prompt)  # type: ignore[attr-defined]
        group = Group(prompt, [Rollout([7, 9], "", advantage=advantage)], ids)
        rows.append((group, group.rollouts[0]))
    return rows


@pytest.mark.parametrize(
    "advantages",
    [
        {"image": 0.0, "words": 1.0},
        {"image": 1.0, "words": 0.0},
        {"image": 0.0, "words": 0.0},
        {"image": 0.0},
        {"words": 1.0},
        {"words": 0.0},
    ],
)
def test_a_skipped_rollout_gives_a_gradient_to_all_that_it_would_have_reached(
    new_trainer: NewTrainer, advantages: dict[str, float]
) -> None:
    processor = new_processor()
    trainer = new_trainer(new_sighted(processor), processing=processor)
    vision, reached = trainer.parts.student.vision, []  # type: ignore[attr-defined]
    for update in (trainer.update, NothingSkipped(trainer.args.update, trainer.args.sampling, 0, vision)):
        trainer.update, trainer.model = update, new_sighted(processor)
        step = StepBatch([], [rows_of(trainer, advantages)], {})
        trainer.training_step(trainer.model, {"update": UpdateInput(step, 0)})
        reached.append({name: p.grad for name, p in trainer.model.named_parameters() if p.grad is not None})
    skipping, full = reached
    assert any("visual" in name for name in skipping) == ("image" in advantages)
    torch.testing.assert_close(skipping, full, atol=1e-6, rtol=1e-4)


def test_a_first_minibatch_without_signal_is_an_ordinary_update_where_gradients_are_scaled(
    new_model: Callable[..., Any], new_trainer: NewTrainer
) -> None:
    """As fp16 has it on a GPU."""
    trainer = new_trainer(new_model(seed=3), learning_rate=0.5, weight_decay=0.5)
    trainer.accelerator.scaler = torch.amp.GradScaler("cpu")
    before = trainer.model.lm_head.weight.detach().clone()
    trainer.train()
    assert trainer.accelerator.scaler.get_scale() == 2.0**16
    torch.testing.assert_close(trainer.model.lm_head.weight, before * 0.75**2)


def test_an_aided_prompt_that_exceeds_the_window_is_left_out_counted_and_named(
    new_model: Callable[..., Any],
    new_trainer: NewTrainer,
    tokenizer: Any,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    model, longest = new_model(), max(plain_length(tokenizer, row["prompt"]) for row in ROWS)
    model.config.max_position_embeddings = longest + 14
    new_trainer(model, method="grpo+ncq", teacher=TeacherConfig(compression="none")).train()
    (metrics,) = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert (metrics["zone/prompts_too_long"], metrics["zone/ncq_prompts"], metrics["zone/plain_prompts"]) == (1, 0, 4)
    (warning,) = [r.getMessage() for r in caplog.records if "context window" in r.getMessage()]
    assert re.match(r"question 'q\d' gets no ncq prompt", warning)


def test_questions_that_leave_no_room_for_a_response_are_refused(
    new_model: Callable[..., Any], new_trainer: NewTrainer, tokenizer: Any
) -> None:
    model, longest = new_model(), max(plain_length(tokenizer, row["prompt"]) for row in ROWS)
    model.config.max_position_embeddings = longest + 13
    with pytest.raises(ConfigError, match=r"sampling.max_tokens to 13, or prompts.max_tokens to \d+"):
        new_trainer(model)


def plain_length(tokenizer: Any, text: str) -> int:
    question = Question("q", text, "a")
    return len(Renderer(tokenizer).read(Prompt("plain", question, Templates.load().plain(question))))
