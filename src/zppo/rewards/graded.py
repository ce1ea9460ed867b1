"""What grading an answer gives, with the reason: answers -> rules -> **graded** -> verdicts.

A rule grades the questions of one answer type. `AnswerRule` makes one of two functions: how to read the reference, and
how to hold a final answer against it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from zppo.errors import DataError
from zppo.types import RIGHT, Question

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
        return "unscored" if self.reward is None else "right" if self.reward > RIGHT else "wrong"


class Rule(Protocol):
    """Grades final answers to questions of one answer type."""

    def check(self, question: Question) -> None:
        """Raises DataError, with what to do, for a question that cannot be graded."""
        ...

    def grade(self, questions: Sequence[Question], answers: Sequence[str]) -> list[Graded]:
        """One for each answer, in order."""
        ...


Gold = TypeVar("Gold")


@dataclass(frozen=True)
class AnswerRule(Generic[Gold]):
    """`read(question)` is the reference, or a DataError; `compare(reference, answer)` grades a final answer."""

    read: Callable[[Question], Gold]
    compare: Callable[[Gold, str], Graded]

    def check(self, question: Question) -> None:
        self.read(question)

    def grade(self, questions: Sequence[Question], answers: Sequence[str]) -> list[Graded]:
        return [self.compare(self.read(q), answer) for q, answer in zip(questions, answers, strict=True)]


def equivalence_graded(verdict: bool | None, gold: str, answer: str, deadline_s: float) -> Graded:
    """What `Equivalence` said of a reference and an answer."""
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
