"""A choice is named by its letter, by its text, or by both when they agree."""

import string
from functools import partial
from typing import Any

import pytest
from boxes import graded, question, reward
from hypothesis import given
from hypothesis import strategies as st

from zppo.errors import DataError
from zppo.rewards.choice import compare_choice, read_choice
from zppo.rewards.graded import AnswerRule

RULE = AnswerRule(read_choice, partial(compare_choice, lambda gold, answer: (gold, answer) == ("1/2", "0.50")))
OPTIONS = ["six", "seven", "1/2", "none of these"]


@pytest.mark.parametrize(
    "box",
    [
        *("B", "b", "(B)", "[B]", "B.", "B)", r"\text{B}", r"\textbf{(B)}", "$B$", "Option B", "answer: B"),
        *("B) seven", "B. seven", "(B) seven", "B: Seven", r"\text{B) seven}", "B) a number"),
        *("seven", "Seven.", r"\text{ seven }", "B (seven)", "B (a number)"),
        *("{B}", "**B**", "**(B)**", '"B"', "“B”", "`B`", "**B) seven**", "'seven'", "{seven}"),
        *(r"\underline{B}", r"\textsf{B}", r"\textbf{\underline{(B)}}"),
        *("The answer is B", "The correct answer is (B).", "the answer is option B: seven", "Final answer: B"),
    ],
)
def test_letter_text_and_both_choose_the_option(box: str) -> None:
    for answer in ("B", "(B)", "seven"):
        assert reward(RULE, question(answer, options=OPTIONS), box) == 1.0
    assert reward(RULE, question("A", options=OPTIONS), box) == 0.0


@pytest.mark.parametrize(
    "box",
    [
        *("", "E", "eight", "A, B", "A or B", "B) six", "B (six)", "B (A)", "seventeen", "the letter B is nice"),
        *("The answer is not B", "wrong answer: B", "The answer is B or C", "B answer", "answer is a number"),
        *("**A** or **B**", '"A" or "B"', "{A}{B}", "**A**, **B**", '"B', "B seven"),
    ],
)
def test_what_names_no_single_option_is_wrong(box: str) -> None:
    assert reward(RULE, question("B", options=OPTIONS), box) == 0.0


@pytest.mark.parametrize(
    "box",
    [
        *("A, B, C, D", "A, B", "(A),(B)", "A-D", "A = B", "A (B)", "a, b", "A, b", "A: not B"),
        *("A) six or B) seven", "A) six or seven", "A) six, b) seven", "A: six; seven", "A) Seven or so"),
    ],
)
def test_an_answer_that_hedges_is_wrong_whichever_option_is_right(box: str) -> None:
    for gold in "ABCD":
        assert reward(RULE, question(gold, options=OPTIONS), box) == 0.0


def test_another_option_inside_a_longer_word_or_text_is_not_mentioned() -> None:
    options = ["carbon", "carbon dioxide", "vitamin C", "a type A gas"]
    for gold, box in (
        ("B", "B) carbon dioxide gas"),
        ("C", "C) vitamin C, mostly"),
        ("A", "A) hydrocarbon"),
        ("D", "D) A type A gas"),
    ):
        assert reward(RULE, question(gold, options=options), box) == 1.0
    assert reward(RULE, question("A", options=options), "A) carbon dioxide gas") == 0.0


def test_an_option_in_another_notation_may_hold_what_others_are() -> None:
    same = {(r"\frac{1}{2}", r"\dfrac{1}{2}"): True, ("(1, 2)", "(1,2)"): True, ("(1, 2)", "(2,1)"): None}
    rule = AnswerRule(read_choice, partial(compare_choice, lambda gold, answer: same.get((gold, answer), False)))
    options = [r"\frac{1}{2}", "(1, 2)", "1", "2"]
    assert reward(rule, question("A", options=options), r"A) \dfrac{1}{2}") == 1.0
    assert reward(rule, question("B", options=options), "B) (1,2)") == 1.0
    assert reward(rule, question("B", options=options), "B) (2,1)") is None
    for box in ("A) 2", "A) 1, 2", "A) 1,2", "B) 1 or 2", "C) (1,2)"):
        assert [reward(rule, question(gold, options=options), box) for gold in "ABCD"] == [0.0] * 4


