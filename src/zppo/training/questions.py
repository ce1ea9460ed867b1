"""The questions of a run: datasets -> **training and held-out questions** -> rollout steps and evaluations."""

import math
from collections.abc import Callable
from typing import Any

from zppo.config import RunOptions
from zppo.data.dropped import Dropped
from zppo.data.filters import media_readable, within
from zppo.data.media import shape_of
from zppo.data.questions import Filter, Questions
from zppo.data.reader import read_questions
from zppo.errors import ConfigError, DataError
from zppo.models.renderer import Renderer
from zppo.types import Media, Prompt, Question
from zppo.zone.prompts import Templates


def training_questions(
    dataset: Any,
    options: RunOptions,
    renderer: Renderer,
    sees: Filter,
    answered: bool = True,
    window: float = math.inf,
) -> tuple[Questions, list[Dropped]]:
    """The questions that can be trained on, and what was dropped. None means the source at `data.train`.

    `renderer` is the student's, `window` its context window in tokens; `sees` refuses a run that cannot be shown a
    question; `answered`: what scores them needs their answers. Raises DataError if too few are left, and ConfigError if
    the longest of them leaves no room for a response in the window.
    """
    if dataset is None and not options.data.train:
        raise DataError("there is no training data; pass train_dataset=... or set data.train")
    length = _Longest(_length(options, renderer), options.prompts.max_tokens)
    shown = within(options.prompts.max_tokens, length)
    filters = (sees, media_readable(options.data.check_media), shown)
    source = options.data.train if dataset is None else dataset
    questions, dropped = read_questions(source, options.data, filters, "train", answered)
    if len(questions) < options.zone.new_questions:
        raise DataError(
            f"zone.new_questions is {options.zone.new_questions}, but there are {len(questions)} training questions"
            f"{f' ({len(dropped)} rows were dropped, such as {dropped[0]})' if dropped else ''}"
        )
    _check_window(options, length, window)
    return questions, dropped


def held_out_questions(
    dataset: Any, options: RunOptions, renderer: Renderer, sees: Filter, answered: bool = True
) -> tuple[list[Question], list[Dropped]]:
    """The questions of the evaluations, however long. None means the source at `data.eval`, if any.

    Their media were decoded once and are such as the student's processor takes.
    """
    if dataset is None and not options.data.eval:
        return [], []
    source = options.data.eval if dataset is None else dataset
    filters = (sees, media_readable("decode"), within(math.inf, _length(options, renderer)))
    questions, dropped = read_questions(source, options.data, filters, "eval", answered)
    return list(questions), dropped


class _Longest:
    """Counts tokens as `length` does and remembers the longest question that has no more than `limit` of them."""

    def __init__(self, length: Callable[[Question], int], limit: int) -> None:
        self.tokens, self.question = 0, ""
        self._length, self._limit = length, limit

    def __call__(self, question: Question) -> int:
        tokens = self._length(question)
        if self.tokens < tokens <= self._limit:
            self.tokens, self.question = tokens, question.id
        return tokens


def _check_window(options: RunOptions, longest: _Longest, window: float) -> None:
    response = options.sampling.max_tokens
    if longest.tokens + response <= window:
        return
    shorter = f", or prompts.max_tokens to {window - response}, which leaves out what is longer"
    raise ConfigError(
        f"the plain prompt of question {longest.question!r} has {longest.tokens} tokens; with responses of "
        f"sampling.max_tokens ({response}) it exceeds the context window of student.model, {window} tokens; set "
        f"sampling.max_tokens to {window - longest.tokens}{shorter if response < window else ''}"
    )


def _length(options: RunOptions, renderer: Renderer) -> Callable[[Question], int]:
    """Counts the tokens of a question's plain prompt. Raises DataError for media that the processor does not take."""
    templates = Templates.load(options.prompts.templates)
    thinking = options.sampling.thinking
    return lambda question: renderer.length(Prompt("plain", question, templates.plain(question)), _size, thinking)


def _size(media: Media) -> tuple[int, int]:
    return shape_of(media).size
