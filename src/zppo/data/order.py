"""The order in which questions are new: **questions** -> batches -> rollout steps.

What can be read decides how far a batch reaches in the order, so that a place in it is saved and not computed.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from zppo.data.dropped import Dropped
from zppo.errors import DataError
from zppo.types import Question

Readable = Callable[[Sequence[Question]], tuple[list[Question], list[Dropped]]]
"""Which of some questions can be asked now, and why the others cannot."""


class Position(NamedTuple):
    """So many questions of the order of this epoch (from 0) are behind."""

    epoch: int
    taken: int


START = Position(0, 0)


@dataclass(frozen=True)
class Batch:
    """The new questions of a rollout step, what was dropped on the way to them, and where the next batch begins."""

    questions: list[Question]
    dropped: list[Dropped] = field(default_factory=list)
    end: Position = START


def epochs(
    questions: Sequence[Question], per_step: int, seed: int, readable: Readable, start: Position = START
) -> Iterator[Batch]:
    """`per_step` new questions a step, without end: every epoch a fresh order, each question at most once in it.

    A question that cannot be read gives its place to the next one in the order. What is left of an epoch's order when
    it is not enough for a step sits that epoch out. Begun at the `end` of a batch, the batches after it are the same.

    Raises DataError when an epoch has not one whole batch.
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
    """The next questions that can be read, and where they end; None when the order has too few. Notes the others."""
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
