"""CharXiv and MM-Vet: scored by judges of their own."""

from typing import Any

import pytest
from benchrows import PICTURE, item_of, items_of, judged

from zppo.errors import DataError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.evals.benchmarks.charxiv_questions import DESCRIPTIVE, RUBRIC
from zppo.evals.judging import load_templates
from zppo.types import MEDIA_MARK

CHARXIV, MMVET = BENCHMARKS["charxiv"], BENCHMARKS["mm_vet"]


def charxiv(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "image": PICTURE,
        "category": "cs",
        "year": "20",
        "figure_path": "images/0.jpg",
        "original_figure_path": "2004.10956_1",
        "original_id": "2004.10956",
        "num_subplots": 2,
        "subplot_row": 1,
        "subplot_col": 2,
        "subplot_loc": None,
        "descriptive_q1": 7,
        "descriptive_a1": "60",
        "descriptive_q2": 13,
        "descriptive_a2": "CNN, ResNet",
        "descriptive_q3": 18,
        "descriptive_a3": "1 by 2",
        "descriptive_q4": 1,
        "descriptive_a4": "Not Applicable",
        "reasoning_q": "Which model declines most?",
        "reasoning_a": "iCaRL",
        "reasoning_a_type": 1,
        "reasoning_q_source": 3,
    }
    return row | changes


def test_charxiv_every_figure_gives_one_reasoning_and_four_different_descriptive_questions() -> None:
    items = items_of(CHARXIV, charxiv(), index=8)
    assert [item.question.id for item in items] == [
        "8/reasoning",
        *(f"8/descriptive{i}" for i in range(1, 5)),
    ]
    assert [item.group["part"] for item in items] == ["reasoning", *["descriptive"] * 4]
    assert len({item.question.text for item in items}) == 5
    assert [item.gold for item in items] == ["iCaRL", "60", "CNN, ResNet", "1 by 2", "Not Applicable"]


def test_charxiv_a_number_of_a_question_becomes_its_words_and_says_which_subplot() -> None:
    _, tick, legend, layout, _ = (item.question.text for item in items_of(CHARXIV, charxiv()))
    where = f"{MEDIA_MARK}\nFor the subplot at row 1 and column 2, "
    assert tick.startswith(f"{where}what is the spatially highest labeled tick on the y-axis?\nOf two y-axes")
    assert legend.startswith(f"{where}what are the names of the labels in the legend?\nList them")
    assert layout == (
        f"{MEDIA_MARK}\nWhat is the layout of the subplots?\n"
        "The answer is 'n by m': n rows and m columns. Without subplots: '1 by 1'."
    )


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"subplot_row": 0, "subplot_col": 0}, "For the current plot, "),
        ({"subplot_row": 0.0, "subplot_col": 0.0}, "For the current plot, "),
        ({"subplot_row": None, "subplot_col": None, "subplot_loc": "the left subplot"}, "For the left subplot, "),
        ({"subplot_row": None, "subplot_col": None, "subplot_loc": [2, 3]}, "For the subplot at row 2 and column 3, "),
        ({"subplot_row": float("nan"), "subplot_col": float("nan"), "subplot_loc": "the inset"}, "For the inset, "),
    ],
)
def test_charxiv_a_subplot_has_a_place_in_a_grid_or_words(place: dict[str, Any], words: str) -> None:
    assert words in items_of(CHARXIV, charxiv(**place))[1].question.text


@pytest.mark.parametrize("number", [None, float("nan"), float("inf")])
def test_charxiv_a_row_that_does_not_say_which_subplot_is_refused(number: float | None) -> None:
    with pytest.raises(DataError, match="neither 'subplot_row' and 'subplot_col' nor 'subplot_loc' says which subplot"):
        items_of(CHARXIV, charxiv(subplot_row=number, subplot_col=number))


def test_charxiv_every_descriptive_question_has_words_and_a_rubric() -> None:
    assert set(DESCRIPTIVE) == set(RUBRIC) == set(range(1, 20))
    with pytest.raises(DataError, match="column 'descriptive_q2' should be 1 to 19, not 20"):
        items_of(CHARXIV, charxiv(descriptive_q2=20))


@pytest.mark.parametrize(
    ("kind", "gold", "rule"),
    [
        (1, "iCaRL", "The answer is text that stands in the chart."),
        (2, "up then down", "Where the question gives options"),
        (3, "12", "The answer is a number that stands in the chart"),
        (4, "0.25", "The answer is a number with 2 decimal places."),
        (4, "7", "The answer is a whole number."),
    ],
)
def test_charxiv_reasoning_answers_have_the_form_of_their_kind(kind: int, gold: str, rule: str) -> None:
    item = items_of(CHARXIV, charxiv(reasoning_a_type=kind, reasoning_a=gold))[0]
    assert item.question.text.startswith(f"{MEDIA_MARK}\nWhich model declines most?\n{rule}")


