"""Two protocols of engines, and what a rollout step asks of teachers, rewriters and scorers.

A `PolicyEngine` is the student: tokens in, tokens out. A `TextEngine` is what a teacher, a judge or a rewriter asks:
prompts in, texts out. Neither knows a chat template: `models/renderer.py` makes token ids of prompts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from zppo.errors import EngineError
from zppo.types import Candidate, Group, Prompt, Question, Rollout, Sampling, Thinking
from zppo.zone.streams import request_seed

REQUIRED, EXPECTED, SPECULATIVE = range(3)
"""Ranks: a step waits for it; the next step will probably ask for it; it may turn out not to be needed."""


@dataclass(eq=False)
class Priority:
    """Priority of a request. It may change while the request waits for its turn."""

    rank: int = REQUIRED


@dataclass(frozen=True)
class TokenRequest:
    """`n` responses to `prompt_ids`, which are exactly what is fed: chat template, placeholders of media and prefix.

    `prompt` names question and media, and the prefix that `prompt_ids` ends in.
    """

    prompt: Prompt
    prompt_ids: tuple[int, ...]
    n: int
    seed: int

    @property
    def begun(self) -> tuple[int, ...]:
        """The prefix, which begins the response."""
        return self.prompt.prefix.token_ids if self.prompt.prefix else ()

    @property
    def rendered(self) -> tuple[int, ...]:
        """The prompt without the prefix."""
        return self.prompt_ids[: len(self.prompt_ids) - len(self.begun)]

    def seed_of(self, index: int) -> int:
        """Seed of response `index`, 31 bits: it depends on the request alone, not on its batch."""
        return request_seed(self.seed, self.prompt.uid, self.prompt.text, index)


class PolicyEngine(Protocol):
    """Samples from the policy that is trained."""

    @property
    def policy_version(self) -> int:
        """Version of the weights that are sampled from; the loaded ones are version 0."""
        ...

    def generate(self, requests: Sequence[TokenRequest], decoding: Sampling) -> Iterator[tuple[int, list[Rollout]]]:
        """Yield the place of each request and its `n` unscored rollouts, as they are finished.

        Equal requests give equal rollouts, whatever else is asked; `decoding.seed` is not read. A response ends with
        the first end token, which is its last id, or is cut at `decoding.max_tokens` (`finish_reason`). With
        `decoding.logprobs`, rollouts have the log-probability of each token under the distribution it was drawn from.
        No state of a model or of torch is changed while the caller has its turn. Closing the iterator drops the rest.
        Raises DataError for media that cannot be read and EngineError for what cannot be asked.
        """
        ...

    def update_weights(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        """Sample from `weights` (names and tensors) from now on; they are known as `version`."""
        ...

    def close(self) -> None:
        """Release what the engine holds."""
        ...


class Rendering(Protocol):
    """Renderer of a rollout step: prompts and responses as token ids, and back (`models/renderer.py`)."""

    def read(self, prompt: Prompt, thinking: Thinking = "on") -> list[int]:
        """Token ids of the prompt up to the response; its prefix is not in them. Raises DataError naming the question.

        The text of a prompt is read as text: what looks like a control token in it becomes none (`zone/spelling.py`).
        """
        ...

    def opening(self, prompt_ids: Sequence[int]) -> str:
        """Beginning of every response that the chat template writes itself, at the end of `prompt_ids`."""
        ...

    def encode(self, response: str, end: bool = False) -> list[int]:
        """Token ids of a response that somebody else wrote, special tokens in it read as plain text; with its end."""
        ...

    def decode(self, token_ids: Sequence[int]) -> str:
        """Text of (a part of) a response."""
        ...


def token_request(renderer: Rendering, prompt: Prompt, n: int, sampling: Sampling) -> TokenRequest:
    """The request for `n` responses to `prompt`, with the seed of `sampling`. Raises DataError naming the question."""
    begun = prompt.prefix.token_ids if prompt.prefix else ()
    return TokenRequest(prompt, (*renderer.read(prompt, sampling.thinking), *begun), n, sampling.seed)


def sample(
    engine: PolicyEngine, renderer: Rendering, requests: Sequence[TokenRequest], decoding: Sampling
) -> Iterator[tuple[int, Group]]:
    """Yield the place of each request and its group, as they are finished."""
    for place, rollouts in engine.generate(requests, decoding):
        request = requests[place]
        opening = renderer.opening(request.rendered)
        for rollout in rollouts:
            rollout.opened = opening
        yield place, Group(request.prompt, rollouts, list(request.prompt_ids))


class TextEngine(Protocol):
    """Answers prompts with texts: a server, a model in this process, or a cache around a server.

    `parameters` is the size of the model, None where it is not known. One that `works_ahead` begins when it is asked;
    another one when the first result is waited for (`engines/deferred.py`).
    """

    @property
    def parameters(self) -> int | None: ...

    @property
    def works_ahead(self) -> bool: ...

    def check(self) -> None:
        """Raise EngineError, or TeacherError, unless the engine can be asked."""
        ...

    def submit(self, prompt: Prompt, n: int, sampling: Sampling, priority: Priority | None = None) -> "Future[Group]":
        """The group of `prompt` when it is there, with at most `n` unscored rollouts. Returns at once.

        A response that never came is missing from the group. Requests are answered in the order of their `priority`;
        without one they are urgent. Cancelling the future drops the request. Raises, at once or in the future,
        DataError for media that cannot be read and EngineError for what cannot be asked, such as log-probabilities.
        """
        ...

    def fits(self, prompt: Prompt, sampling: Sampling) -> bool:
        """False if the longest response would end beyond the context window. That of a server is not known."""
        ...

    def metrics(self) -> dict[str, float]:
        """Counts since the last call."""
        ...

    def close(self) -> None:
        """Drop what is under way and release what the engine holds."""
        ...


def refuse_logprobs(sampling: Sampling) -> None:
    """Raise EngineError if log-probabilities are asked of an engine that gives texts."""
    if sampling.logprobs:
        raise EngineError("a text engine gives no log-probabilities; ask a policy engine, or leave logprobs out")


def ignore(groups: list[Group]) -> None:
    """For those who wait for all groups."""


def ask_all(
    engine: TextEngine,
    prompts: Sequence[Prompt],
    n: int,
    sampling: Sampling,
    done: Callable[[list[Group]], None] = ignore,
) -> list[Group]:
    """One group per prompt, in order. Raises as `TextEngine.submit` and its futures do, and then drops the rest.

    `done` is called with each group, as they come if the engine works ahead.
    """
    futures = [engine.submit(prompt, n, sampling) for prompt in prompts]
    try:
        for future in as_completed(futures) if engine.works_ahead else futures:
            done([future.result()])
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()  # no effect on those that are done


class Teacher(Protocol):
    """A frozen model, or a program, that answers questions; its words only ever stand inside prompts.

    `parameters` and `works_ahead` as for a `TextEngine`.
    """

    @property
    def parameters(self) -> int | None: ...

    @property
    def works_ahead(self) -> bool: ...

    def check(self) -> None:
        """Raise TeacherError unless the teacher can be asked."""

    def submit(
        self, question: Question, n: int, sampling: Sampling, priority: Priority | None = None
    ) -> "Future[Group]":
        """The group of at most `n` unscored responses to `question`, when it is there. Returns at once.

        A group holds fewer rollouts where the teacher could not be reached: an outage is no wrong answer. Requests wait
        for their turn in the order of their `priority`, which may change. Raises DataError, at once or in the future,
        for media that cannot be read.
        """
        ...

    def metrics(self) -> dict[str, float]:
        """Counts since the last call."""
        ...


@dataclass(frozen=True)
class Rewritten:
    """Candidates after rewriting, aligned with the input; None where no acceptable text was written."""

    candidates: list[Candidate | None]
    tokens: int = 0
    """Tokens the teacher sampled for it."""
    prompt_tokens: int = 0
    """Tokens the teacher read for it."""
    refused: int = 0
    """Texts, tries included, that were not accepted."""
    unreachable: int = 0
    """Texts that were not written because the teacher could not be reached."""


class Rewriter(Protocol):
    """Gives candidates the text that a prompt will show: compressed, or turned into a hint."""

    def __call__(self, candidates: Sequence[tuple[Question, Candidate]], seed: int) -> Rewritten: ...


class Scorer(Protocol):
    """Scores `responses[i]` as an answer to `questions[i]`: 1.0 right, 0.0 wrong, None unscored, never a zero."""

    def __call__(self, questions: Sequence[Question], responses: Sequence[str]) -> list[float | None]: ...


@runtime_checkable
class RolloutScorer(Scorer, Protocol):
    """A verdict that is shown rollouts, not only their texts."""

    def score(self, questions: Sequence[Question], rollouts: Sequence[Rollout]) -> list[float | None]:
        """Rewards as of a call with the texts; notes for the log are put into `notes`."""
        ...


def rewards_of(verdict: Scorer, questions: Sequence[Question], rollouts: Sequence[Rollout]) -> list[float | None]:
    """Rewards of the rollouts, one for each question."""
    if isinstance(verdict, RolloutScorer):
        return verdict.score(questions, rollouts)
    return verdict(questions, [rollout.whole for rollout in rollouts])
