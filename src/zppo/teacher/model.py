"""A teacher made of a model, served or in this process: asked the plain prompt of a question, like the student."""

from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from zppo.config import EndpointConfig, FallbackConfig, TeacherConfig, is_url
from zppo.engines.base import Priority, TextEngine
from zppo.engines.endpoint import EndpointEngine
from zppo.errors import EngineError, TeacherError
from zppo.teacher.cache import CachedEngine
from zppo.teacher.program import with_program
from zppo.types import Group, Prompt, Question, Sampling, Thinking
from zppo.zone.prompts import Templates


class ModelTeacher:
    """Asks `engine`; a `Teacher`. `thinking` replaces that of the sampling, if given."""

    def __init__(self, engine: TextEngine, templates: Templates, thinking: Thinking | None = None) -> None:
        self.engine = engine
        self._templates = templates
        self._thinking = thinking

    @property
    def parameters(self) -> int | None:
        return self.engine.parameters

    @property
    def works_ahead(self) -> bool:
        return self.engine.works_ahead

    def check(self) -> None:
        """Raises TeacherError unless somebody answers."""
        try:
            self.engine.check()
        except EngineError as error:
            raise TeacherError(f"teacher.endpoint: {error}") from error

    def submit(
        self, question: Question, n: int, sampling: Sampling, priority: Priority | None = None
    ) -> "Future[Group]":
        prompt = Prompt("plain", question, self._templates.plain(question), turns=question.turns)
        sampling = replace(sampling, thinking=self._thinking or sampling.thinking)
        return self.engine.submit(prompt, n, sampling, priority)

    def metrics(self) -> dict[str, float]:
        """Counts of the engine since the last call."""
        return self.engine.metrics()


def configured_teachers(section: TeacherConfig, templates: Templates) -> list[Any]:
    """The teachers of a section in order: a `ModelTeacher` for endpoints, a `ProgramTeacher` for programs,
    the name of a local model as it is. Raises ConfigError or TeacherError for a program that cannot be loaded.
    """
    first = [_remote(section, section.urls, templates)] if section.urls else [section.model] if section.model else []
    teachers = first + [_fallback(section, fallback, templates) for fallback in section.fallbacks]
    return [
        with_program(teacher, "teacher.fallbacks" if number else "teacher.model")
        for number, teacher in enumerate(teachers)
    ]


def _fallback(section: TeacherConfig, fallback: str | FallbackConfig, templates: Templates) -> Any:
    if isinstance(fallback, FallbackConfig):
        return ModelTeacher(served_engine(fallback.server(), section), templates, section.thinking)
    return _remote(section, (fallback,), templates) if is_url(fallback) else fallback


def served_engine(server: EndpointConfig, section: TeacherConfig) -> EndpointEngine | CachedEngine:
    """Behind the cache of the section, if it has one."""
    engine = EndpointEngine(server)
    return CachedEngine(section.cache, engine, section.offline) if section.cache else engine


def _remote(section: TeacherConfig, urls: tuple[str, ...], templates: Templates) -> ModelTeacher:
    return ModelTeacher(served_engine(section.server(*urls), section), templates, section.thinking)
