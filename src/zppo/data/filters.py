"""Filters of questions: too long prompts, and media that cannot be read."""

from collections.abc import Callable, Iterable

from zppo.config.data import Check
from zppo.data.dropped import BadRow, Dropped
from zppo.data.media import Source
from zppo.data.questions import Filter
from zppo.errors import DataError
from zppo.types import Question


def within(limit: float, length: Callable[[Question], int]) -> Filter:
    """Filter that passes questions whose plain prompt has at most `limit` tokens, media included, by `length`.

    A DataError of `length` drops a question too, at any limit.
    """

    def passes(question: Question) -> None:
        tokens = length(question)
        if tokens > limit:
            raise BadRow("long prompt", f"its plain prompt has {tokens} tokens; prompts.max_tokens is {limit}")

    return passes


def media_readable(check: Check) -> Filter:
    """Filter that passes questions whose media can be read, to the extent of `check`."""

    def passes(question: Question) -> None:
        for medium in question.media:
            if check == "decode":
                medium.load()
            elif isinstance(medium.load, Source):
                medium.load.shape()

    return passes


def readable(questions: Iterable[Question]) -> tuple[list[Question], list[Dropped]]:
    """The questions whose media can be decoded now, and the dropped ones with reasons."""
    good, dropped, passes = [], [], media_readable("decode")
    for question in questions:
        try:
            passes(question)
        except DataError as error:
            dropped.append(_unreadable(question, error))
        else:
            good.append(question)
    return good, dropped


def _unreadable(question: Question, error: DataError) -> Dropped:
    places = [medium.load.place for medium in question.media if isinstance(medium.load, Source)]
    place = next((place for place in places if place is not None), None)
    kind = error.kind if isinstance(error, BadRow) else "unreadable media"
    source, row = (None, None) if place is None else (place.source, place.row)
    return Dropped(source, row, question.id, kind, str(error))
