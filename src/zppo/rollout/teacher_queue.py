"""Requests to the teachers, by rollout step: the first one answers while the student generates and trains."""

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress

from zppo.engines.base import REQUIRED, Priority, Teacher
from zppo.errors import DataError
from zppo.types import Group, Question, Sampling


class TeacherQueue:
    """Requests to `teachers`, which stand in order of cost; those ahead of time go to the first.

    A question that was requested for a step is collected in that step; what a step does not collect is cancelled. A
    teacher that does not work ahead is asked when its answers are collected.
    """

    def __init__(self, teachers: Sequence[Teacher]) -> None:
        self.teachers = list(teachers)
        self._ahead = bool(teachers) and teachers[0].works_ahead
        self._open: dict[tuple[int, str], tuple[Future[Group], Priority]] = {}
        self._counts = dict.fromkeys(("prefetched", "cancelled", "unreachable"), 0)

    def request(
        self, step: int, questions: Sequence[Question], n: int, sampling: Sampling, rank: int = REQUIRED
    ) -> None:
        """Ask for `n` responses to each question, to be collected in `step`. Returns at once.

        Raises the priority of a request that is open already, and never lowers it. Media that cannot be read now are
        tried again by `collect`.
        """
        for question in questions if self._ahead else ():
            key = step, question.id
            if key in self._open:
                _, priority = self._open[key]
                priority.rank = min(rank, priority.rank)
            else:
                priority = Priority(rank)
                with suppress(DataError):
                    self._open[key] = self.teachers[0].submit(question, n, sampling, priority), priority
                    self._counts["prefetched"] += 1

    def cancel(self, step: int, questions: Sequence[Question]) -> None:
        """Cancel the requests about these questions, if there are any."""
        for question in questions:
            self._cancel((step, question.id))

    def collect(self, step: int, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        """The first teacher's groups, in order, requested or not. All else that was requested for `step` is cancelled.

        Raises what the teacher raises, such as TeacherError for a program that does not give a group per question.
        """
        mine = [self._taken(step, question, n, sampling) for question in questions]
        for key in [key for key in self._open if key[0] <= step]:
            self._cancel(key)
        groups = [self._result(future, q, n, sampling) for future, q in zip(mine, questions, strict=True)]
        return self._counted(0, groups, n)

    def ask(self, number: int, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        """The groups of teacher `number`, in order, asked now. Raises as `collect` does."""
        asked = [self.teachers[number].submit(question, n, sampling) for question in questions]
        return self._counted(number, [future.result() for future in asked], n)

    def metrics(self) -> dict[str, float]:
        """Counts since the last call, of teachers that work ahead: requests made ahead of time, cancelled ones, and
        responses that were not received. Empty without such a teacher.
        """
        counts, self._counts = self._counts, dict.fromkeys(self._counts, 0)
        served = any(teacher.works_ahead for teacher in self.teachers)
        return {f"teacher/{name}": float(count) for name, count in counts.items()} if served else {}

    def _counted(self, number: int, groups: list[Group], n: int) -> list[Group]:
        """A program may give fewer responses; of a server these were not received."""
        if self.teachers[number].works_ahead:
            self._counts["unreachable"] += sum(n - len(group.rollouts) for group in groups)
        return groups

    def _taken(self, step: int, question: Question, n: int, sampling: Sampling) -> "Future[Group]":
        asked, priority = self._open.pop((step, question.id), (None, Priority()))
        priority.rank = REQUIRED
        return asked or self.teachers[0].submit(question, n, sampling, priority)

    def _result(self, asked: "Future[Group]", question: Question, n: int, sampling: Sampling) -> Group:
        """Media that could not be read ahead of time are tried once more in their step."""
        try:
            return asked.result()
        except DataError:
            return self.teachers[0].submit(question, n, sampling, Priority()).result()

    def _cancel(self, key: tuple[int, str]) -> None:
        if key in self._open:
            asked, _ = self._open.pop(key)
            asked.cancel()  # no effect on what is answered already
            self._counts["cancelled"] += 1
