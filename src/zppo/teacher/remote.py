"""A teacher on another machine, off the critical path: it answers while the student generates and trains."""

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from zppo.config import EndpointConfig, FallbackConfig, TeacherConfig, is_url
from zppo.engines.base import NOW, Generator, Priority
from zppo.engines.endpoint import EndpointEngine
from zppo.errors import DataError, EngineError, TeacherError
from zppo.teacher.cache import CachedEngine
from zppo.teacher.program import with_program
from zppo.types import Group, Prompt, Question, Sampling, Thinking
from zppo.zone.prompts import Templates


class Submitting(Generator, Protocol):
    """An engine that takes work without making its caller wait."""

    def check(self) -> None:
        """Raise EngineError unless it can be asked."""

    def submit(
        self, prompt: Prompt, n: int, sampling: Sampling, priority: Priority | None = None
    ) -> "Future[Group]": ...

    def metrics(self) -> dict[str, float]: ...


class RemoteTeacher:
    """Asked the plain prompt of a question, like the student; an `EarlyTeacher`.

    A visit is known by its sampling, whose seed is that of the rollout step. What was started for a visit is collected
    by `respond` for the same visit; what turns out not to be needed is given up. `thinking` replaces that of the
    sampling, if given.
    """

    def __init__(self, engine: Submitting, templates: Templates, thinking: Thinking | None = None) -> None:
        self.engine = engine
        self._templates = templates
        self._thinking = thinking
        self._started: dict[tuple[str, Sampling], tuple[Future[Group], Priority]] = {}
        self._counts = dict.fromkeys(("started_early", "given_up", "missing"), 0)

    def check(self) -> None:
        """Raises TeacherError unless somebody answers."""
        try:
            self.engine.check()
        except EngineError as error:
            raise TeacherError(f"teacher.endpoint: {error}") from error

    def start(self, questions: Sequence[Question], n: int, sampling: Sampling, rank: int = NOW) -> None:
        for question in questions:
            visit = question.id, sampling
            if visit in self._started:
                _, priority = self._started[visit]
                priority.rank = min(rank, priority.rank)
            else:
                priority = Priority(rank)
                with suppress(DataError):  # media that cannot be read now; when its step comes, it is said there
                    self._started[visit] = self._submit(question, n, sampling, priority), priority
                    self._counts["started_early"] += 1

    def drop(self, questions: Sequence[Question], sampling: Sampling) -> None:
        for question in questions:
            self._give_up((question.id, sampling))

    def respond(self, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        mine = [self._collect(question, n, sampling) for question in questions]
        for visit in [key for key in self._started if key[1] == sampling]:
            self._give_up(visit)
        groups = [future.result() for future in mine]
        self._counts["missing"] += sum(n - len(group.rollouts) for group in groups)
        return groups

    def metrics(self) -> dict[str, float]:
        """Counts since the last call: visits started early or given up, responses that never came; the engine's own."""
        counts, self._counts = self._counts, dict.fromkeys(self._counts, 0)
        return {f"teacher/{name}": float(count) for name, count in counts.items()} | self.engine.metrics()

    def _collect(self, question: Question, n: int, sampling: Sampling) -> "Future[Group]":
        started = self._started.pop((question.id, sampling), None)
        if started is None:
            return self._submit(question, n, sampling, Priority())
        asked, priority = started
        priority.rank = NOW
        unread = asked.done() and not asked.cancelled() and isinstance(asked.exception(), DataError)
        return self._submit(question, n, sampling, priority) if unread else asked

    def _give_up(self, visit: tuple[str, Sampling]) -> None:
        if visit in self._started:
            asked, _ = self._started.pop(visit)
            asked.cancel()  # no effect on what is answered already
            self._counts["given_up"] += 1

    def _submit(self, question: Question, n: int, sampling: Sampling, priority: Priority) -> "Future[Group]":
        prompt = Prompt("plain", question, self._templates.plain(question), turns=question.turns)
        sampling = replace(sampling, thinking=self._thinking or sampling.thinking)
        return self.engine.submit(prompt, n, sampling, priority)


def configured_teachers(section: TeacherConfig, templates: Templates) -> list[Any]:
    """The teachers of a section in order: a `RemoteTeacher` for endpoints, programs as they are loaded, the name of a
    local model as it is. Raises ConfigError or TeacherError for a program that cannot be loaded.
    """
    first = [_remote(section, section.urls, templates)] if section.urls else [section.model] if section.model else []
    teachers = first + [_fallback(section, fallback, templates) for fallback in section.fallbacks]
    return [
        with_program(teacher, "teacher.fallbacks" if number else "teacher.model")
        for number, teacher in enumerate(teachers)
    ]


def _fallback(section: TeacherConfig, fallback: str | FallbackConfig, templates: Templates) -> Any:
    if isinstance(fallback, FallbackConfig):
        return RemoteTeacher(served_engine(fallback.server(), section), templates, section.thinking)
    return _remote(section, (fallback,), templates) if is_url(fallback) else fallback


def served_engine(server: EndpointConfig, section: TeacherConfig) -> EndpointEngine | CachedEngine:
    """Behind the cache of the section, if it has one."""
    engine = EndpointEngine(server)
    return CachedEngine(section.cache, engine, section.offline) if section.cache else engine


def _remote(section: TeacherConfig, urls: tuple[str, ...], templates: Templates) -> RemoteTeacher:
    return RemoteTeacher(served_engine(section.server(*urls), section), templates, section.thinking)
