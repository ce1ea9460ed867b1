"""Order of new questions: **questions** -> batches -> rollout steps.

The length of a batch in the order depends on the questions that can be read, so a position is saved, not computed.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from zppo.data.dropped import Dropped
from zppo.errors import DataError
from zppo.types import Question

Readable = Callable[[Sequence[Question]], tuple[list[Question], list[Dropped]]]
"""Splits questions into those that can be read now and dropped ones with reasons."""


class Position(NamedTuple):
    """Number of questions taken from the order of an epoch (from 0)."""

    epoch: int
    taken: int


START = Position(0, 0)


@dataclass(frozen=True)
class Batch:
    """New questions of a rollout step, the ones dropped before them, and the start of the next batch."""

    questions: list[Question]
    dropped: list[Dropped] = field(default_factory=list)
    end: Position = START


def epochs(
    questions: Sequence[Question], per_step: int, seed: int, readable: Readable, start: Position = START
) -> Iterator[Batch]:
    """Infinite batches of `per_step` new questions: every epoch has a new order, with each question at most once.

    A question that cannot be read is replaced by the next one in the order. Questions at the end of an epoch's order
    that are too few for a step are skipped. Started at the `end` of a batch, the batches after it are the same.

    Raises DataError when an epoch has no full batch.
    """
    (epoch, taken), dropped = start, list[Dropped]()
    while True:
        order = random.Random(f"{seed}/epoch/{epoch}").sample(range(len(questions)), len(questions))
        begun = taken
        while (batch := _batch(questions, order, taken, per_step, readable, dropped)) is not None:
            good, taken = batch
            yield Batch(good, dropped, Position(epoch, taken))
            dropped = []
        if taken == begun == 0:
            raise DataError(f"of {len(questions)} questions not even {per_step} can be read{_such_as(dropped)}")
        epoch, taken = epoch + 1, 0


def _batch(
    questions: Sequence[Question],
    order: Sequence[int],
    taken: int,
    per_step: int,
    readable: Readable,
    dropped: list[Dropped],
) -> tuple[list[Question], int] | None:
    """The next questions that can be read, and their end; None if there are too few. Appends to `dropped`."""
    good: list[Question] = []
    while len(good) < per_step <= len(good) + len(order) - taken:
        new = order[taken : taken + per_step - len(good)]
        taken += len(new)
        read, unread = readable([questions[i] for i in new])
        good += read
        dropped += unread
    return (good, taken) if len(good) == per_step else None


def _such_as(dropped: Sequence[Dropped]) -> str:
    return f", for {dropped[-1]}" if dropped else ""
