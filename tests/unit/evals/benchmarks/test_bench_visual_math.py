"""MathVerse, MathVision, MathVista and DynaMath."""

from typing import Any

import pytest
from benchrows import PICTURE, item_of, judged, scored

from zppo.errors import DataError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.types import MEDIA_MARK

VERSE, VISION, VISTA = BENCHMARKS["mathverse"], BENCHMARKS["mathvision"], BENCHMARKS["mathvista"]
DYNA = BENCHMARKS["dynamath"]

CIRCLE = "As shown in the figure, find angle CED ()\nChoices:\nA:40°\nB:60°\nC:120°\nD:140°"


def verse(**changes: Any) -> dict[str, Any]:
    row = {
        "sample_index": "3",
        "problem_index": "1",
        "problem_version": "Text Dominant",
        "question": CIRCLE,
        "image": PICTURE,
        "answer": "D",
        "question_type": "multi-choice",
        "metadata": {"split": "testmini", "source": "GeoQA", "subject": "Plane Geometry", "subfield": "Angle"},
        "query_wo": f"Please directly answer the question.\nQuestion: {CIRCLE}",
        "query_cot": f"Please first conduct reasoning.\nQuestion: {CIRCLE}",
        "question_for_eval": CIRCLE,
    }
    return row | changes


def test_mathverse_asks_the_question_without_the_directives_of_the_queries() -> None:
    item = item_of(VERSE, verse())
    assert item.question.text == f"{MEDIA_MARK}\n{CIRCLE}"
    assert (item.question.id, item.gold) == ("3", "D")
    for right in ("D", "140°", "140", "D:140°"):
        assert scored(VERSE, item, right) == 1.0
    assert scored(VERSE, item, "B") == 0.0
    assert VERSE.score(item, "140 degrees") is None


def test_mathverse_a_vision_only_question_stands_in_the_image() -> None:
    item = item_of(VERSE, verse(problem_version="Vision Only", question=""))
    assert item.question.text == f"{MEDIA_MARK}\nAnswer the question that the image shows."
    assert scored(VERSE, item, "140°") == 1.0
    with pytest.raises(DataError, match="only questions of the version 'Vision Only' are empty, not of 'Text Lite'"):
        item_of(VERSE, verse(problem_version="Text Lite", question=""))


def test_mathverse_the_judge_reads_the_full_question_and_not_the_one_that_was_asked() -> None:
    item = item_of(VERSE, verse(problem_version="Vision Only", question=""))
    asked = judged(VERSE, item, "<think>Hm.</think>The angle is \\boxed{x}")
    assert asked.template == "answer"
    assert asked.values == {"question": CIRCLE, "answer": "D", "response": "The angle is \\boxed{x}"}
    assert judged(VERSE, item, "<think>Hm.</think>The angle").values["response"] == "Hm.\nThe angle"
    assert (asked.read('{"verdict": "correct"}'), asked.read("correct")) == (1.0, None)


def test_mathverse_text_only_is_not_part_of_the_score() -> None:
    assert (VERSE.data.configs, VERSE.data.splits, VERSE.data.rows) == (("testmini",), ("testmini",), 5 * 788)
    with pytest.raises(DataError, match="'problem_version' should be one of Text Dominant"):
        item_of(VERSE, verse(problem_version="Text Only"))


def test_mathverse_free_form_answers_that_only_a_judge_can_compare_are_left_to_it() -> None:
    item = item_of(
        VERSE, verse(question_type="free-form", question="Find d.", question_for_eval="Find d.", answer="0.5m")
    )
    assert scored(VERSE, item, "0.5m") == 1.0
    assert scored(VERSE, item, "50cm") is None


@pytest.mark.parametrize(("gold", "right"), [("(C)", "C"), ("True", "A"), ("False", "B. False"), ("C\nD", None)])
def test_mathverse_a_gold_may_be_a_letter_in_brackets_or_the_text_of_an_option(gold: str, right: str | None) -> None:
    full = "True or false?\nChoice:\nA. True\nB. False\nC. Both\nD. None"
    item = item_of(VERSE, verse(question=full, question_for_eval=full, answer=gold))
    assert scored(VERSE, item, right or "C") == (1.0 if right else None)


def vision(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "1",
        "question": "Which number should be written in place of the question mark?\n<image1>",
        "options": [],
        "answer": "60",
        "solution": None,
        "level": 2,
        "subject": "arithmetic",
        "image": "images/1.jpg",
        "decoded_image": PICTURE,
    }
    return row | changes


def test_mathvision_a_value_is_compared_as_mathematics() -> None:
    item = item_of(VISION, vision())
    assert item.question.text == f"{MEDIA_MARK}\nWhich number should be written in place of the question mark?"
    assert scored(VISION, item, "60") == 1.0
    assert scored(VISION, item, "61") == 0.0
    assert VISION.data.splits == ("test",)