def test_charxiv_the_rubric_goes_by_the_type_of_the_answer_and_not_by_the_source_of_the_question() -> None:
    item = items_of(CHARXIV, charxiv(reasoning_a_type=2, reasoning_q_source=1))[0]
    assert judged(CHARXIV, item, "\\boxed{up}").template == "charxiv_reasoning_general"
    with pytest.raises(DataError, match="column 'reasoning_a_type' should be 1 to 4, not 5"):
        items_of(CHARXIV, charxiv(reasoning_a_type=5))


def test_charxiv_the_judge_sees_the_question_without_the_rule_and_the_subplot() -> None:
    _, tick, legend, layout, title = items_of(CHARXIV, charxiv())
    asked = judged(CHARXIV, tick, "<think>sixty</think>\\boxed{60}")
    assert asked.template == "charxiv_text"
    assert asked.values == {
        "question": "What is the spatially highest labeled tick on the y-axis?",
        "answer": "60",
        "response": "\\boxed{60}",
    }
    assert judged(CHARXIV, tick, "<think>sixty, or").values["response"] == "sixty, or"
    rubrics = [judged(CHARXIV, item, "").template for item in (legend, layout, title)]
    assert rubrics == ["charxiv_list", "charxiv_layout", "charxiv_title"]


def test_charxiv_a_judge_that_fails_counts_as_wrong_and_not_as_minus_one() -> None:
    read = judged(CHARXIV, items_of(CHARXIV, charxiv())[0], "\\boxed{x}").read
    assert read('{"extracted_answer": "iCaRL", "score": 1}') == 1.0
    assert read('{"extracted_answer": "x", "score": 0}') == 0.0
    for malformed in ("", "1", '{"score": -1}', '{"score": 0.5}', '{"extracted_answer": "x"}'):
        assert read(malformed) is None


def test_charxiv_the_score_is_the_mean_of_reasoning_and_descriptive_accuracy() -> None:
    reasoning, *descriptive = items_of(CHARXIV, charxiv())
    numbers = CHARXIV.aggregate([(reasoning, 0.0), *((item, 1.0) for item in descriptive)])
    assert (numbers["score"], numbers["part/reasoning"], numbers["part/descriptive"]) == (50.0, 0.0, 100.0)
    assert numbers["micro"] == 80.0


def mmvet(**changes: Any) -> dict[str, Any]:
    row = {
        "question_id": "v1_0",
        "question": "What is x in the equation?",
        "answer": "-1<AND>-5",
        "image": PICTURE,
        "capability": "ocr,math",
        "image_source": "web",
    }
    return row | changes


def test_mmvet_the_judge_sees_spaces_around_and_or_and_one_line_of_prediction() -> None:
    item = item_of(MMVET, mmvet())
    assert item.question.text == f"{MEDIA_MARK}\nWhat is x in the equation?"
    asked = judged(MMVET, item, "<think>Roots.</think>x is\n\\boxed{-1 \\text{ or } -5}")
    assert asked.template == "mm_vet"
    assert asked.values == {
        "question": "What is x in the equation?",
        "answer": "-1 <AND> -5",
        "response": "x is \\boxed{-1 \\text{ or } -5}",
    }
    assert judged(MMVET, item, "<think>Roots:\n-1, or").values["response"] == "Roots: -1, or"


def test_mmvet_the_judge_has_15_worked_rows_whose_grades_are_tenths() -> None:
    rows = load_templates()["mm_vet"].text.partition("--- | --- | --- | ---\n")[2].splitlines()
    grades = [row.rpartition(" | ")[2] for row in rows[:-1]]
    assert len(grades) == 15 and set(grades) <= {f"{tenth / 10:.1f}" for tenth in range(11)}
    assert all(row.count(" | ") == 3 for row in rows[:-1])


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("0.5", 0.5),
        ("1.0 because both are there", 1.0),
        (" 0.0\n", 0.0),
        ("| 0.7 |", None),
        ("1.5", None),
        ("-0.1", None),
    ],
)
def test_mmvet_the_first_word_of_the_reply_is_the_grade(reply: str, score: float | None) -> None:
    assert judged(MMVET, item_of(MMVET, mmvet()), "x").read(reply) == score


@pytest.mark.parametrize("reply", ["", "The score is 0.5", '{"verdict": "correct"}', "nan", "inf"])
def test_mmvet_a_verdict_in_json_is_no_grade(reply: str) -> None:
    assert judged(MMVET, item_of(MMVET, mmvet()), "x").read(reply) is None


def test_mmvet_a_question_counts_for_each_of_its_capabilities() -> None:
    both, one = item_of(MMVET, mmvet()), item_of(MMVET, mmvet(capability="ocr"))
    numbers = MMVET.aggregate([(both, 0.4), (one, 0.8)])
    assert numbers["score"] == pytest.approx(60.0)
    assert numbers["capability/ocr"] == pytest.approx(60.0)
    assert numbers["capability/math"] == pytest.approx(40.0)
