"""A teacher on another machine, off the critical path: it answers while the student generates and trains."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from zppo.engines.base import Generator
from zppo.types import Group, Prompt, Question, Sampling
from zppo.zone.prompts import Templates


class Submitting(Generator, Protocol):
    """An engine that takes work without making its caller wait."""

    def submit(self, prompt: Prompt, n: int, sampling: Sampling) -> "Future[Group]": ...


class RemoteTeacher:
    """Asked the plain prompt of a question, like the student; an `EarlyTeacher`.

    A visit is known by its sampling (whose seed is that of the rollout step). What was started for a visit is collected
    by `respond` for the same visit; what nobody collects there, because the question turned out easy, is given up.
    """

    def __init__(self, engine: Submitting, templates: Templates) -> None:
        self.engine = engine
        self._templates = templates
        self._started: dict[tuple[str, Sampling], Future[Group]] = {}
        self._counts = dict.fromkeys(("started", "given_up", "missing"), 0)

    def start(self, questions: Sequence[Question], n: int, sampling: Sampling) -> None:
        for question in questions:
            if (question.id, sampling) not in self._started:
                self._counts["started"] += 1
                self._started[question.id, sampling] = self._submit(question, n, sampling)

    def respond(self, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        mine = [self._started.pop((q.id, sampling), None) or self._submit(q, n, sampling) for q in questions]
        for visit in [key for key in self._started if key[1] == sampling]:
            self._counts["given_up"] += self._started.pop(visit).cancel()
        groups = [future.result() for future in mine]
        self._counts["missing"] += sum(n - len(group.rollouts) for group in groups)
        return groups

    def metrics(self) -> dict[str, float]:
        """Counts since the last call: visits started early, visits given up, and responses that never came."""
        counts, self._counts = self._counts, dict.fromkeys(self._counts, 0)
        return {f"teacher/{name}": float(count) for name, count in counts.items()}

    def _submit(self, question: Question, n: int, sampling: Sampling) -> "Future[Group]":
        return self.engine.submit(Prompt("plain", question, self._templates.plain(question)), n, sampling)