def test_mathvision_options_drawn_in_the_image_are_not_printed() -> None:
    for options in (list("ABCDE"), [f"<image{i}>" for i in range(2, 7)]):
        item = item_of(VISION, vision(question="Which shadow?\n<image1>", options=options, answer="E"))
        assert item.question.text == f"{MEDIA_MARK}\nWhich shadow?"
        assert (scored(VISION, item, "E"), scored(VISION, item, "A")) == (1.0, 0.0)


def test_mathvision_options_in_words_are_printed_and_may_be_the_answer() -> None:
    item = item_of(VISION, vision(options=["1", "2", "3", "4", "\\frac{5}{2}"], answer="E"))
    assert item.question.text.endswith("question mark?\n\nA. 1\nB. 2\nC. 3\nD. 4\nE. \\frac{5}{2}")
    for right in ("E", "2.5", "\\frac52"):
        assert scored(VISION, item, right) == 1.0
    assert scored(VISION, item, "3") == 0.0


def test_mathvision_there_is_one_image_however_many_tokens_the_text_has() -> None:
    text = "When the ant <image1> walks home <image2>, it meets <image1>."
    item = item_of(VISION, vision(question=text))
    assert item.question.text == f"{MEDIA_MARK}\nWhen the ant image 1 walks home image 2, it meets image 1."
    assert len(item.question.media) == 1


def test_mathvision_a_question_that_is_only_an_image_says_so() -> None:
    item = item_of(VISION, vision(question="<image1>"))
    assert item.question.text == f"{MEDIA_MARK}\nAnswer the question that the image shows."


def vista(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "pid": "12",
        "question": "What is the age gap between these two people?",
        "image": "images/12.jpg",
        "decoded_image": PICTURE,
        "choices": None,
        "unit": None,
        "precision": None,
        "answer": "8",
        "question_type": "free_form",
        "answer_type": "integer",
        "metadata": {"task": "visual question answering", "context": "natural image", "split": "testmini"},
        "query": "Hint: Please answer the question requiring an integer answer.",
    }
    return row | changes


def test_mathvista_the_unit_is_told_and_the_hint_is_not() -> None:
    item = item_of(VISTA, vista(unit="years"))
    assert item.question.text == f"{MEDIA_MARK}\nWhat is the age gap between these two people? (Unit: years)"


@pytest.mark.parametrize(("answer", "score"), [("8", 1.0), ("8.0", 1.0), ("8.9", 1.0), ("9", 0.0), ("8 years", None)])
def test_mathvista_an_integer_is_cut_as_the_official_scorer_cuts_it(answer: str, score: float | None) -> None:
    assert scored(VISTA, item_of(VISTA, vista()), answer) == score


@pytest.mark.parametrize(("answer", "score"), [("1.2", 1.0), ("1.23", 1.0), ("1.26", 0.0), ("1", 0.0), ("x", None)])
def test_mathvista_a_float_is_rounded_to_the_precision_of_the_row(answer: str, score: float | None) -> None:
    item = item_of(VISTA, vista(answer_type="float", answer="1.2", precision=1.0))
    assert scored(VISTA, item, answer) == score
    with pytest.raises(DataError, match="column 'precision' is needed"):
        item_of(VISTA, vista(answer_type="float", answer="1.2"))


@pytest.mark.parametrize(
    ("answer", "score"), [("[2014, 2016]", 1.0), ("[2014,2016]", 1.0), ("[2014]", 0.0), ("2014-", None)]
)
def test_mathvista_a_list_is_the_text_of_a_python_list(answer: str, score: float | None) -> None:
    item = item_of(VISTA, vista(answer_type="list", answer="[2014, 2016]"))
    assert scored(VISTA, item, answer) == score


def choice_of(choices: list[str], answer: str) -> dict[str, Any]:
    return vista(question_type="multi_choice", answer_type="text", choices=choices, answer=answer)


def test_mathvista_the_gold_of_a_choice_is_the_text_of_the_option() -> None:
    item = item_of(VISTA, choice_of(["half", "quarter", "o'clock"], "quarter"))
    assert item.question.text.endswith("\n\nA. half\nB. quarter\nC. o'clock")
    assert item.gold == "B"
    for right in ("B", "(B)", "quarter", "Quarter."):
        assert scored(VISTA, item, right) == 1.0
    assert scored(VISTA, item, "half") == 0.0
    with pytest.raises(DataError, match="column 'answer' should be one of"):
        item_of(VISTA, choice_of(["half", "quarter"], "B"))


