"""Rollouts that imitate the teacher: their importance ratio and drift, against the plain computation."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from rows import gradient, moved, rollouts, token_logprobs

from zppo.config import SamplingConfig, UpdateConfig
from zppo.training.forward import Frozen
from zppo.training.update import PolicyUpdate
from zppo.types import Minibatch

CONFIG = UpdateConfig(clip_low=0.05, clip_high=0.08, microbatch_tokens=64)
TEMPERATURE = 0.9


@pytest.fixture(scope="module")
def student(new_model: Callable[..., Any]) -> Any:
    return new_model(seed=3)


@pytest.fixture(scope="module")
def teacher(new_model: Callable[..., Any]) -> Any:
    return new_model(seed=4, layers=("full_attention",) * 3)


def new_update(teacher: Any = None) -> PolicyUpdate:
    return PolicyUpdate(CONFIG, SamplingConfig(14, TEMPERATURE), 0, teacher=Frozen(teacher) if teacher else None)


def imitating(count: int, seed: int) -> Minibatch:
    """Rollouts of which two with positive advantage, and one without any, are the teacher's."""
    minibatch = rollouts(count, seed=seed)
    for _, rollout in (minibatch[2], minibatch[4], minibatch[5]):
        rollout.injected = True
    return minibatch


def imitated(minibatch: Minibatch) -> Minibatch:
    return [(group, rollout) for group, rollout in minibatch if rollout.injected and rollout.advantage]


def logprobs(model: Any, minibatch: Minibatch) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([token_logprobs(model, *row, TEMPERATURE) for row in imitated(minibatch)])


def run(update: PolicyUpdate, student: Any, later: Any, step: list[Minibatch]) -> dict[str, float]:
    """Metrics of two updates, the second of which trains a student that has moved to `later`."""
    update.before_step(student, step)
    for model, minibatch in zip((student, later), step, strict=True):
        update.accumulate(model, minibatch, torch.Tensor.backward)
        model.zero_grad()
    return {name: value for name, value in update.metrics().items() if name.startswith("imitation/")}


def test_the_metrics_are_means_over_the_imitated_tokens_of_the_step(student: Any, teacher: Any) -> None:
    step, later = [imitating(12, seed) for seed in (1, 2)], moved(student)
    metrics = run(new_update(teacher), student, later, step)
    old = torch.cat([logprobs(student, minibatch) for minibatch in step])
    now = torch.cat([logprobs(student, step[0]), logprobs(later, step[1])])
    ratio, drift = (now - old).exp(), torch.cat([logprobs(teacher, minibatch) for minibatch in step]) - old
    true_ratio = drift.neg().exp()
    outside = (true_ratio < 1 - CONFIG.clip_low) | (true_ratio > 1 + CONFIG.clip_high)
    assert metrics == pytest.approx(
        {
            "imitation/rollouts": 4,
            "imitation/ratio": ratio.mean().item(),
            "imitation/clip_high": (ratio > 1 + CONFIG.clip_high).float().mean().item(),
            "imitation/surprise": -old.mean().item(),
            "imitation/drift": drift.mean().item(),
            "imitation/off_policy": outside.float().mean().item(),
        },
        rel=1e-4,
    )
    assert metrics["imitation/clip_high"] > 0
    assert metrics["imitation/ratio"] != pytest.approx(1.0, abs=1e-3)


def test_without_the_teacher_its_policy_is_not_compared(student: Any) -> None:
    metrics = run(new_update(), student, student, [imitating(12, seed) for seed in (1, 2)])
    assert set(metrics) == {f"imitation/{name}" for name in ("rollouts", "ratio", "clip_high", "surprise")}


def test_a_step_without_imitated_rollouts_reports_none_and_asks_no_teacher(student: Any, teacher: Any) -> None:
    asked: list[Any] = []
    hook = teacher.register_forward_pre_hook(lambda *_: asked.append(1))
    update = new_update(teacher)
    run(update, student, student, [imitating(12, seed) for seed in (1, 2)])
    asked.clear()
    assert run(update, student, student, [rollouts(12, seed=seed) for seed in (1, 2)]) == {}
    assert asked == []
    hook.remove()


def test_the_gradient_is_that_of_the_students_own_rollouts(student: Any, teacher: Any) -> None:
    runs = []
    for injected in (False, True):
        minibatch, update = imitating(12, seed=1), new_update(teacher)
        for _, rollout in minibatch:
            rollout.injected = rollout.injected and injected
        update.before_step(student, [[], minibatch])
        later = moved(student)
        runs.append(gradient(later, lambda u=update, m=minibatch, s=later: u.accumulate(s, m, torch.Tensor.backward)))
    assert all(torch.equal(one, other) for one, other in zip(*runs, strict=True))


def test_what_the_teacher_reads_is_counted(student: Any, teacher: Any) -> None:
    update, minibatch = new_update(teacher), imitating(12, seed=1)
    update.before_step(student, [minibatch])
    read = sum(len(group.prompt_ids) + len(rollout.token_ids) for group, rollout in imitated(minibatch))
    assert update.metrics()["tokens/teacher_forward"] == read
