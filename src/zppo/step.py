"""READ FIRST. One rollout step of Zone of Proximal Policy Optimization (arXiv 2606.18216, algorithm 1).

`rollout_step` is the algorithm; everything else in the package serves one of its lines. It needs no model: with the
scripted engine it runs in plain Python.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import Compressor, Engine, Teacher, Verdict
from zppo.methods import Method
from zppo.rewards.boxed import last_boxed
from zppo.types import Group, Prompt, Question, StepBatch
from zppo.zone.advantage import assign_advantages
from zppo.zone.candidates import Draft, as_candidates, build_prompts
from zppo.zone.metrics import step_metrics
from zppo.zone.minibatch import split
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.selection import hard_groups, post_cap, pre_cap, share


@dataclass(frozen=True)
class Parts:
    """Who does the work of a step."""

    method: Method
    student: Engine
    verdict: Verdict
    teacher: Teacher | None
    compressor: Compressor
    templates: Templates


def rollout_step(
    new: Sequence[Question],
    buffer: PromptReplayBuffer,
    parts: Parts,
    zone: ZoneConfig,
    sampling: SamplingConfig,
    rng: random.Random,
) -> StepBatch:
    """Turn new questions into scored groups with advantages, cut into minibatches, and refresh the buffer.

    Everything random comes from `rng`, so that equal inputs, state and engine outputs give an equal step. The buffer
    is refreshed here, before the gradient updates: it depends on the plain groups alone.
    """
    work = _Work(parts, sampling, rng)
    method, cap = parts.method, share(zone.augment_fraction, len(new))

    # 1. Plain rollouts on new and replayed questions.
    replayed = _replayed(new, buffer, method, zone, rng)
    plain = work.roll_out(_plain_prompts(new, replayed, parts.templates), zone.group_size)

    # 2. Fresh teacher rollouts on every hard question; the right ones may become candidates.
    hard = hard_groups(plain, zone.tau)
    teacher = work.ask_teacher(hard, zone.teacher_samples) if method.bcq else []
    right = {g.question.id: as_candidates([r for r in g.rollouts if r.is_right], work.forbidden) for g in teacher}
    wrong = {g.question.id: as_candidates(g.wrong, work.forbidden) for g in hard}

    # 3.-5. The hardest questions get a BCQ and an NCQ prompt, as far as the cap allows, and their own groups.
    kept = pre_cap(hard, cap, rng) if method.aids else []
    drafts = [method.drafts(g.question, right.get(g.question.id, []), wrong[g.question.id], rng) for g in kept]
    aided = work.roll_out(post_cap(work.build(drafts), cap), zone.group_size)

    # 6. Advantages over all groups; the caller makes one gradient update per minibatch.
    groups = plain + aided
    assign_advantages(groups, zone.advantage)
    minibatches = split(groups, zone.updates, rng)

    # 7. The buffer listens to the plain groups only.
    refreshed = buffer.refresh(plain, zone.tau) if method.replay else None

    metrics = step_metrics(groups, teacher, right, wrong, zone.tau) | buffer.metrics() | work.metrics
    if refreshed is not None:
        metrics |= refreshed.metrics()
    return StepBatch(groups, minibatches, metrics)


def _replayed(
    new: Sequence[Question], buffer: PromptReplayBuffer, method: Method, zone: ZoneConfig, rng: random.Random
) -> list[Question]:
    if not method.replay:
        return []
    return buffer.draw(share(zone.replay_fraction, len(new)), rng, excluding={q.id for q in new})


def _plain_prompts(new: Sequence[Question], replayed: Sequence[Question], templates: Templates) -> list[Prompt]:
    fresh = [Prompt("plain", q, templates.plain(q)) for q in new]
    return fresh + [Prompt("replayed", q, templates.plain(q)) for q in replayed]


@dataclass
class _Work:
    """The calls a step makes to its parts, each with a seed from the step's RNG and on the clock."""

    parts: Parts
    sampling: SamplingConfig
    rng: random.Random
    metrics: dict[str, float] = field(default_factory=lambda: {"tokens/student": 0, "tokens/teacher": 0})

    @property
    def forbidden(self) -> Sequence[str]:
        return self.parts.student.special_tokens

    def roll_out(self, prompts: Sequence[Prompt], n: int) -> list[Group]:
        """Student rollouts, scored."""
        if not prompts:
            return []
        with self._clock("time/rollout"):
            groups = self.parts.student.generate(prompts, n, self.sampling.at(self.rng.getrandbits(31)))
        return self._score(groups, "tokens/student")

    def ask_teacher(self, hard: Sequence[Group], n: int) -> list[Group]:
        """Teacher rollouts on the questions of `hard`, scored by the same verdict."""
        if not hard:
            return []
        assert self.parts.teacher is not None, "configuration makes sure that a method with BCQ has a teacher"
        with self._clock("time/teacher"):
            questions = [g.question for g in hard]
            groups = self.parts.teacher.respond(questions, n, self.sampling.at(self.rng.getrandbits(31)))
        return self._score(groups, "tokens/teacher")

    def build(self, drafts: Sequence[Sequence[Draft]]) -> list[list[Prompt]]:
        """The prompts of each kept question, with all candidates compressed in one call."""
        flat = [(draft.question, candidate) for each in drafts for draft in each for candidate in draft.candidates]
        with self._clock("time/teacher"):
            done = self.parts.compressor(flat, self.rng.getrandbits(31))
        self.metrics["tokens/teacher"] += done.tokens
        self.metrics["zone/candidates_dropped"] = done.candidates.count(None)
        rest = iter(done.candidates)
        return [
            [p for d in each for p in build_prompts(d, list(islice(rest, len(d.candidates))), self.parts.templates)]
            for each in drafts
        ]

    def _score(self, groups: list[Group], counter: str) -> list[Group]:
        with self._clock("time/verdict"):
            pairs = [(g.question, r) for g in groups for r in g.rollouts]
            rewards = self.parts.verdict([q for q, _ in pairs], [r.text for _, r in pairs])
            for (_, rollout), reward in zip(pairs, rewards, strict=True):
                rollout.reward, rollout.answer = reward, last_boxed(rollout.text)
        self.metrics[counter] += sum(len(r.token_ids) for _, r in pairs)
        return groups

    @contextmanager
    def _clock(self, key: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.metrics[key] = self.metrics.get(key, 0.0) + perf_counter() - start
