"""VLMs are Blind: short answers without their curly brackets."""

from typing import Any

import pytest
from benchrows import PICTURE, item_of, scored

from zppo.errors import DataError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.evals.benchmarks.vlms_are_blind import without_directives
from zppo.types import MEDIA_MARK

BLIND = BENCHMARKS["vlms_are_blind"]


def blind(task: str = "Line Plot Intersections", prompt: str = "How many?", gold: str = "2") -> dict[str, Any]:
    return {"task": task, "image": PICTURE, "prompt": prompt, "groundtruth": gold, "metadata": "{}"}


BRACKETS = "Answer with a number in curly brackets, e.g., {5}"
PROMPTS = {
    "How many times do the lines touch each other?": f" {BRACKETS}.",
    "Count the intersection points where the lines meet.": " Put your answer in curly brackets, e.g., {2}.",
    "How many single-colored paths go from A to C?": f" {BRACKETS}",
    "Count total number of squares.": " Answer with only the number in numerical format in curly brackets e.g. {3}.",
    "How many squares are in the image?": " Please answer with a number in curly brackets e.g., {10}.",
    "How many circles are in the image?": " Answer with only the number in numerical format.",
    "Which character has a red oval?": " Please provide your answer in curly brackets, e.g. {a}",
    "Are the two circles touching each other?": " Answer with Yes/No.",
    "How many rows and columns are there?": " Answer with only the numbers in a pair (row, column), e.g., (5,6)",
    "Which letter is being circled?": "",
}


@pytest.mark.parametrize("bare", PROMPTS)
def test_blind_directives_about_braces_and_formats_are_stripped(bare: str) -> None:
    assert without_directives(bare + PROMPTS[bare]) == bare


def test_blind_a_directive_inside_a_sentence_goes_and_the_sentence_stays() -> None:
    prompt = "Count the rows and columns and answer with numbers in curly brackets. For example, rows={5} columns={6}"
    assert without_directives(prompt) == "Count the rows and columns."


def test_blind_asks_the_bare_question_of_the_image() -> None:
    item = item_of(BLIND, blind(prompt=f"How many squares are in the image? {BRACKETS}."))
    assert item.question.text == f"{MEDIA_MARK}\nHow many squares are in the image?"
    assert BLIND.data.splits == ("valid",)
    assert [scored(BLIND, item, answer) for answer in ("2", "\\{2\\}", "3", "two or three")] == [1.0, 1.0, 0.0, None]


def test_blind_a_letter_is_right_in_either_case() -> None:
    item = item_of(BLIND, blind("Circled Letter", "Which letter is being circled?", "o"))
    assert [scored(BLIND, item, answer) for answer in ("O", "\\text{o}", "'o'", "t")] == [1.0, 1.0, 1.0, 0.0]


def test_blind_yes_and_no_may_stand_with_more_than_the_bare_word() -> None:
    item = item_of(BLIND, blind("Touching Circles", "Are the two circles overlapping? Answer with Yes/No.", "No"))
    assert [scored(BLIND, item, answer) for answer in ("No", "no.", "\\text{No}", "Yes")] == [1.0, 1.0, 1.0, 0.0]
    assert scored(BLIND, item, "No, they are apart") is None


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        *((said, 1.0) for said in ("3,4", "(3, 4)", "3 \\times 4", "3 rows, 4 columns", "rows=3, columns=4", "3x4")),
        *((said, 0.0) for said in ("4,3", "4 rows and 3 columns", "(3,5)", "rows: 4, columns: 3")),
        *((said, None) for said in ("12", "4 columns, 3 rows", "columns=4, rows=3")),
    ],
)
def test_blind_grids_need_rows_first(answer: str, score: float | None) -> None:
    item = item_of(BLIND, blind("Counting Grid - Word Grids", "Count the number of rows and columns.", "3,4"))
    assert item.question.text.endswith(
        "Count the number of rows and columns. Give the number of rows first and the number of columns second."
    )
    assert scored(BLIND, item, answer) == score


def test_blind_the_macro_mean_counts_both_kinds_of_grids_as_one_task() -> None:
    words, blank = (item_of(BLIND, blind(f"Counting Grid - {kind} Grids", gold="1,2")) for kind in ("Word", "Blank"))
    lines = item_of(BLIND, blind())
    numbers = BLIND.aggregate([(words, 1.0), (blank, 0.0), (lines, 0.0), (lines, 0.0)])
    assert numbers == {
        "score": 25.0,
        "task/counting grid": 50.0,
        "task/line plot intersections": 0.0,
        "macro": 25.0,
    }


@pytest.mark.parametrize(
    ("task", "gold", "says"),
    [("Counting Grid - Blank Grids", "5", "column 'groundtruth'"), ("Nested Squares", "", "the answer is empty")],
)
def test_blind_a_gold_that_cannot_be_read_is_refused(task: str, gold: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        item_of(BLIND, blind(task, gold=gold))
