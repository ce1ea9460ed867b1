"""What a rollout step asks of those who do the work. Engines, teachers and graders know `zppo.types` only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from zppo.types import Candidate, Group, Prompt, Question, Sampling


class Engine(Protocol):
    """Samples responses. Tokens in, tokens out: the returned ids are what was fed and what was sampled."""

    @property
    def special_tokens(self) -> Sequence[str]:
        """Texts that the tokenizer reads as one special token (chat roles, media); never let in from outside."""
        ...

    def generate(self, prompts: Sequence[Prompt], n: int, sampling: Sampling) -> list[Group]:
        """One group of `n` unscored rollouts per prompt, in order; equal inputs and seed give equal rollouts."""
        ...


class Teacher(Protocol):
    """A frozen model that answers questions; its words only ever stand inside prompts."""

    def respond(self, questions: Sequence[Question], n: int, sampling: Sampling) -> list[Group]:
        """`n` fresh responses to each question, as unscored groups."""
        ...


@dataclass(frozen=True)
class Compressed:
    """Candidates after compression, aligned with what went in; None where the final answer did not survive."""

    candidates: list[Candidate | None]
    tokens: int = 0
    """Tokens the teacher sampled for it."""


class Compressor(Protocol):
    """Shortens candidates without changing their final answers."""

    def __call__(self, candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Compressed: ...


class Verdict(Protocol):
    """Scores `responses[i]` as an answer to `questions[i]`: 1.0 right, 0.0 wrong, None unscored, never a zero."""

    def __call__(self, questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]: ...
