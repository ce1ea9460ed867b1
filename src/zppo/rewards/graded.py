r"""What grading a response gives, with the reason: responses -> rules -> **graded** -> verdicts.

A rule grades the questions of one answer type. `BoxRule` makes one of two functions: how to read the reference, and how
to hold the content of a box against it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from zppo.errors import DataError
from zppo.rewards.boxed import last_boxed
from zppo.types import Question

NO_BOX = r"no complete \boxed{} in the response"
SHOWN = 60
"""Longest piece of a model's text in a reason, in characters."""


@dataclass(frozen=True)
class Graded:
    """`reward`: 1.0 right, 0.0 wrong, None unscored. `answer`: what was found in the response, if anything."""

    reward: float | None
    reason: str
    answer: str | None = None

    @property
    def verdict(self) -> str:
        return "unscored" if self.reward is None else "right" if self.reward else "wrong"


class Rule(Protocol):
    """Grades the responses to questions of one answer type."""

    def check(self, question: Question) -> None:
        """Raises DataError, with what to do, for a question that cannot be graded."""
        ...

    def grade(self, questions: Sequence[Question], responses: Sequence[str]) -> list[Graded]:
        """One for each response, in order."""
        ...


Gold = TypeVar("Gold")


@dataclass(frozen=True)
class BoxRule(Generic[Gold]):
    """`read(question)` is the reference, or a DataError; `compare(reference, box)` grades what the last box holds."""

    read: Callable[[Question], Gold]
    compare: Callable[[Gold, str], Graded]

    def check(self, question: Question) -> None:
        self.read(question)

    def grade(self, questions: Sequence[Question], responses: Sequence[str]) -> list[Graded]:
        return [self._graded(q, last_boxed(response)) for q, response in zip(questions, responses, strict=True)]

    def _graded(self, question: Question, box: str | None) -> Graded:
        return Graded(0.0, NO_BOX) if box is None else self.compare(self.read(question), box)


def equivalence_graded(verdict: bool | None, gold: str, answer: str, deadline_s: float) -> Graded:
    """What `Equivalence` said of a reference and a box."""
    if verdict is None:
        return Graded(None, f"the comparison took longer than {deadline_s:g} s, or broke the worker down", answer)
    not_ = "" if verdict else "not "
    return Graded(float(verdict), f"{shown(gold)} and {shown(answer)} are {not_}equivalent", answer)


def reference(answer: str) -> str:
    """The final answer of a reference: what is behind the last `####` of a worked solution (GSM8K), or all of it."""
    return answer.rpartition("####")[2].strip()


def shown(text: str) -> str:
    """A piece of text for a reason: on one line, not long, and visible even if empty."""
    text = " ".join(text.split())
    return (text if len(text) <= SHOWN else text[: SHOWN - 1] + "…") or "''"


def refuse(question: Question, problem: str) -> NoReturn:
    """Raises DataError naming the question."""
    raise DataError(f"question {question.id!r}: {problem}")


def column(question: Question, name: str, default: float, allowed: Callable[[float], bool], meaning: str) -> float:
    """The number in a column of the question; `default` where it is absent or null. DataError for anything else."""
    value: Any = question.fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not allowed(value):
        refuse(question, f"{name} is {value!r}; {meaning}")
    return float(value)
