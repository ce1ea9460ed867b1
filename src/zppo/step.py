"""READ FIRST. One rollout step of Zone of Proximal Policy Optimization (arXiv 2606.18216, algorithm 1).

`rollout_step` is the algorithm; everything else in the package serves one of its lines. It needs no model: with the
scripted engine it runs in plain Python.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import (
    LIKELY,
    NOW,
    PERHAPS,
    EarlyTeacher,
    Engine,
    Rewriter,
    Teacher,
    Verdict,
    answers_of,
    ignore,
    rewards_of,
)
from zppo.methods import Method
from zppo.rewards.boxed import last_boxed
from zppo.types import Candidate, Group, Prefix, Prompt, Question, Rollout, Sampling, StepBatch
from zppo.zone.advantage import assign_advantages
from zppo.zone.answers import distinct
from zppo.zone.audit import audit_counts, audit_metrics
from zppo.zone.candidates import Draft, as_candidates, build_prompts, identity
from zppo.zone.metrics import signal_metrics, step_metrics
from zppo.zone.minibatch import imitated, right_responses, split, with_signal
from zppo.zone.prompts import Templates
from zppo.zone.replay import PromptReplayBuffer
from zppo.zone.selection import hard_groups, post_cap, pre_cap, share

COUNTED = ("tokens/student", "tokens/student_prompt", "tokens/teacher", "tokens/teacher_prompt", "flops/teacher")
"""Tokens sampled, tokens read before them (once per prompt, however large its group), and what they cost a teacher."""


def do_nothing() -> None: ...


@dataclass(frozen=True)
class Parts:
    """Who does the work of a step.

    `teachers` stand in order of cost; `rewriter` prepares what prompts show. With a `shared_vocabulary` the tokens of a
    teacher's response are the student's own; otherwise they are made anew from its text. `fallback` shortens a
    candidate whose rewriting failed. `readable` gives those of the replayed questions whose media can still be decoded,
    `fitting` those of the aided prompts that leave room for a response in the student's context window; `on_refresh` is
    called when the buffer is the next step's. `extract` reads the final answer of a response.
    """

    method: Method
    student: Engine
    verdict: Verdict
    teachers: Sequence[Teacher]
    rewriter: Rewriter
    templates: Templates
    shared_vocabulary: bool = False
    fallback: Callable[[Candidate], Candidate] = identity
    readable: Callable[[Sequence[Question]], list[Question]] = list
    fitting: Callable[[Sequence[Prompt]], list[Prompt]] = list
    on_refresh: Callable[[], None] = do_nothing
    extract: Callable[[str], str | None] = last_boxed


def rollout_step(
    new: Sequence[Question],
    buffer: PromptReplayBuffer,
    parts: Parts,
    zone: ZoneConfig,
    sampling: SamplingConfig,
    rng: random.Random,
) -> StepBatch:
    """Turn new questions into scored groups with advantages, cut into minibatches, and refresh the buffer.

    Everything random comes from `rng`, so that equal inputs, state and engine outputs give an equal step.
    """
    work = _Work(parts, zone, sampling, rng)
    method, cap = parts.method, share(zone.augment_fraction, len(new))

    # 1. Plain rollouts on new and replayed questions. A teacher elsewhere begins as soon as one is seen to be hard.
    replayed = parts.readable(_replayed(new, buffer, method, zone, rng))
    plain = work.roll_out(_plain_prompts(new, replayed, parts.templates), finished=work.start_teacher)

    # 7. The buffer listens to the plain groups only. So it need not wait: what comes next is known from here on.
    refreshed = buffer.refresh(plain, zone.tau) if method.replay else None
    parts.on_refresh()

    # 2. Fresh teacher rollouts on every hard question (hint and prefix: on the hardest, within the cap); the right ones
    # may become candidates.
    hard = hard_groups(plain, zone.tau)
    asked = pre_cap(hard, cap, rng) if method.caps_first else hard
    teacher = work.ask_teachers(method.for_teacher(plain, asked))
    right = {g.question.id: as_candidates([r for r in g.rollouts if r.is_right]) for g in teacher}
    wrong = {g.question.id: as_candidates(g.wrong) for g in hard}
    help_for = {i: (right.get(i, []), candidates) for i, candidates in wrong.items()}

    # 3.-5. The hardest questions that admit an aided prompt get one, within the cap, with groups of their own.
    admitting = [g for g in asked if method.admits(*help_for[g.question.id])]
    kept = admitting if method.caps_first else pre_cap(admitting, cap, rng)
    drafts = [method.drafts(g.question, *help_for[g.question.id], rng) for g in kept]
    aided = work.roll_out(work.build(post_cap(drafts, cap)))

    # 6. Advantages over all groups; the caller makes one gradient update per minibatch.
    groups = (imitated(plain, teacher, work.as_own, rng) if method.imitates else plain) + aided
    if not method.distils:
        assign_advantages(groups, zone.advantage)
    trained = _trained(groups, teacher, work.as_own, method, zone)
    minibatches = split(trained, method.updates(zone.updates), rng, zone.minibatches)

    metrics = step_metrics(plain, aided, teacher, right, wrong, zone.tau) | signal_metrics(groups, trained)
    metrics |= buffer.metrics() | work.metrics | (refreshed.metrics() if refreshed else {})
    teacher_answers = {i: distinct(c.answer for c in candidates) for i, candidates in right.items()}
    metrics |= audit_metrics(audit_counts(aided, teacher_answers))
    return StepBatch(groups, minibatches, metrics, teacher_answers, teacher)


def start_ahead(
    new: Sequence[Question],
    buffer: PromptReplayBuffer | None,
    parts: Parts,
    zone: ZoneConfig,
    sampling: SamplingConfig,
    rng: random.Random,
) -> None:
    """Let a teacher elsewhere begin on questions that `rollout_step` with equal arguments will find hard, perhaps.

    With the `buffer` as it will be then: on those it will replay. Without one: on all new ones, which wastes what the
    teacher says to the easy ones. Nothing begins for a method that does not ask about every hard question.
    """
    work = _Work(parts, zone, sampling, rng)
    if not parts.method.asks_all_hard:
        return
    if buffer is None:
        work.start(new, PERHAPS)
    else:
        work.start(_replayed(new, buffer, parts.method, zone, rng), LIKELY)


def _replayed(
    new: Sequence[Question], buffer: PromptReplayBuffer, method: Method, zone: ZoneConfig, rng: random.Random
) -> list[Question]:
    if not method.replay:
        return []
    return buffer.draw(share(zone.replay_fraction, len(new)), rng, excluding={q.id for q in new})


def _plain_prompts(new: Sequence[Question], replayed: Sequence[Question], templates: Templates) -> list[Prompt]:
    fresh = [Prompt("plain", q, templates.plain(q), turns=q.turns) for q in new]
    return fresh + [Prompt("replayed", q, templates.plain(q), turns=q.turns) for q in replayed]


def _trained(
    groups: list[Group],
    teacher: Sequence[Group],
    as_own: Callable[[Rollout], Rollout],
    method: Method,
    zone: ZoneConfig,
) -> list[Group]:
    """The groups whose rollouts the updates train on."""
    if method.distils == "teacher":
        return right_responses(groups, teacher, as_own)
    return with_signal(groups) if zone.dynamic_sampling else groups


@dataclass
class _Work:
    """The calls a step makes to its parts, each with a seed from the step's RNG and on the clock."""

    parts: Parts
    zone: ZoneConfig
    sampling: SamplingConfig
    rng: random.Random
    metrics: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))

    def __post_init__(self) -> None:
        # Known before the step begins and from its RNG alone, so that work started ahead is that of the step.
        self._clocked = 0.0
        self._opened = ""
        self._visit = self.sampling.at(_next_bits(self.rng))

    def roll_out(self, prompts: Sequence[Prompt], finished: Callable[[list[Group]], None] = ignore) -> list[Group]:
        """Student rollouts, scored as they come and then shown to `finished`."""
        if not prompts:
            return []

        def score(groups: list[Group]) -> None:
            finished(self._score(groups, "student"))

        with self._clock("time/rollout"):
            groups = self.parts.student.generate(prompts, self.zone.group_size, self._sampling(), score)
        self._opened = groups[0].rollouts[0].opened
        return groups

    def start_teacher(self, plain: Sequence[Group]) -> None:
        """Let a teacher elsewhere begin on those of these groups that it will be asked about, and drop the others.

        Where the cap comes first nothing is known yet, and nothing begins.
        """
        if self._early and not self.parts.method.caps_first:
            asked = self.parts.method.for_teacher(plain, hard_groups(plain, self.zone.tau))
            self.start([g.question for g in asked], NOW)
            ids = {g.question.id for g in asked}
            self._early.drop([g.question for g in plain if g.question.id not in ids], self._visit)

    def start(self, questions: Sequence[Question], rank: int) -> None:
        if self._early and questions:
            self._early.start(questions, self.zone.teacher_samples, self._visit, rank)

    @property
    def _early(self) -> EarlyTeacher | None:
        """The first teacher, if it can work ahead and is not asked about every question of the step."""
        method, first = self.parts.method, next(iter(self.parts.teachers), None)
        early = method.asks_teacher and not method.distils
        return first if early and isinstance(first, EarlyTeacher) else None

    def ask_teachers(self, asked: Sequence[Group]) -> list[Group]:
        """Teacher rollouts on the questions of `asked`, scored by the same verdict.

        Each teacher is asked what no teacher before it got right, so that an expensive one is asked little.
        """
        answered: list[Group] = []
        open_ = [g.question for g in asked]
        for teacher in self.parts.teachers:
            if not open_ and not isinstance(teacher, EarlyTeacher):
                continue
            visit = self._visit if isinstance(teacher, EarlyTeacher) else self._sampling()
            with self._clock("time/teacher"):
                groups = answers_of(teacher, open_, self.zone.teacher_samples, visit)
            answered += self._score(groups, "teacher")
            self._spend(teacher, sum(g.prompt_tokens + sum(r.tokens for r in g.rollouts) for g in groups))
            solved = {g.question.id for g in groups if any(r.is_right for r in g.rollouts)}
            open_ = [q for q in open_ if q.id not in solved]
        return answered

    def build(self, drafts: Sequence[Draft]) -> list[Prompt]:
        """The prompts of the drafts, with all candidates rewritten in one call."""
        flat = [(draft.question, c) for draft in drafts for c in draft.candidates if c.text]
        with self._clock("time/teacher"):
            done = self.parts.rewriter(flat, self.rng.getrandbits(31))
        self.metrics["tokens/teacher"] += done.tokens
        self.metrics["tokens/teacher_prompt"] += done.prompt_tokens
        if done.tokens:
            self._spend(self.parts.teachers[0], done.tokens + done.prompt_tokens)
        self.metrics["zone/candidates_unreachable"] = done.unreachable
        if "hint" in self.parts.method.aids:
            self.metrics["zone/hints_refused"] = done.refused
        else:
            self.metrics["zone/compressions_failed"] = done.candidates.count(None)
        rest = iter(done.candidates)
        built = [prompt for draft in drafts for prompt in self._prompts(draft, rest)]
        kept = self.parts.fitting(built)
        self.metrics["zone/prompts_too_long"] = len(built) - len(kept)
        return kept

    def _prompts(self, draft: Draft, rewritten: Iterator[Candidate | None]) -> list[Prompt]:
        taken = [next(rewritten) if c.text else c for c in draft.candidates]
        return build_prompts(draft, taken, self.parts.templates, self._begin, self.parts.fallback)

    def as_own(self, rollout: Rollout) -> Rollout:
        """A teacher's response as the student would have sampled it: in the student's tokens, its end included.

        Thoughts that the teacher's chat template opened are part of it, unless the student's template opens them too.
        """
        text = rollout.as_opened_by(self._opened)
        if self.parts.shared_vocabulary and text.endswith(rollout.text):
            opening = text.removesuffix(rollout.text)
            ids = (self.parts.student.encode(opening) if opening else []) + rollout.token_ids
        else:
            ids = self.parts.student.encode(text, end=rollout.finish_reason == "stop")
        return replace(rollout, token_ids=ids, text=text, opened=self._opened, logprobs=None)

    def _begin(self, candidate: Candidate) -> Prefix | None:
        """The first `zone.prefix_fraction` of a response's tokens, made from its text: free of special ones."""
        assert candidate.response is not None, "candidates of a step are made of rollouts"
        ids = self.parts.student.encode(candidate.response.as_opened_by(self._opened))
        first = ids[: share(self.zone.prefix_fraction, len(ids))]
        self.metrics["zone/prefixes_too_short"] = self.metrics.get("zone/prefixes_too_short", 0) + (not first)
        return Prefix(tuple(first), self.parts.student.decode(first)) if first else None

    def _spend(self, teacher: Teacher, tokens: int) -> None:
        """2 N per token that a teacher of N parameters reads or samples; unknown sizes count nothing."""
        self.metrics["flops/teacher"] += 2 * getattr(teacher, "parameters", 0) * tokens

    def _sampling(self) -> Sampling:
        return self.sampling.at(self.rng.getrandbits(31))

    def _score(self, groups: list[Group], who: str) -> list[Group]:
        with self._clock("time/verdict"):
            pairs = [(g.question, r) for g in groups for r in g.rollouts]
            if not pairs:  # nobody was asked, or nobody answered
                return groups
            rewards = rewards_of(self.parts.verdict, [q for q, _ in pairs], [r for _, r in pairs])
            for (_, rollout), reward in zip(pairs, rewards, strict=True):
                rollout.reward, rollout.answer = reward, self.parts.extract(rollout.whole)
        self.metrics[f"tokens/{who}"] += sum(r.tokens for _, r in pairs)
        self.metrics[f"tokens/{who}_prompt"] += sum(g.prompt_tokens for g in groups)
        return groups

    @contextmanager
    def _clock(self, key: str) -> Iterator[None]:
        """Seconds spent here, without those that an inner clock counts."""
        began, inner = perf_counter(), self._clocked
        yield
        spent = perf_counter() - began - (self._clocked - inner)
        self._clocked += spent
        self.metrics[key] = self.metrics.get(key, 0.0) + spent


def _next_bits(rng: random.Random) -> int:
    """What `rng` would give next, without taking it."""
    ahead = random.Random()
    ahead.setstate(rng.getstate())
    return ahead.getrandbits(31)
