"""A list is right when it has the elements of the reference, in any order unless the question has one."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from boxes import graded, question, reward
from hypothesis import given
from hypothesis import strategies as st

from zppo.errors import DataError
from zppo.rewards.equivalence import Equivalence
from zppo.rewards.lists import ListRule, elements

PLAIN = ListRule(Equivalence(command=["no worker is needed"]))


@pytest.fixture(scope="module")
def rule() -> Iterator[ListRule]:
    equivalence = Equivalence()
    yield ListRule(equivalence)
    equivalence.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1, 2", ("1", "2")),
        ("[1, 2]", ("1", "2")),
        (r"\{1, 2\}", ("1", "2")),
        (r"\left(1,\,2\right)", ("1", "2")),
        ('["a, b", 2]', ("a, b", "2")),
        ("1,000; 2,000", ("1,000", "2,000")),
        ("(1, 2), (3, 4)", ("(1, 2)", "(3, 4)")),
        ("2 and 3", ("2", "3")),
        (r"2, 3,\text{ and }4", ("2", "3", "4")),
        ("2, 3,and 4", ("2", "3", "4")),
        (r"x \in \{2, -2\}", ("2", "-2")),
        (r"S = \{2, -2\}", ("2", "-2")),
        (r"\pm 2", ("2", "-2")),
        ("0, ±3", ("0", "3", "-3")),
        (r"x = 1 \pm \sqrt2", (r"x = 1 +\sqrt2", r"x = 1 -\sqrt2")),
        (r"\pm 1 \pm \sqrt2", (r"\pm 1 \pm \sqrt2",)),
        ("android, sandor", ("android", "sandor")),
        ("7", ("7",)),
        ("", ()),
        ("[[[", ("[[[",)),
    ],
)
def test_what_the_elements_are(text: str, expected: tuple[str, ...]) -> None:
    assert elements(text) == expected


def test_order_counts_only_where_the_question_has_one() -> None:
    assert reward(PLAIN, question("1, 2, 3"), "3, 1, 2") == 1.0
    assert reward(PLAIN, question("1, 2, 3", ordered=True), "3, 1, 2") == 0.0
    assert reward(PLAIN, question("1, 2, 3", ordered=True), "[1, 2, 3]") == 1.0


def test_repeated_values_count() -> None:
    assert reward(PLAIN, question("1, 1, 2"), "1, 2, 2") == 0.0
    assert reward(PLAIN, question("1, 1, 2"), "2, 1, 1") == 1.0


def test_elements_are_compared_like_mathematics(rule: ListRule) -> None:
    assert reward(rule, question(r"\frac{\sqrt2}{2}, -1"), r"x = -1, x = \frac{1}{\sqrt{2}}") == 1.0
    assert reward(rule, question("red, green"), "Green and red") == 1.0
    assert reward(rule, question("(1, 2), (3, 4)"), "(3, 4), (2, 1)") == 0.0


def test_both_signs_are_two_elements(rule: ListRule) -> None:
    for box in (r"\pm 2", "±2", r"x = \pm 2", r"x \in \{-2, 2\}"):
        assert reward(rule, question("2, -2"), box) == 1.0
        assert reward(rule, question("2, -3"), box) == reward(rule, question("2"), box) == 0.0
        assert reward(rule, question("2, 2"), box) == reward(rule, question("2, -2, 0"), box) == 0.0
    assert reward(rule, question(r"1+\sqrt2, 1-\sqrt2"), r"1 \pm \sqrt{2}") == 1.0
    assert reward(rule, question(r"1+\sqrt2, 1-\sqrt2"), r"\pm 1 + \sqrt{2}") == 0.0


def test_an_and_inside_an_element_of_the_answer_does_not_separate() -> None:
    asked = question('["salt and pepper", "oil"]')
    for box in ("oil, salt and pepper", "salt and pepper, and oil", '["oil", "salt and pepper"]'):
        assert reward(PLAIN, asked, box) == 1.0
    for box in ("oil, salt, pepper", "oil, salt", "oil, salt and oil", "oil and salt, pepper"):
        assert reward(PLAIN, asked, box) == 0.0
    assert reward(PLAIN, question('["salt", "oil"]'), "oil, salt and pepper") == 0.0


def test_the_reason_names_what_is_missing() -> None:
    assert graded(PLAIN, question("1, 2"), "1").reason == "1 elements in 1, 2 are right"
    assert graded(PLAIN, question("1, 2"), "1, 3").reason == "2 is not in 1, 3"
    assert graded(PLAIN, question("1, 2"), "2, 1").reason == "all of 1, 2 are there"


def test_no_verdict_on_an_element_is_no_verdict_only_if_it_matters() -> None:
    silent = [sys.executable, "-c", "import time; print('{\"ready\": true}', flush=True); time.sleep(60)"]
    rule = ListRule(Equivalence(deadline_s=0.1, command=silent))
    assert reward(rule, question("1, x"), "1, y+1") is None
    assert reward(rule, question("x, 2"), "2, x") == 1.0
    assert reward(rule, question("1, x"), "1") == 0.0


@pytest.mark.parametrize(
    ("answer", "fields", "message"),
    [
        ("[]", {}, "the answer has 0 elements"),
        (", ".join("1" * 101), {}, "the answer has 101 elements; a list has 1 to 100"),
        ("1, 2", {"ordered": "yes"}, "ordered is 'yes'; write true or false"),
    ],
)
def test_a_question_that_cannot_be_graded_is_refused_by_id(answer: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=f"question 'q1': {message}"):
        PLAIN.check(question(answer, **fields))


@given(st.lists(st.integers(-99, 99), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_every_permutation_of_the_answer_is_right(numbers: list[int], rng: Any) -> None:
    shuffled = rng.sample(numbers, len(numbers))
    asked, given_ = ", ".join(map(str, numbers)), ", ".join(map(str, shuffled))
    assert reward(PLAIN, question(asked), given_) == 1.0
    assert reward(PLAIN, question(asked, ordered=True), given_) == float(numbers == shuffled)
    assert reward(PLAIN, question(asked), f"{given_}, 100") == 0.0
