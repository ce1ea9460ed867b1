"""Types of the method: inputs, intermediate values and results of a rollout step.

Example of one hard question with groups of two rollouts:

>>> x = Question(id="q1", text="tom has 15 pens, 6 more than bob. how many has bob?", answer="9")
>>> plain = Group(Prompt("plain", x, x.text), [Rollout([7, 2], "15+6=21 \\\\boxed{21}", reward=0.0, answer="21"),
...                                             Rollout([7, 3], "15+7=22 \\\\boxed{22}", reward=0.0, answer="22")])
>>> plain.accuracy, plain.is_trivial, len(plain.wrong)
(0.0, True, 2)
>>> aided = Group(Prompt("bcq", x, "..."), [Rollout([7, 4], "15-6=9 \\\\boxed{9}", reward=1.0, answer="9"),
...                                          Rollout([7, 2], "15+6=21 \\\\boxed{21}", reward=0.0, answer="21")])
>>> aided.accuracy, aided.is_trivial
(0.5, False)
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Literal

Kind = Literal["plain", "replayed", "bcq", "ncq", "hint", "prefix"]
KINDS: tuple[Kind, ...] = ("plain", "replayed", "bcq", "ncq", "hint", "prefix")
AdvantageNorm = Literal["without_zero", "with_zero", "none", "group"]
Thinking = Literal["on", "off", "template"]
THINKING: tuple[Thinking, ...] = ("on", "off", "template")
"""Settings of a chat template's switch for thoughts before the answer: on, off, or its own default."""
Dealing = Literal["groups", "rollouts"]
"""Unit in which the rollouts of a step are divided into minibatches."""

RIGHT = 0.5
"""A scored response is right when its reward is above this, wrong otherwise. Rewards of the method are 0 or 1."""


def same(one: float, other: float) -> bool:
    """True if two rewards, or means of rewards, are equal up to rounding: 0.1 + 0.2 is 0.3."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


def reaches(accuracy: float, tau: float) -> bool:
    """True if a question with this accuracy is easy: at least `tau`, up to rounding."""
    return accuracy >= tau or same(accuracy, tau)


MEDIA_MARK = "\ufffc"
"""Mark of an image or a video in a question's text: Unicode's object replacement character."""


@dataclass(frozen=True)
class Video:
    """A decoded video: its sampled frames (PIL images, RGB, of one size) and their number per second."""

    frames: Sequence[Any]
    fps: float


@dataclass(frozen=True)
class Media:
    """Reference to an image or a video of a question, without its content.

    `name` is unique and used in messages (a path, or file, row and column). `load` decodes it at every call: an image
    to a PIL image in RGB, a video to a `Video`. It raises DataError for media that cannot be decoded.
    """

    kind: Literal["image", "video"]
    name: str
    load: Callable[[], Any] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Question:
    """A dataset item. `fields` holds the dataset's other columns (for reward functions and reports).

    `text` holds one `MEDIA_MARK` for each of `media`, in order. `messages` is the row's prompt if that is a
    conversation. `fields` has the row's answer if that differs from `answer` or is no text. Reward functions get both
    unchanged. `system` is the text of the system turn, "" for none.
    """

    id: str
    text: str
    answer: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    media: tuple[Media, ...] = ()
    messages: tuple[Mapping[str, Any], ...] = ()
    system: str = ""

    @property
    def turns(self) -> tuple[Mapping[str, str], ...]:
        """Turns before every prompt of the question (`Prompt.turns`)."""
        return ({"role": "system", "content": self.system},) if self.system else ()

    @property
    def words(self) -> str:
        """The text without media marks, for prompts without media."""
        return self.text.replace(MEDIA_MARK, "").strip()


@dataclass(frozen=True)
class Prefix:
    """Forced beginning of a response, not sampled: its token ids, and the same as text."""

    token_ids: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Candidate:
    """A response that may be shown in a prompt: its (rewritten) text, its final answer, and its verdict.

    The text is empty if the response has no visible text. `response` is the rollout it was made from.
    """

    text: str
    answer: str | None
    is_right: bool
    response: "Rollout | None" = field(default=None, compare=False)


@dataclass(frozen=True)
class Prompt:
    """The user message `text` to the student, made from `question` as `kind`.

    `plain` and `replayed` prompts have the same wording; they differ in the source of the question. A `prefix` is fed
    after the prompt and is never part of the sampled tokens. `turns` is the conversation before `text`, each turn with
    `role` (system, user or assistant) and `content`. `candidates` are those of a BCQ or NCQ, in order; the text does
    not mark which of them are right.
    """

    kind: Kind
    question: Question
    text: str
    prefix: Prefix | None = None
    turns: tuple[Mapping[str, str], ...] = ()
    candidates: tuple[Candidate, ...] = field(default=(), compare=False, repr=False)

    @property
    def uid(self) -> str:
        """The group id; it differs for plain, BCQ and NCQ groups of one question (method section 2, step 6)."""
        return f"{self.question.id}/{self.kind}"

    @property
    def media(self) -> tuple[Media, ...]:
        """Media of the marks in `text`: all of the question's, or none."""
        return self.question.media if MEDIA_MARK in self.text else ()


