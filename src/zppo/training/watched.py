"""Progress within a rollout step: engines and parts that name what they do and count, and the numbers of a step."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from statistics import fmean
from typing import Any

from zppo.engines.base import PolicyEngine, Rewritten, Teacher, TokenRequest
from zppo.reports.progress import HELD_OUT, Progress
from zppo.reports.table import percent
from zppo.rollout.teacher_queue import TeacherQueue
from zppo.rollout.worker import Parts
from zppo.training.checks import embedded
from zppo.types import Candidate, Group, Question, Rollout, Sampling, StepBatch


class WatchedEngine:
    """A `PolicyEngine` whose finished prompts are counted.

    The phase is `name`, else the kinds of the prompts; `brief` as in `Progress.phase`.
    """

    def __init__(self, engine: PolicyEngine, progress: Progress, name: str = "", brief: bool = True) -> None:
        self._engine = engine
        self._progress = progress
        self._name = name
        self._brief = brief

    @property
    def policy_version(self) -> int:
        return self._engine.policy_version

    def generate(self, requests: Sequence[TokenRequest], decoding: Sampling) -> Iterator[tuple[int, list[Rollout]]]:
        kinds = Counter(request.prompt.kind for request in requests)
        rollouts = "rollouts of " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        self._progress.phase(self._name or rollouts, len(requests), self._brief)
        for finished in self._engine.generate(requests, decoding):
            self._progress.advance()
            yield finished

    def update_weights(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        self._engine.update_weights(weights, version)

    def close(self) -> None:
        self._engine.close()


class WatchedQueue(TeacherQueue):
    """A queue that names the phase in which its answers are collected."""

    def __init__(self, teachers: Sequence[Teacher], progress: Progress) -> None:
        super().__init__(teachers)
        self._progress = progress

    def collect(self, step: int, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        if questions:
            self._progress.phase("responses of the teacher", brief=True)
        return super().collect(step, questions, n, sampling)


def watched(parts: Parts, progress: Progress) -> Parts:
    """The same parts, which name their phases. What they return, and in which order they are called, is unchanged."""

    def rewrite(candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten:
        if candidates and parts.method.writes:
            progress.phase(f"rewriting {len(candidates)} candidates", brief=True)
        return parts.rewriter(candidates, seed)

    student = WatchedEngine(parts.student, progress)
    teachers = [_watched_teacher(teacher, progress) for teacher in parts.teachers]
    return replace(parts, student=student, teachers=teachers, rewriter=rewrite, queue=WatchedQueue(teachers, progress))


def _watched_teacher(teacher: Teacher, progress: Progress) -> Teacher:
    """A local model's prompts are counted. Servers and programs answer when they are done with all."""
    engine = embedded(teacher)
    if engine is None:
        return teacher
    counting: Any = copy(teacher)
    counting.engine = counting.engine.with_engine(WatchedEngine(engine, progress, "responses of the teacher"))
    return counting


def step_numbers(batch: StepBatch) -> dict[str, str]:
    """The few numbers of a finished rollout step that matter, by name, as text.

    `accuracy` is that of plain prompts on new questions, `hard` the share of hard questions among all plain ones,
    `reward` the mean over all rollouts of the student, aided ones too.
    """
    metrics = batch.metrics
    rewards = [r.reward for g in batch.groups for r in g.rollouts if r.reward is not None and not r.injected]
    numbers = {"accuracy": percent(metrics.get("accuracy/plain")), "hard": percent(metrics["zone/hard_fraction"])}
    numbers["reward"] = f"{fmean(rewards):.3f}" if rewards else percent(None)
    if metrics.get("buffer/admitted_total"):
        numbers["graduated"] = f"{metrics['buffer/graduated_total']:,.0f}"
        numbers["buffer"] = f"{metrics['buffer/size']:,.0f}"
    return numbers | held_out_numbers(metrics)


def held_out_numbers(metrics: Mapping[str, float]) -> dict[str, str]:
    """Such as `held-out`: `35.0% (easy 99.0%, hard 12.0%)`; empty where nothing was scored."""
    if "eval/overall" not in metrics:
        return {}
    levels = [f"{level} {percent(metrics[key])}" for level in ("easy", "hard") if (key := f"eval/{level}") in metrics]
    return {HELD_OUT: percent(metrics["eval/overall"]) + (f" ({', '.join(levels)})" if levels else "")}
