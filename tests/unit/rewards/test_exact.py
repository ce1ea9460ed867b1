"""An exact answer is the same text, whatever its wrapping."""

import pytest
from boxes import graded, question, reward

from zppo.errors import DataError
from zppo.rewards.exact import compare_exact, read_exact
from zppo.rewards.graded import AnswerRule

RULE = AnswerRule(read_exact, compare_exact)


@pytest.mark.parametrize(
    "box",
    [
        "New York",
        " New  York.",
        r"\text{New York}",
        r"\text{New}~\text{York}",
        "Ｎew York",
        r"\textbf{\underline{New York}}",
    ],
)
def test_wrapping_spacing_and_unicode_forms_do_not_count(box: str) -> None:
    assert reward(RULE, question("New York"), box) == 1.0


@pytest.mark.parametrize("box", ["new york", "NewYork", "York New", "New York City", ""])
def test_everything_else_does(box: str) -> None:
    assert reward(RULE, question("New York"), box) == 0.0


@pytest.mark.parametrize(
    ("gold", "box"), [("50%", r"50\%"), (r"A\&B", "A&B"), ("a_b", r"a\_b"), ("#1", r"\#1"), ("−5", "-5")]
)
def test_a_character_and_its_escape_are_the_same(gold: str, box: str) -> None:
    assert reward(RULE, question(gold), box) == 1.0
    assert reward(RULE, question(gold), box + "x") == 0.0


@pytest.mark.parametrize(("gold", "box"), [("50%", "50"), ("A&B", "AB"), ("a_b", "ab"), (r"a\\%", "a%"), ("-5", "5")])
def test_a_character_left_out_is_missing(gold: str, box: str) -> None:
    assert reward(RULE, question(gold), box) == 0.0


def test_the_reason_shows_both_texts() -> None:
    assert graded(RULE, question("aB"), "Ab").reason == "Ab is not the text aB"


def test_an_answer_without_text_is_refused() -> None:
    with pytest.raises(DataError, match="question 'q1': the answer is empty"):
        RULE.check(question(r"\text{ }"))