def test_options_without_texts_are_named_by_letter() -> None:
    asked = question("A", options={"A": "", "B": "", "C": ""})
    assert reward(RULE, asked, "(A)") == 1.0
    assert reward(RULE, asked, "A, B, C") == reward(RULE, asked, "A) or B)") == 0.0


def test_an_option_may_be_given_in_another_notation() -> None:
    assert reward(RULE, question("C", options=OPTIONS), "0.50") == 1.0


def test_no_verdict_on_an_option_is_no_verdict_on_the_answer() -> None:
    rule = AnswerRule(read_choice, partial(compare_choice, lambda gold, answer: None))
    assert reward(rule, question("C", options=OPTIONS), "0.50") is None
    assert reward(rule, question("C", options=OPTIONS), "C") == 1.0


def test_the_reason_names_both_options() -> None:
    asked = question("A", options=OPTIONS)
    assert graded(RULE, asked, "B").reason == "option B (seven) was chosen, A is right"
    assert graded(RULE, asked, "A").reason == "option A (six) was chosen"


@pytest.mark.parametrize(
    "options",
    [
        {"A": "six", "B": "seven"},
        {"a": "six", "b": "seven", "C": None},
        ["A) six", "B) seven"],
        ["(A) six", "(B) seven"],
    ],
)
def test_options_may_be_lettered(options: Any) -> None:
    for box in ("B", "seven"):
        assert reward(RULE, question("B", options=options), box) == 1.0


@pytest.mark.parametrize(
    ("answer", "options", "message"),
    [
        ("B", None, "a choice needs a column `options`"),
        ("B", "six, seven", "a choice needs a column `options`"),
        ("B", ["six"], "a choice needs a column `options`"),
        ("B", {"first": "six", "second": "seven"}, "a choice needs a column `options`"),
        ("2", OPTIONS, "neither one of the letters A, B, C, D nor an option's text"),
        ("six", ["six", "six", "seven"], "options A and B are both 'six'; give the letter"),
    ],
)
def test_a_question_that_cannot_be_graded_is_refused_by_id(answer: str, options: Any, message: str) -> None:
    with pytest.raises(DataError, match=f"question 'q1': .*{message}"):
        RULE.check(question(answer, options=options))


@given(
    st.lists(
        st.text("mnopqr ", min_size=3).map(str.strip).filter(lambda t: len(t) > 2), min_size=2, max_size=26, unique=True
    ),
    st.data(),
)
def test_letter_and_text_of_an_option_are_the_same_choice(texts: list[str], data: st.DataObject) -> None:
    texts = list(dict.fromkeys(" ".join(text.split()) for text in texts))
    gold, chosen = (data.draw(st.integers(0, len(texts) - 1)) for _ in range(2))
    if len(texts) < 2:
        return
    asked = question(string.ascii_uppercase[gold], options=texts)
    by_letter = reward(RULE, asked, string.ascii_uppercase[chosen])
    assert by_letter == reward(RULE, asked, texts[chosen]) == float(gold == chosen)


@given(
    st.lists(st.sampled_from("ABCD"), min_size=2, max_size=4, unique=True),
    st.sampled_from([", ", ",", " or ", ") ", " = ", "-", " (", ": "]),
)
def test_several_letters_are_no_choice(letters: list[str], joint: str) -> None:
    box = joint.join(letters)
    for gold in "ABCD":
        assert reward(RULE, question(gold, options=OPTIONS), box) == 0.0
        assert reward(RULE, question(gold, options=OPTIONS), box.lower()) == 0.0
