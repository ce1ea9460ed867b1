"""Reward types of the sources as answer types that the grader really accepts."""

import json

import pytest

from zppo.data.corpus.reasons import Excluded
from zppo.data.corpus.scoring import KNOWN, UNSCORED, Scored, from_answer, from_reward_type, options_in
from zppo.rewards.routing import RoutedScorer
from zppo.types import Question

OPTIONS = "Which?\nA. one\nB. two\nC. three"


@pytest.fixture(scope="module")
def verdict() -> RoutedScorer:
    return RoutedScorer()


def scored(kind: str, answer: str, question: str = "What?", tolerance: object = None) -> Scored:
    return from_reward_type(kind, answer, question, tolerance)


@pytest.mark.parametrize(
    ("kind", "answer", "question", "expected"),
    [
        ("string_match", "Cat", "What?", Scored("Cat", "math")),
        ("exact_match", "Cat", "What?", Scored("Cat", "math")),
        ("counting", "3", "What?", Scored("3", "math")),
        ("multiple_choice", "B", OPTIONS, Scored("B", "choice", ("one", "two", "three"))),
        ("multiple_choice", "B", "Which one?", Scored("B", "math")),
        ("numeric", "3.5", "What?", Scored("3.5", "number")),
        ("list_string_match", "['cat']", "What?", Scored("cat", "math")),
        ("list_match", '["cat", "Cat", "tom"]', "What?", Scored('["cat", "tom"]', "any")),
        ("list_string_match", "cat", "What?", Scored("cat", "math")),
        ("list_string_match", "1,200", "What?", Scored("1,200", "math")),
        ("ordering", "[3, 1, 2]", "What?", Scored("[3, 1, 2]", "list", ordered=True)),
        ("number_list", "3 -> 1 -> 2", "What?", Scored("[3, 1, 2]", "list", ordered=True)),
        ("grounding", '[{"bbox_2d": [1, 2, 3, 4], "label": "x"}]', "Where?", Scored("[1, 2, 3, 4]", "box")),
        ("llm_judge", "a long story", "What?", Scored("a long story", "free")),
        (" NUMERIC ", "3", "What?", Scored("3", "number")),
    ],
)
def test_a_reward_type_becomes_an_answer_type(
    verdict: RoutedScorer, kind: str, answer: str, question: str, expected: Scored
) -> None:
    found = scored(kind, answer, question)
    assert found == expected
    assert found.checked(lambda q: verdict.check([q])) == expected


def test_a_tolerance_is_relative_and_absolute_around_zero() -> None:
    assert scored("numeric", "20", tolerance=0.05) == Scored("20", "number", tolerance=0.05)
    assert scored("numeric", "0", tolerance=0.05) == Scored("0", "number", tolerance=0.05, absolute_tolerance=0.05)
    for odd in ("5%", True, -1.0, float("inf")):
        assert scored("numeric", "20", tolerance=odd).tolerance is None


@pytest.mark.parametrize(
    ("kind", "answer", "question"), [("numeric", r"2\sqrt{3}", ""), ("multiple_choice", "D", OPTIONS)]
)
def test_what_the_grader_cannot_read_as_number_or_choice_is_compared_as_mathematics(
    verdict: RoutedScorer, kind: str, answer: str, question: str
) -> None:
    assert scored(kind, answer, question).checked(lambda q: verdict.check([q])) == Scored(answer, "math")


@pytest.mark.parametrize("answer", ['[{"bbox_2d": [1, 2, 3]}]', '[{"bbox_2d": [9, 9, 1, 1]}]'])
def test_a_box_that_the_grader_refuses_is_excluded(verdict: RoutedScorer, answer: str) -> None:
    with pytest.raises(Excluded) as error:
        scored("grounding", answer).checked(lambda q: verdict.check([q]))
    assert error.value.reason == "answer_unscorable"


@pytest.mark.parametrize(
    ("kind", "answer", "reason"),
    [
        ("grounding", '[{"bbox_2d": [1, 2, 3, 4]}, {"bbox_2d": [1, 2, 3, 4]}]', "answer_unscorable"),
        ("grounding", "left of the cat", "answer_unscorable"),
        ("ordering", "first", "answer_unscorable"),
        ("list_match", "[]", "answer_missing"),
        ("None", "3", "reward_type_unknown"),
        *((kind, "3", "reward_type_unscored") for kind in UNSCORED),
    ],
)
def test_what_no_rule_scores_is_excluded(kind: str, answer: str, reason: str) -> None:
    with pytest.raises(Excluded) as error:
        scored(kind, answer)
    assert error.value.reason == reason


def test_every_known_reward_type_is_either_scored_or_excluded() -> None:
    for kind in KNOWN:
        try:
            assert scored(kind, "[1, 2]").answer_type
        except Excluded as error:
            assert error.reason in ("reward_type_unscored", "answer_unscorable")


@pytest.mark.parametrize(
    ("question", "options"),
    [
        (OPTIONS, ("one", "two", "three")),
        ("Which? (A) one (B) two\n(C) three four\nAnswer with a letter.", ("one", "two", "three four")),
        ("Which?\nA) $x^2$\nB) 2 m", ("$x^2$", "2 m")),
        ("Choices:\nA: one\nB: two", ("one", "two")),
        ("A. Smith saw it. What?", ()),
        ("What is in A and B?", ()),
        ("A.\nB.", ()),
        ("", ()),
    ],
)
def test_options_are_read_from_the_question(question: str, options: tuple[str, ...]) -> None:
    assert options_in(question) == options


def test_a_mmfinereason_answer_among_options_is_a_choice(verdict: RoutedScorer) -> None:
    assert from_answer("(B)", OPTIONS).checked(lambda q: verdict.check([q])).answer_type == "choice"
    assert from_answer("two", OPTIONS).checked(lambda q: verdict.check([q])).answer_type == "choice"
    assert from_answer("42", OPTIONS).checked(lambda q: verdict.check([q])) == Scored("42", "math")
    assert from_answer("42", "What?") == Scored("42", "math")


def test_alternatives_are_accepted_one_by_one(verdict: RoutedScorer) -> None:
    found = scored("list_string_match", "['a cat', 'tomcat']")
    question = Question("q", "?", found.answer, {"answer_type": found.answer_type})
    assert json.loads(found.answer) == ["a cat", "tomcat"]
    assert verdict([question] * 2, [r"\boxed{tomcat}", r"\boxed{dog}"]) == [1.0, 0.0]
