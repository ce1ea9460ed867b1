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
from zppo.engines.chat import Chat
from zppo.errors import DataError
from zppo.types import Media, Prompt, Question
from zppo.zone.prompts import Templates


def training_questions(
    dataset: Any, options: RunOptions, chat: Chat, sees: Filter, answered: bool = True
) -> tuple[Questions, list[Dropped]]:
    """The questions that can be trained on, and what was dropped. None means the source at `data.train`.

    `chat` is the student's; `sees` refuses a run that cannot be shown a question; `answered`: what scores them needs
    their answers. Raises DataError if too few are left.
    """
    if dataset is None and not options.data.train:
        raise DataError("there is no training data; pass train_dataset=... or set data.train")
    shown = within(options.prompts.max_tokens, _length(options, chat))
    filters = (sees, media_readable(options.data.check_media), shown)
    source = options.data.train if dataset is None else dataset
    questions, dropped = read_questions(source, options.data, filters, "train", answered)
    if len(questions) < options.zone.new_questions:
        raise DataError(
            f"zone.new_questions is {options.zone.new_questions}, but there are {len(questions)} training questions"
            f"{f' ({len(dropped)} rows were dropped, such as {dropped[0]})' if dropped else ''}"
        )
    return questions, dropped


def held_out_questions(
    dataset: Any, options: RunOptions, chat: Chat, sees: Filter, answered: bool = True
) -> tuple[list[Question], list[Dropped]]:
    """The questions of the evaluations, however long. None means the source at `data.eval`, if any.

    Their media were decoded once and are such as the student's processor takes.
    """
    if dataset is None and not options.data.eval:
        return [], []
    source = options.data.eval if dataset is None else dataset
    filters = (sees, media_readable("decode"), within(math.inf, _length(options, chat)))
    questions, dropped = read_questions(source, options.data, filters, "eval", answered)
    return list(questions), dropped


def _length(options: RunOptions, chat: Chat) -> Callable[[Question], int]:
    """Counts the tokens of a question's plain prompt. Raises DataError for media that the processor does not take."""
    templates = Templates.load(options.prompts.templates)
    thinking = options.sampling.thinking
    return lambda question: chat.length(Prompt("plain", question, templates.plain(question)), _size, thinking)


def _size(media: Media) -> tuple[int, int]:
    return shape_of(media).size
