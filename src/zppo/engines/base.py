"""What a rollout step asks of those who do the work. Engines, teachers and graders know `zppo.types` only."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from zppo.errors import TeacherError
from zppo.types import Candidate, Group, Prompt, Question, Rollout, Sampling


def ignore(groups: list[Group]) -> None:
    """For those who wait for all groups."""


class Generator(Protocol):
    """Samples responses. A teacher's engine need not do more; it may give only text, and fewer responses than `n`.

    The text of a prompt is read as text: what looks like a control token in it becomes none (`zone/spelling.py`).
    """

    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
        """One group of `n` unscored rollouts per prompt, in order; equal inputs and seed give equal rollouts."""
        ...


class Progressive(Generator, Protocol):
    """One that hands over what is finished while it goes on."""

    def generate(
        self, prompts: Sequence[Prompt], n: int, sampling: Sampling, done: Callable[[list[Group]], None] = ignore
    ) -> list[Group]:
        """Like a `Generator`; `done` is called with whole groups as they are finished, each group once."""
        ...


class Engine(Progressive, Protocol):
    """The student's. Tokens in, tokens out: the returned ids are what was fed and what was sampled."""

    def encode(self, response: str, end: bool = False) -> list[int]:
        """Token ids of a response that somebody else wrote, special tokens in it read as plain text; with its end."""
        ...

    def decode(self, token_ids: Sequence[int]) -> str:
        """Text of (a part of) a response."""
        ...


class Teacher(Protocol):
    """A frozen model that answers questions; its words only ever stand inside prompts."""

    def respond(self, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        """`n` fresh responses to each question, as unscored groups in order.

        A group holds fewer rollouts where the teacher could not be reached: an outage is no wrong answer.
        """
        ...


def answers_of(teacher: Teacher, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
    """What `teacher` responds. Raises TeacherError for what is not one group of rollouts per question, in order."""
    groups = teacher.respond(questions, n, sampling)
    whole = isinstance(groups, list | tuple) and all(isinstance(group, Group) for group in groups)
    if not whole or [group.question.id for group in groups] != [question.id for question in questions]:
        raise TeacherError(
            f"{type(teacher).__name__}.respond must return a list of one zppo.Group per question, in their order"
        )
    if not all(isinstance(rollout, Rollout) for group in groups for rollout in group.rollouts):
        raise TeacherError(f"{type(teacher).__name__}.respond must put instances of zppo.Rollout into its groups")
    return list(groups)


NOW, LIKELY, PERHAPS = range(3)
"""Ranks: a step waits for it; the next step will probably ask for it; it may turn out not to be needed."""


@dataclass(eq=False)
class Priority:
    """How urgent a call is. May change while the call waits for its turn."""

    rank: int = NOW


@runtime_checkable
class SubmittingTeacher(Teacher, Protocol):
    """A teacher that answers while others work."""

    def submit(self, question: Question, n: int, sampling: Sampling, priority: Priority) -> "Future[Group]":
        """The group of `n` unscored responses to `question`, when it is there. Returns at once.

        Requests wait for their turn in the order of their `priority`, which may change. Raises DataError, at once or
        in the future, for media that cannot be read.
        """
        ...


@dataclass(frozen=True)
class Rewritten:
    """Candidates after rewriting, aligned with the input; None where no acceptable text was written."""

    candidates: list[Candidate | None]
    tokens: int = 0
    """Tokens the teacher sampled for it."""
    prompt_tokens: int = 0
    """Tokens the teacher read for it."""
    refused: int = 0
    """Texts, tries included, that were not accepted."""
    unreachable: int = 0
    """Texts that were not written because the teacher could not be reached."""


class Rewriter(Protocol):
    """Gives candidates the text that a prompt will show: compressed, or turned into a hint."""

    def __call__(self, candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten: ...


class Verdict(Protocol):
    """Scores `responses[i]` as an answer to `questions[i]`: 1.0 right, 0.0 wrong, None unscored, never a zero."""

    def __call__(self, questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]: ...


@runtime_checkable
class RolloutVerdict(Verdict, Protocol):
    """A verdict that is shown rollouts, not only their texts."""

    def score(self, questions: Sequence[Question], rollouts: Sequence[Rollout]) -> list[float | None]:
        """Like a call with the texts; leaves in `notes` what is to be logged."""
        ...


def rewards_of(verdict: Verdict, questions: Sequence[Question], rollouts: Sequence[Rollout]) -> list[float | None]:
    """What `verdict` says of the rollouts, one for each question."""
    if isinstance(verdict, RolloutVerdict):
        return verdict.score(questions, rollouts)
    return verdict(questions, [rollout.whole for rollout in rollouts])
