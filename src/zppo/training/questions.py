"""The questions of a run: datasets -> **training and held-out questions** -> rollout steps and evaluations."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from zppo.config import RunOptions
from zppo.data.dropped import Dropped
from zppo.data.filters import media_readable, within
from zppo.data.media import shape_of
from zppo.data.questions import Filter, Questions
from zppo.data.reader import read_questions
from zppo.errors import ConfigError, DataError, TeacherError
from zppo.models.loading import load_processing, window_of
from zppo.models.renderer import Renderer
from zppo.training.checks import is_model
from zppo.types import Media, Prompt, Question


@dataclass(frozen=True)
class Reader:
    """A model that is asked plain prompts beside the student: its option, and its context window in tokens."""

    option: str
    renderer: Renderer
    window: float


def teacher_readers(options: RunOptions, teachers: Sequence[Any]) -> list[Reader]:
    """The teachers that are loaded in this process and read the same prompts as the student."""
    method = options.parsed_method
    if not method.needs:
        return []
    template = options.teacher.chat_template
    return [
        Reader(option, Renderer(load_processing(option, teacher, template)), window_of(option, teacher))
        for option, teacher in zip(chain(["teacher.model"], repeat("teacher.fallbacks")), teachers, strict=False)
        if is_model(teacher)
    ]


def training_questions(
    dataset: Any,
    options: RunOptions,
    renderer: Renderer,
    sees: Filter,
    answered: bool = True,
    window: float = math.inf,
    readers: Sequence[Reader] = (),
) -> tuple[Questions, list[Dropped]]:
    """The questions that can be trained on, and what was dropped. None means the source at `data.train`.

    `renderer` is the student's, `window` its context window in tokens; `readers` are the teachers in this process that
    are asked the same; `sees` refuses a run that cannot be shown a question; `answered`: what scores them needs their
    answers. Raises DataError if too few are left, and ConfigError or TeacherError if the longest of them leaves no room
    for a response in a window.
    """
    if dataset is None and not options.data.train:
        raise DataError("there is no training data; pass train_dataset=... or set data.train")
    length = _Longest(prompt_length(options, renderer), options.prompts.max_tokens)
    shown = within(options.prompts.max_tokens, length)
    filters = (sees, media_readable(options.data.check_media), shown)
    source = options.data.train if dataset is None else dataset
    questions, dropped = read_questions(source, options.data, filters, "train", answered)
    if len(questions) < options.zone.new_questions:
        raise DataError(_too_few(options, len(questions), dropped))
    response = "sampling.max_tokens", options.sampling.max_tokens
    _check_window("student.model", window, length, response, "prompts.max_tokens")
    for reader in readers:
        if length.question is not None:
            theirs = _Longest(prompt_length(options, reader.renderer), math.inf)
            theirs(length.question)
            _check_window(reader.option, reader.window, theirs, response, "prompts.max_tokens")
    return questions, dropped


def held_out_questions(
    dataset: Any, options: RunOptions, renderer: Renderer, sees: Filter, answered: bool = True, window: float = math.inf
) -> tuple[list[Question], list[Dropped]]:
    """The questions of the evaluations, none left out for its length. None means the source at `data.eval`, if any.

    Their media were decoded once and are such as the student's processor takes. Raises ConfigError if the longest of
    them leaves no room for a response in the student's context window.
    """
    if dataset is None and not options.data.eval:
        return [], []
    source = options.data.eval if dataset is None else dataset
    length = _Longest(prompt_length(options, renderer), math.inf)
    filters = (sees, media_readable("decode"), within(math.inf, length))
    questions, dropped = read_questions(source, options.data, filters, "eval", answered)
    response = options.eval.at(0, options.sampling).max_tokens
    _check_window("student.model", window, length, ("eval.max_tokens", response))
    return list(questions), dropped


class _Longest:
    """Counts tokens as `length` does and remembers the longest question that has no more than `limit` of them."""

    def __init__(self, length: Callable[[Question], int], limit: float) -> None:
        self.tokens = 0
        self.question: Question | None = None
        self._length, self._limit = length, limit

    def __call__(self, question: Question) -> int:
        tokens = self._length(question)
        if self.tokens < tokens <= self._limit:
            self.tokens, self.question = tokens, question
        return tokens


def _check_window(model: str, window: float, longest: _Longest, response: tuple[str, int], limit: str = "") -> None:
    """Refuse responses of an option and its value behind the longest prompt; `limit` is an option that leaves it out.

    Raises TeacherError for a teacher, else ConfigError.
    """
    option, tokens = response
    if longest.question is None or longest.tokens + tokens <= window:
        return
    room = window - longest.tokens
    advice = [f"set {option} to {room}"] if room > 0 else []
    advice += [f"{limit} to {window - tokens}, which leaves out what is longer"] if limit and tokens < window else []
    advice += [] if advice else ["take a model with a longer one, or shorten the prompt"]
    raise (TeacherError if model.startswith("teacher") else ConfigError)(
        f"the plain prompt of question {longest.question.id!r} has {longest.tokens} tokens; with responses of "
        f"{option} ({tokens}) it exceeds the context window of {model}, {window} tokens; {', or '.join(advice)}"
    )


def _too_few(options: RunOptions, count: int, dropped: Sequence[Dropped]) -> str:
    """The largest batch that the data allow stands in the message, as options to set."""
    zone = options.zone
    lost = f" ({len(dropped)} rows were dropped, such as {dropped[0]})" if dropped else ""
    said = f"zone.new_questions is {zone.new_questions}, but there are {count} training questions{lost}; "
    if count >= zone.updates:
        return said + f"set zone.new_questions to {count - count % zone.updates} or less (a multiple of zone.updates)"
    return said + f"set zone.new_questions and zone.updates to {count} or less" if count else said + "check data.train"


def prompt_length(options: RunOptions, renderer: Renderer) -> Callable[[Question], int]:
    """Counts the tokens of a question's plain prompt. Raises DataError for media that the processor does not take."""
    templates = options.loaded_templates
    thinking = options.sampling.thinking
    return lambda question: renderer.length(
        Prompt("plain", question, templates.plain(question), turns=question.turns), _size, thinking
    )


def _size(media: Media) -> tuple[int, int]:
    return shape_of(media).size
