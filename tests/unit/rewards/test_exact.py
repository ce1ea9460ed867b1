"""An exact answer is the same text, whatever its wrapping."""

import pytest
from boxes import graded, question, reward

from zppo.errors import DataError
from zppo.rewards.exact import compare_exact, read_exact
from zppo.rewards.graded import BoxRule

RULE = BoxRule(read_exact, compare_exact)


@pytest.mark.parametrize("box", ["New York", " New  York.", r"\text{New York}", r"\text{New}~\text{York}", "Ｎew York"])
def test_wrapping_spacing_and_unicode_forms_do_not_count(box: str) -> None:
    assert reward(RULE, question("New York"), box) == 1.0


@pytest.mark.parametrize("box", ["new york", "NewYork", "York New", "New York City", ""])
def test_everything_else_does(box: str) -> None:
    assert reward(RULE, question("New York"), box) == 0.0


def test_the_reason_shows_both_texts() -> None:
    assert graded(RULE, question("aB"), "Ab").reason == "Ab is not the text aB"


def test_an_answer_without_text_is_refused() -> None:
    with pytest.raises(DataError, match="question 'q1': the answer is empty"):
        RULE.check(question(r"\text{ }"))