@dataclass
class Rollout:
    """One sampled response.

    `token_ids` are the sampled response tokens (end token included); they alone enter the gradient. `text` is their
    decoding, after the prefix if the prompt has one; `opened` is the beginning of the response that the chat template
    wrote (`<think>`), if any. `reward` None means unscored. `answer` is the final answer, if any, as `rewards.extract`
    reads it. `injected` marks an injected response: a teacher's response in a student's group; only `grpo_teacher`
    makes one. A server that returns only text leaves `token_ids` empty and may report the number of tokens. `notes` are
    values that reward functions log with it.
    """

    token_ids: list[int]
    text: str
    finish_reason: Literal["stop", "length"] = "stop"
    logprobs: list[float] | None = None
    reward: float | None = None
    answer: str | None = None
    advantage: float = 0.0
    injected: bool = False
    reported_tokens: int = 0
    opened: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> str:
        """The response with its opening, for scorers: without it, unfinished thoughts would be read as an answer."""
        return self.text if self.text.startswith(self.opened.strip()) else self.opened + self.text

    def as_opened_by(self, opening: str) -> str:
        """The response after a prompt whose chat template writes `opening`, so that thoughts are opened only once."""
        mark = opening.strip()
        return self.whole.removeprefix(opening).removeprefix(mark) if mark else self.whole

    @property
    def tokens(self) -> int:
        """Number of sampled tokens."""
        return len(self.token_ids) or self.reported_tokens

    @property
    def is_right(self) -> bool:
        return self.reward is not None and self.reward > RIGHT

    @property
    def is_wrong(self) -> bool:
        return self.reward is not None and self.reward <= RIGHT


@dataclass
class Group:
    """The rollouts of one prompt under one uid. Unscored rollouts do not count in the group's statistics.

    `prompt_ids` are the token ids the engine fed before every rollout (chat template and prefix included); a server
    that returns only text may report their number.
    """

    prompt: Prompt
    rollouts: list[Rollout]
    prompt_ids: list[int] = field(default_factory=list)
    reported_prompt_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        """Number of prompt tokens before each rollout."""
        return len(self.prompt_ids) or self.reported_prompt_tokens

    @property
    def question(self) -> Question:
        return self.prompt.question

    @property
    def rewards(self) -> list[float]:
        """Rewards of the scored rollouts."""
        return [r.reward for r in self.rollouts if r.reward is not None]

    @property
    def accuracy(self) -> float | None:
        """Mean reward of the scored rollouts; None if there are none."""
        rewards = self.rewards
        return fmean(rewards) if rewards else None

    @property
    def is_trivial(self) -> bool:
        """True if there is no signal: fewer than two scored rollouts, or rewards equal up to rounding."""
        rewards = self.rewards
        return len(rewards) < 2 or same(min(rewards), max(rewards))

    @property
    def right(self) -> list[Rollout]:
        return [r for r in self.rollouts if r.is_right]

    @property
    def wrong(self) -> list[Rollout]:
        return [r for r in self.rollouts if r.is_wrong]

    @property
    def is_all_wrong(self) -> bool:
        """True if there are scored rollouts and none of them is right."""
        return bool(self.wrong) and not any(r.is_right for r in self.rollouts)


@dataclass(frozen=True)
class Sampling:
    """Sampling options of an engine. `max_tokens` in tokens; `top_k` 0 means no limit; `temperature` 0 is greedy.

    `presence_penalty` is subtracted from the logit of every token that the response already has; `repetition_penalty`
    divides positive and multiplies negative logits of these and of the prompt's tokens. Their defaults change nothing,
    nor does `min_p`'s. `thinking` has an effect only if the chat template, or the server's, has a switch for it.
    `logprobs` asks for the log-probability of every token under the distribution it was drawn from; it changes no
    response.
    """

    max_tokens: int = 12288
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0
    thinking: Thinking = "on"
    logprobs: bool = False


Minibatch = list[tuple[Group, Rollout]]
"""Rollouts of one gradient update, each with its group (which holds the prompt)."""


@dataclass
class StepBatch:
    """Result of one rollout step for the trainer: all groups, the minibatches to train on, and the step's metrics.

    `teacher_answers` holds the distinct final answers of the teacher's right responses, by question id; `teacher` all
    of its responses, right and wrong, in one group per question and teacher.
    """

    groups: list[Group]
    minibatches: list[Minibatch]
    metrics: dict[str, float]
    teacher_answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    teacher: Sequence[Group] = ()

    def of_kind(self, *kinds: Kind) -> list[Group]:
        return [g for g in self.groups if g.prompt.kind in kinds]
