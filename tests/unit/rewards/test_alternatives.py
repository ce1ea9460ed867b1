"""One of several accepted answers."""

import pytest

from zppo.errors import DataError
from zppo.rewards.routing import RoutedScorer
from zppo.types import Question


@pytest.fixture(scope="module")
def verdict() -> RoutedScorer:
    return RoutedScorer()


def asked(answer: str) -> Question:
    return Question("q", "?", answer, {"answer_type": "any"})


@pytest.mark.parametrize(
    ("box", "reward"),
    [("great tit", 1.0), ("Great Tit", 1.0), (r"\text{Parus major}", 1.0), ("blue tit", 0.0), ("great", 0.0)],
)
def test_any_of_the_accepted_answers_is_right(verdict: RoutedScorer, box: str, reward: float) -> None:
    question = asked('["great tit", "Parus major"]')
    assert verdict([question], [rf"\boxed{{{box}}}"]) == [reward]


def test_accepted_answers_are_compared_as_mathematics(verdict: RoutedScorer) -> None:
    assert verdict([asked("[0.5, 2]")], [r"\boxed{\frac{1}{2}}"]) == [1.0]


def test_all_accepted_answers_together_are_wrong(verdict: RoutedScorer) -> None:
    assert verdict([asked('["cat", "tom cat"]')], [r"\boxed{cat, tom cat}"]) == [0.0]


def test_a_response_without_a_box_is_wrong(verdict: RoutedScorer) -> None:
    graded = verdict.grade([asked('["cat"]')], ["cat"])[0]
    assert (graded.reward, graded.answer) == (0.0, None)


def test_the_reason_names_what_was_accepted(verdict: RoutedScorer) -> None:
    assert verdict.grade([asked('["a", "cat"]')], [r"\boxed{CAT}"])[0].reason == "CAT is accepted as cat"


@pytest.mark.parametrize("answer", ["cat", "[]", '{"a": 1}', '[["cat"]]', '["cat", null]', '["  "]', "[" * 10_000])
def test_what_is_no_list_of_answers_is_refused_before_training(verdict: RoutedScorer, answer: str) -> None:
    with pytest.raises(DataError, match="question 'q'"):
        verdict.check([asked(answer)])


def test_a_question_accepts_no_more_than_200_answers(verdict: RoutedScorer) -> None:
    verdict.check([asked(str(list(range(200))))])
    with pytest.raises(DataError, match="1 to 200"):
        verdict.check([asked(str(list(range(201))))])
