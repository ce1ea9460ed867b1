"""A teacher that is a program: `teacher.model: python:FILE.py:CLASS` (docs/custom.md)."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from zppo.custom import PROGRAM, load
from zppo.engines.base import Priority
from zppo.engines.deferred import DeferredQueue, Waiting
from zppo.errors import TeacherError
from zppo.types import Group, Question, Rollout, Sampling


class ProgramTeacher:
    """Anything with `respond(questions, n, sampling)`, asked about all questions that wait at once; a `Teacher`."""

    parameters = None
    works_ahead = False

    def __init__(self, program: Any) -> None:
        self.program = program
        self.name = type(program).__name__
        self._queue = DeferredQueue(self._answer)

    def check(self) -> None:
        """A loaded program can be asked."""

    def submit(
        self, question: Question, n: int, sampling: Sampling, priority: Priority | None = None
    ) -> "Future[Group]":
        """The future raises TeacherError for what is not one group of rollouts per question, in order."""
        return self._queue.submit(question, n, sampling, priority)

    def metrics(self) -> dict[str, float]:
        return {}

    def _answer(self, batch: Sequence[Waiting]) -> None:
        alike: dict[tuple[int, Sampling], list[Waiting]] = {}
        for each in batch:
            alike.setdefault((each.n, each.sampling), []).append(each)
        for (n, sampling), asked in alike.items():
            groups = self._groups([each.subject for each in asked], n, sampling)
            for each, group in zip(asked, groups, strict=True):
                each.future.set_result(group)

    def _groups(self, questions: list[Question], n: int, sampling: Sampling) -> Sequence[Group]:
        groups = self.program.respond(questions, n, sampling)
        whole = isinstance(groups, list | tuple) and all(isinstance(group, Group) for group in groups)
        if not whole or [group.question.id for group in groups] != [question.id for question in questions]:
            raise TeacherError(f"{self.name}.respond must return a list of one zppo.Group per question, in their order")
        if not all(isinstance(rollout, Rollout) for group in groups for rollout in group.rollouts):
            raise TeacherError(f"{self.name}.respond must put instances of zppo.Rollout into its groups")
        return groups


def with_program(teacher: Any, option: str) -> Any:
    """A `ProgramTeacher` of anything with `respond`, or of the program that `teacher` names: what the name stands for
    if that has `respond`, else what it returns when it is called without arguments. Other teachers as they are.

    Raises ConfigError for code that cannot be loaded, TeacherError for what is no teacher.
    """
    if not isinstance(teacher, str) or not teacher.startswith(PROGRAM):
        return ProgramTeacher(teacher) if hasattr(teacher, "respond") else teacher
    found = load(option, teacher.removeprefix(PROGRAM))
    if isinstance(found, type) or not hasattr(found, "respond"):
        if not callable(found):
            raise TeacherError(f"{option}: {teacher} is {type(found).__name__}; name a class with a method `respond`")
        try:
            found = found()
        except Exception as error:
            raise TeacherError(f"{option}: {teacher}() raised {type(error).__name__}: {error}") from error
    if not callable(getattr(found, "respond", None)):
        raise TeacherError(f"{option}: {teacher} has no method `respond(questions, n, sampling)`")
    return ProgramTeacher(found)