def test_mathvista_a_choice_without_options_is_refused() -> None:
    with pytest.raises(DataError, match="has 2 to 26 options, not 0"):
        item_of(VISTA, vista(question_type="multi_choice"))


def test_mathvista_an_answer_that_is_no_option_counts_as_the_one_nearest_to_it() -> None:
    item = item_of(VISTA, choice_of(["Common water flea", "Tilapia"], "Common water flea"))
    assert scored(VISTA, item, "water flea") == 1.0
    assert scored(VISTA, item, "Tilapias") == 0.0
    assert VISTA.score(item, "The water flea.") is None


def test_mathvista_two_options_of_the_same_text_are_both_right() -> None:
    item = item_of(VISTA, choice_of(["9", "12", "18", "18"], "18"))
    assert scored(VISTA, item, "18") == 1.0
    assert scored(VISTA, item, "12") == 0.0
    assert scored(VISTA, item, "D") == 1.0


def dyna(**changes: Any) -> dict[str, Any]:
    row = {
        "id": "1",
        "question": "What is the period of this function?",
        "image": "images/1.png",
        "decoded_image": PICTURE,
        "ground_truth": "2.0944",
        "answer_type": "float",
        "subject": "analytic     geometry",
        "knowledge_level": "high school",
    }
    return row | changes


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("2.094", 1.0),
        ("2.0953", 1.0),
        ("2.096", 0.0),
        ("\\frac{2}{3}\\pi", 1.0),
        ("0.6667π", 1.0),
        ("2.09", 0.0),
        ("x", None),
    ],
)
def test_dynamath_a_number_is_right_within_a_thousandth(answer: str, score: float | None) -> None:
    item = item_of(DYNA, dyna())
    assert item.question.text == f"{MEDIA_MARK}\nWhat is the period of this function?"
    assert scored(DYNA, item, answer) == score


def test_dynamath_options_stand_in_the_question() -> None:
    text = "Is Dark Magenta greater than Rosy Brown? Choices: (A) yes (B) no"
    item = item_of(DYNA, dyna(question=text, answer_type="multiple choice", ground_truth="B"))
    assert item.question.text == f"{MEDIA_MARK}\n{text}"
    assert [scored(DYNA, item, answer) for answer in ("B", "no", "A", "maybe")] == [1.0, 1.0, 0.0, None]


def test_dynamath_a_text_is_right_when_the_gold_contains_it() -> None:
    item = item_of(DYNA, dyna(answer_type="text", ground_truth="May and June"))
    assert [scored(DYNA, item, answer) for answer in ("may", "\\text{June}", "July", "")] == [1.0, 1.0, None, None]


def test_dynamath_a_digit_of_a_number_is_not_the_number() -> None:
    item = item_of(DYNA, dyna(answer_type="single answer", ground_truth="49"))
    assert [scored(DYNA, item, answer) for answer in ("49", "9")] == [1.0, 0.0]


def test_dynamath_the_ten_variants_are_ten_splits_and_the_worst_case_goes_by_seed() -> None:
    assert len(DYNA.data.splits) == 10
    first = [item_of(DYNA, dyna(), split=split) for split in DYNA.data.splits]
    second = [item_of(DYNA, dyna(id="2"), split=split) for split in DYNA.data.splits]
    assert len({item.question.id for item in first + second}) == 20
    scores = [(item, 1.0) for item in first] + [(item, float(i > 0)) for i, item in enumerate(second)]
    numbers = DYNA.aggregate(scores)
    assert (numbers["score"], numbers["worst_case"]) == (95.0, 50.0)


def test_dynamath_a_subject_is_one_subject_whatever_its_spaces() -> None:
    assert item_of(DYNA, dyna()).group["subject"] == "analytic geometry"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"answer_type": "essay"}, "column 'answer_type' should be one of float, multiple choice"),
        ({"ground_truth": "about two"}, "column 'ground_truth' should be a number, not 'about two'"),
        ({"answer_type": "multiple choice"}, "column 'ground_truth' should be a letter of ABCDE, not '2.0944'"),
    ],
)
def test_dynamath_rows_that_are_not_what_was_expected_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=f"dynamath, default, sample_variant1, row 0: {problem}"):
        item_of(DYNA, dyna(**changes))


@pytest.mark.parametrize("response", ["", "<think>" + "and so on " * 1000, "\\boxed{", "\\boxed{" + "{" * 500 + "}"])
def test_a_response_without_an_end_is_left_to_the_judge_and_never_an_error(response: str) -> None:
    for benchmark, row in ((VERSE, verse()), (VISION, vision()), (VISTA, vista()), (DYNA, dyna())):
        assert benchmark.score(item_of(benchmark, row), response) is None
