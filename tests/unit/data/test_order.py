"""New questions come in a fresh order every epoch; what cannot be read gives its place to the next."""

from collections.abc import Iterable, Sequence
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zppo.data.dropped import Dropped
from zppo.data.order import START, Batch, Position, epochs
from zppo.errors import DataError
from zppo.types import Question


class Reader:
    """Finds the questions of these ids unreadable."""

    def __init__(self, bad: Iterable[str] = ()) -> None:
        self.bad = set(bad)

    def __call__(self, questions: Sequence[Question]) -> tuple[list[Question], list[Dropped]]:
        dropped = [Dropped("data", 1, q.id, "unreadable media", "gone") for q in questions if q.id in self.bad]
        return [q for q in questions if q.id not in self.bad], dropped


def questions_of(size: int) -> list[Question]:
    return [Question(str(i), "?", "1") for i in range(size)]


def batches(
    count: int, per_step: int, seed: int = 0, size: int = 10, bad: Iterable[str] = (), start: Position = START
) -> list[Batch]:
    return list(islice(epochs(questions_of(size), per_step, seed, Reader(bad), start), count))


def ids(batches: Iterable[Batch]) -> list[list[str]]:
    return [[q.id for q in batch.questions] for batch in batches]


def steps(count: int, per_step: int, seed: int = 0, size: int = 10) -> list[list[str]]:
    return ids(batches(count, per_step, seed, size))


@pytest.mark.parametrize(("size", "per_step"), [(10, 3), (12, 3), (5, 5), (7, 4)])
def test_no_question_comes_twice_within_an_epoch(size: int, per_step: int) -> None:
    of_epoch = size // per_step
    drawn = steps(4 * of_epoch, per_step, size=size)
    for start in range(0, len(drawn), of_epoch):
        ids = [i for step in drawn[start : start + of_epoch] for i in step]
        assert len(ids) == len(set(ids)) == of_epoch * per_step


def test_an_epoch_that_divides_evenly_asks_every_question_once() -> None:
    drawn = steps(8, 3, size=12)
    for epoch in (drawn[:4], drawn[4:]):
        assert sorted(int(i) for step in epoch for i in step) == list(range(12))
    assert drawn[:4] != drawn[4:]


def test_the_questions_left_over_differ_from_epoch_to_epoch() -> None:
    asked = [{i for step in steps(k + 3, 3)[k:] for i in step} for k in range(0, 60, 3)]
    assert set.union(*asked) == {str(i) for i in range(10)}
    assert all(len(ids) == 9 for ids in asked)


def test_the_order_is_known_before_any_question_is_made() -> None:
    class Counting(Sequence[Question]):
        made = 0

        def __len__(self) -> int:
            return 1000

        def __getitem__(self, index: int) -> Question:  # type: ignore[override]
            self.made += 1
            return Question(str(index), "?", "1")

    lazy = Counting()
    next(epochs(lazy, 3, 0, Reader()))
    assert lazy.made == 3


BAD = st.sets(st.sampled_from([str(i) for i in range(12)]), max_size=8)


@given(BAD, st.integers(1, 4), st.integers(0, 5), st.integers(0, 11))
def test_it_can_be_taken_up_after_any_batch(bad: set[str], per_step: int, seed: int, done: int) -> None:
    straight = batches(12, per_step, seed, 12, bad)
    start = straight[done - 1].end if done else START
    assert batches(12 - done, per_step, seed, 12, bad, start) == straight[done:]


@given(BAD, st.integers(1, 4), st.integers(0, 5))
def test_what_cannot_be_read_is_replaced_by_the_next_of_the_order(bad: set[str], per_step: int, seed: int) -> None:
    whole = [i for [i] in ids(batches(24, 1, seed, 12))]
    good_of_epoch = [[i for i in whole[start : start + 12] if i not in bad] for start in (0, 12)]
    expected = [
        epoch[start : start + per_step]
        for epoch in good_of_epoch
        for start in range(0, len(epoch) - per_step + 1, per_step)
    ]
    drawn = batches(len(expected), per_step, seed, 12, bad)
    assert ids(drawn) == expected
    for batch, ids_of_batch in zip(drawn, expected, strict=True):
        assert {each.id for each in batch.dropped} <= bad.difference(ids_of_batch)


def test_what_was_passed_over_is_told_with_the_batch_it_was_to_be_in() -> None:
    [first] = ids(batches(1, 4))
    [batch] = batches(1, 4, bad=first[1:3])
    assert [each.id for each in batch.dropped] == first[1:3]


def test_the_seed_decides() -> None:
    assert steps(9, 3, seed=5) == steps(9, 3, seed=5) != steps(9, 3, seed=6)


def test_data_of_which_no_batch_can_be_read_is_refused() -> None:
    with pytest.raises(DataError, match=r"of 4 questions not even 3 can be read, for data, row 1: gone"):
        batches(1, 3, size=4, bad={"0", "1"})
    with pytest.raises(DataError, match="of 2 questions not even 3 can be read"):
        batches(1, 3, size=2)
