"""The calls that a rollout step makes to its models, scored, counted and on the clock."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from time import perf_counter

from zppo.config import SamplingConfig, ZoneConfig
from zppo.engines.base import (
    REQUIRED,
    PolicyEngine,
    Rendering,
    Rewriter,
    Scorer,
    Teacher,
    rewards_of,
    sample,
    token_request,
)
from zppo.methods.base import Method
from zppo.rewards.boxed import last_boxed
from zppo.rollout.teacher_queue import TeacherQueue
from zppo.types import Candidate, Group, Prefix, Prompt, Question, Rollout, Sampling
from zppo.zone.candidates import Draft, build_prompts, identity
from zppo.zone.prompts import Templates
from zppo.zone.selection import share
from zppo.zone.streams import Streams

COUNTED = ("tokens/student", "tokens/student_prompt", "tokens/teacher", "tokens/teacher_prompt", "flops/teacher")
"""Tokens sampled, tokens read before them (once per prompt, however large its group), and what they cost a teacher."""


@dataclass(frozen=True)
class Parts:
    """Models and functions that a rollout step calls; one set per run.

    `renderer` is the student's. `teachers` stand in order of cost; `rewriter` prepares what prompts show. With a
    `shared_vocabulary` the tokens of a teacher's response are the student's own; otherwise they are made anew from its
    text. `fallback` shortens a candidate whose rewriting failed. `readable` gives those of the replayed questions whose
    media can still be decoded, `fitting` those of the aided prompts that leave room for a response in the student's
    context window. `extract` reads the final answer of a response. New questions of `ahead` later steps are requested
    from the teacher. The student's groups are scored as they are finished, `scored_at_once` of them in one call.
    """

    method: Method
    student: PolicyEngine
    renderer: Rendering
    scorer: Scorer
    teachers: Sequence[Teacher]
    rewriter: Rewriter
    templates: Templates
    shared_vocabulary: bool = False
    fallback: Callable[[Candidate], Candidate] = identity
    readable: Callable[[Sequence[Question]], list[Question]] = list
    fitting: Callable[[Sequence[Prompt]], list[Prompt]] = list
    extract: Callable[[str], str | None] = last_boxed
    ahead: int = 0
    scored_at_once: int = 1
    queue: TeacherQueue = None  # type: ignore[assignment]  # one to `teachers`, if none is given

    def __post_init__(self) -> None:
        if self.queue is None:
            object.__setattr__(self, "queue", TeacherQueue(self.teachers))


class Worker:
    """Asks the `parts` of one rollout step, whose seeds are `streams`. `metrics` counts tokens and seconds."""

    def __init__(self, parts: Parts, zone: ZoneConfig, sampling: SamplingConfig, streams: Streams) -> None:
        self.parts, self.zone, self.streams = parts, zone, streams
        self.metrics: dict[str, float] = dict.fromkeys(COUNTED, 0)
        self._sampling = sampling
        self._clocked = 0.0
        self._opened = ""

    def roll_out(self, prompts: Sequence[Prompt]) -> list[Group]:
        """Student rollouts, scored. The teacher is asked about a plain one as soon as it is seen to be hard."""
        if not prompts:
            return []
        sampling, renderer = self._sampling.at(self.streams.number("rollouts")), self.parts.renderer
        requests = [token_request(renderer, prompt, self.zone.group_size, sampling) for prompt in prompts]
        groups: dict[int, Group] = {}
        with self._clock("time/rollout"):
            finished = sample(self.parts.student, renderer, requests, sampling)
            while some := dict(islice(finished, self.parts.scored_at_once)):
                self._score(list(some.values()), "student")
                self._request_hard([g for g in some.values() if g.prompt.kind in ("plain", "replayed")])
                groups |= some
        self._opened = groups[0].rollouts[0].opened
        return [groups[place] for place in range(len(prompts))]

    def request(self, questions: Sequence[Question], rank: int, later: int = 0) -> None:
        """Let a teacher that can work ahead begin on these, for the step that comes `later` steps after this one."""
        streams = self.streams.later(later)
        self.parts.queue.request(streams.step, questions, self.zone.teacher_samples, self._visit(streams), rank)

    def ask_teachers(self, asked: Sequence[Group]) -> list[Group]:
        """Teacher rollouts on the questions of `teacher_groups`, scored by the same scorer.

        Each teacher is asked what no teacher before it got right, so that an expensive one is asked little.
        """
        answered: list[Group] = []
        open_ = [g.question for g in asked]
        for number, teacher in enumerate(self.parts.teachers):
            with self._clock("time/teacher"):
                groups = self._ask(number, open_)
            answered += self._score(groups, "teacher")
            self._spend(teacher, sum(g.prompt_tokens + sum(r.tokens for r in g.rollouts) for g in groups))
            solved = {g.question.id for g in groups if any(r.is_right for r in g.rollouts)}
            open_ = [q for q in open_ if q.id not in solved]
        return answered

    def build(self, drafts: Sequence[Draft]) -> list[Prompt]:
        """The prompts of the drafts, with all candidates rewritten in one call."""
        flat = [(draft.question, c) for draft in drafts for c in draft.candidates if c.text]
        with self._clock("time/teacher"):
            done = self.parts.rewriter(flat, self.streams.number("rewriting"))
        self.metrics["tokens/teacher"] += done.tokens
        self.metrics["tokens/teacher_prompt"] += done.prompt_tokens
        if done.tokens:
            self._spend(self.parts.teachers[0], done.tokens + done.prompt_tokens)
        self.metrics["zone/candidates_unreachable"] = done.unreachable
        if self.parts.method.writes == "hints":
            self.metrics["zone/hints_refused"] = done.refused
        else:
            self.metrics["zone/compressions_failed"] = done.candidates.count(None)
        rest = iter(done.candidates)
        built = [prompt for draft in drafts for prompt in self._prompts(draft, rest)]
        kept = self.parts.fitting(built)
        self.metrics["zone/prompts_too_long"] = len(built) - len(kept)
        return kept

    def as_own(self, rollout: Rollout) -> Rollout:
        """A teacher's response as the student would have sampled it: in the student's tokens, its end included.

        Thoughts that the teacher's chat template opened are part of it, unless the student's template opens them too.
        """
        text = rollout.as_opened_by(self._opened)
        if self.parts.shared_vocabulary and text.endswith(rollout.text):
            opening = text.removesuffix(rollout.text)
            ids = (self.parts.renderer.encode(opening) if opening else []) + rollout.token_ids
        else:
            ids = self.parts.renderer.encode(text, end=rollout.finish_reason == "stop")
        return replace(rollout, token_ids=ids, text=text, opened=self._opened, logprobs=None)

    def _request_hard(self, plain: Sequence[Group]) -> None:
        """Request those that the method will ask about in any case, and cancel the others, requested ahead."""
        asked = [g.question for g in plain if self.parts.method.is_asked(g, self.zone.tau)]
        self.request(asked, REQUIRED)
        ids = {q.id for q in asked}
        self.parts.queue.cancel(self.streams.step, [g.question for g in plain if g.question.id not in ids])

    def _ask(self, number: int, questions: Sequence[Question]) -> list[Group]:
        n = self.zone.teacher_samples
        if number == 0:
            return self.parts.queue.collect(self.streams.step, questions, n, self._visit(self.streams))
        visit = self._sampling.at(self.streams.number(f"teacher {number}"))
        return self.parts.queue.ask(number, questions, n, visit)

    def _visit(self, streams: Streams) -> Sampling:
        return self._sampling.at(streams.number("teacher"))

    def _prompts(self, draft: Draft, rewritten: Iterator[Candidate | None]) -> list[Prompt]:
        taken = [next(rewritten) if c.text else c for c in draft.candidates]
        return build_prompts(draft, taken, self.parts.templates, self._begin, self.parts.fallback)

    def _begin(self, candidate: Candidate) -> Prefix | None:
        """The first `zone.prefix_fraction` of a response's tokens, made from its text: free of special ones."""
        assert candidate.response is not None, "candidates of a step are made of rollouts"
        ids = self.parts.renderer.encode(candidate.response.as_opened_by(self._opened))
        first = ids[: share(self.zone.prefix_fraction, len(ids))]
        self.metrics["zone/prefixes_too_short"] = self.metrics.get("zone/prefixes_too_short", 0) + (not first)
        return Prefix(tuple(first), self.parts.renderer.decode(first)) if first else None

    def _spend(self, teacher: Teacher, tokens: int) -> None:
        """2 N per token that a teacher of N parameters reads or samples; unknown sizes count nothing."""
        self.metrics["flops/teacher"] += 2 * (teacher.parameters or 0) * tokens

    def _score(self, groups: list[Group], who: str) -> list[Group]:
        with self._clock("time/scoring"):
            pairs = [(g.question, r) for g in groups for r in g.rollouts]
            if not pairs:  # nobody was asked, or nobody answered
                return groups
            rewards = rewards_of(self.parts.scorer, [q for q, _ in pairs], [r for _, r in pairs])
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
