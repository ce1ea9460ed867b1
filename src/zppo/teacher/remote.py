"""A teacher on another machine, off the critical path: it answers while the student generates and trains."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Protocol

from zppo.config import EndpointConfig, FallbackConfig, TeacherConfig, is_url
from zppo.engines.base import Generator, Priority
from zppo.engines.endpoint import EndpointEngine
from zppo.errors import EngineError, TeacherError
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
    """Asked the plain prompt of a question, like the student; a `SubmittingTeacher`.

    `thinking` replaces that of the sampling, if given.
    """

    def __init__(self, engine: Submitting, templates: Templates, thinking: Thinking | None = None) -> None:
        self.engine = engine
        self._templates = templates
        self._thinking = thinking

    def check(self) -> None:
        """Raises TeacherError unless somebody answers."""
        try:
            self.engine.check()
        except EngineError as error:
            raise TeacherError(f"teacher.endpoint: {error}") from error

    def submit(self, question: Question, n: int, sampling: Sampling, priority: Priority) -> "Future[Group]":
        prompt = Prompt("plain", question, self._templates.plain(question), turns=question.turns)
        sampling = replace(sampling, thinking=self._thinking or sampling.thinking)
        return self.engine.submit(prompt, n, sampling, priority)

    def respond(self, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        return [future.result() for future in [self.submit(q, n, sampling, Priority()) for q in questions]]

    def metrics(self) -> dict[str, float]:
        """Counts of the engine since the last call."""
        return self.engine.metrics()


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
