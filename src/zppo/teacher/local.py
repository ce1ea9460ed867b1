"""A teacher made of any engine: it is asked the plain prompt of a question, like the student."""

from collections.abc import Sequence
from dataclasses import replace

from zppo.engines.base import Generator
from zppo.types import Group, Prompt, Question, Sampling, Thinking
from zppo.zone.prompts import Templates


class LocalTeacher:
    """Fresh responses of a frozen model in this process; `thinking` replaces that of the sampling, if given."""

    def __init__(self, engine: Generator, templates: Templates, thinking: Thinking | None = None) -> None:
        self.engine = engine
        self._templates = templates
        self._thinking = thinking

    @property
    def parameters(self) -> int:
        """How large the model is; 0 if it is not in this process."""
        return getattr(self.engine, "parameters", 0)

    def respond(self, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        prompts = [Prompt("plain", q, self._templates.plain(q), turns=q.turns) for q in questions]
        return self.engine.generate(prompts, n, replace(sampling, thinking=self._thinking or sampling.thinking))
