"""Results of grading with their reasons: answers -> rules -> **graded** -> verdicts.

A rule grades the questions of one answer type. `AnswerRule` combines two functions: one reads the reference, the
other compares a final answer with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from zppo.errors import DataError
from zppo.rewards.extraction import BOXED, Extractor
from zppo.types import RIGHT, Question

SHOWN = 60
"""Longest piece of a model's text in a reason, in characters."""


@dataclass(frozen=True)
class Graded:
    """`reward`: 1.0 right, 0.0 wrong, None unscored. `answer`: the final answer of the response, if any."""

    reward: float | None
    reason: str
    answer: str | None = None

    @property
    def verdict(self) -> str:
        return "unscored" if self.reward is None else "right" if self.reward > RIGHT else "wrong"


class FreeFormJudge(Protocol):
    """Grades free-form answers (`zppo.judges`)."""

    def grade(
        self, questions: Sequence[Question], responses: Sequence[str], extract: Extractor = BOXED
    ) -> list[Graded]:
        """Grades of the responses, in order; an unreachable judge leaves them unscored."""
        ...

    def metrics(self) -> dict[str, float]:
        """Counts since the last call."""
        ...


class Rule(Protocol):
    """Grades final answers to questions of one answer type."""

    def check(self, question: Question) -> None:
        """Raise DataError, with a remedy, for a question that cannot be graded."""
        ...

    def grade(self, questions: Sequence[Question], answers: Sequence[str]) -> list[Graded]:
        """Grades of the answers, in order."""
        ...


Gold = TypeVar("Gold")


@dataclass(frozen=True)
class AnswerRule(Generic[Gold]):
    """`read(question)` returns the reference or raises DataError; `compare(reference, answer)` grades an answer."""

    read: Callable[[Question], Gold]
    compare: Callable[[Gold, str], Graded]

    def check(self, question: Question) -> None:
        self.read(question)

    def grade(self, questions: Sequence[Question], answers: Sequence[str]) -> list[Graded]:
        return [self.compare(self.read(q), answer) for q, answer in zip(questions, answers, strict=True)]


def equivalence_graded(verdict: bool | None, gold: str, answer: str, deadline_s: float) -> Graded:
    """Grade from the verdict of `Equivalence` on a reference and an answer."""
    if verdict is None:
        return Graded(None, f"the comparison took longer than {deadline_s:g} s, or broke the worker down", answer)
    not_ = "" if verdict else "not "
    return Graded(float(verdict), f"{shown(gold)} and {shown(answer)} are {not_}equivalent", answer)


def reference(answer: str) -> str:
    """The final answer of a reference: the text after the last `####` of a worked solution (GSM8K), or all of it."""
    return answer.rpartition("####")[2].strip()


def shown(text: str) -> str:
    """A piece of text for a reason: on one line, shortened, and visible even if empty."""
    text = " ".join(text.split())
    return (text if len(text) <= SHOWN else text[: SHOWN - 1] + "…") or "''"


def refuse(question: Question, problem: str) -> NoReturn:
    """Raise DataError naming the question."""
    raise DataError(f"question {question.id!r}: {problem}")


def column(question: Question, name: str, default: float, allowed: Callable[[float], bool], meaning: str) -> float:
    """The number in a column of the question; `default` where it is absent or null. DataError for anything else."""
    value: Any = question.fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not allowed(value):
        refuse(question, f"{name} is {value!r}; {meaning}")
    return float(value)
