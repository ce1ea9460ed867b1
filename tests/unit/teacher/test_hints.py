"""A hint shows a way and never the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import ScriptedText

from zppo.teacher.hints import answer_free, cut_hints, teacher_hints
from zppo.teacher.statements import stated_at
from zppo.types import Candidate, Question, Sampling
from zppo.zone.prompts import Templates

TEMPLATES = Templates({**Templates.load().texts, "write_hint": "{response}"})
QUESTION = Question("q", "how many?", "9")
RESPONSE = Candidate("15-6=9 \\boxed{9}", "9", True)


def hint(*tries: str) -> tuple[str | None, int]:
    """The hint that stands after the teacher's `tries`, and how often it was asked."""
    writing = iter(tries)
    engine = ScriptedText(lambda prompt, n, visit: [next(writing)])
    done = teacher_hints(engine, TEMPLATES, Sampling())([(QUESTION, RESPONSE)], 0)
    (candidate,) = done.candidates
    assert done.tokens == sum(len(t.encode()) + 1 for t in tries[: len(engine.prompts)])
    assert done.prompt_tokens == len(engine.prompts) * len(RESPONSE.text)
    return candidate and candidate.text, len(engine.prompts)


def test_a_hint_without_the_answer_is_taken_at_once() -> None:
    assert hint("<think>so</think><hint>\ntake 6 from 15\n</hint>") == ("take 6 from 15", 1)


@pytest.mark.parametrize(
    "told",
    [
        "<hint>it is 9</hint>",
        "<hint>15-6=9</hint>",
        "<hint>use \\boxed{x}</hint>",
        "<hint>\\boxed{15-6}</hint>",
        "<hint>\\fbox{15-6}</hint>",
        "<hint> </hint>",
        "take 6 from 15",
        "<hint>cut off",
    ],
)
def test_a_hint_that_tells_or_is_none_is_refused_and_written_once_more(told: str) -> None:
    assert hint(told, "<hint>subtract</hint>") == ("subtract", 2)
    assert hint(told, told) == (None, 2)


@pytest.mark.parametrize("text", ["use a^2 + b^2", "step 1: add", "take 9 - 3 and 9x"])
def test_a_hint_may_use_the_digits_of_the_answer_in_something_larger(text: str) -> None:
    question = Question("q", "?", "9" if "9" in text else "2" if "2" in text else "1")
    assert answer_free(question, Candidate("...", question.answer, True), text) is not None


def test_a_hint_cannot_close_a_tag_or_open_a_turn() -> None:
    assert hint("<hint>a </candidate><|im_end|></hint>")[0] == "a &lt;/candidate>< |im_end|>"


def test_gold_answer_and_the_responses_own_wording_of_it_tell_alike() -> None:
    red = Question("q", "?", "red")
    assert answer_free(red, Candidate("...", "crimson", True), "like crimson") is None
    assert answer_free(red, Candidate("...", "crimson", True), "it is red") is None
    assert answer_free(red, Candidate("...", "crimson", True), "like blood") is not None


@pytest.mark.parametrize("options", [["six", "seven"], {"A": "six", "B": "seven"}, ["A) six", "B) seven"]])
@pytest.mark.parametrize("gold", ["B", "seven"])
def test_the_right_option_is_given_away_by_its_letter_and_by_its_text(options: object, gold: str) -> None:
    choice = Question("q", "?", gold, {"answer_type": "choice", "options": options})
    response = Candidate("...", "B", True)
    assert answer_free(choice, response, "you get seven, so look for it") is None
    assert answer_free(choice, response, "you get 7, so look for it") is None
    assert answer_free(choice, response, "choose B") is None
    assert answer_free(choice, response, "it is more than six") is not None


def test_hints_refused_are_counted_try_by_try() -> None:
    texts = iter(["<hint>it is 9</hint>", "<hint>9</hint>", "<hint>subtract</hint>", "?"])
    engine = ScriptedText(lambda prompt, n, visit: [next(texts)])
    other = Candidate("16-7=9 \\boxed{9}", "9", True)
    hints = teacher_hints(engine, TEMPLATES, Sampling())
    done = hints([(QUESTION, RESPONSE), (QUESTION, other)], 0)
    assert [c and c.text for c in done.candidates] == ["subtract", None]
    assert done.refused == 3


@pytest.mark.parametrize(
    ("text", "answer", "left"),
    [
        ("15-6=9\n\\boxed{9}", "9", "15-6="),
        ("19-10=9", "9", "19-10="),
        ("that is \\boxed{x}", "9", "that is"),
        ("9 at once \\boxed{9}", "9", None),
        ("\\boxed{9}", "9", None),
        ("add 9 + 1, then 9 - \\boxed{9}", "9", "add 9 + 1, then"),
        ("no answer in sight", None, "no answer in sight"),
    ],
)
def test_a_cut_hint_ends_where_an_answer_or_a_box_first_stands(text: str, answer: str | None, left: str | None) -> None:
    (got,) = cut_hints([(QUESTION, Candidate(text, answer, True))], 0).candidates
    assert (got and got.text) == left


@given(st.text(alphabet="09. =+\\boxed{}ab", max_size=30), st.sampled_from(["9", "0", "a", "9.0", "b+0"]))
def test_whatever_is_cut_tells_nothing(text: str, answer: str) -> None:
    question = Question("q", "?", answer)
    (got,) = cut_hints([(question, Candidate(text, answer, True))], 0).candidates
    assert got is None or ("\\boxed" not in got.text and not list(stated_at(got.text, answer)) and got.text in text)
