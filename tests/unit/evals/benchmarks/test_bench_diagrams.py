"""AI2D, EmbSpatial-Bench, VisualPuzzles, BabyVision and InfographicVQA: one image, one question."""

from typing import Any

import pytest
from benchrows import PICTURE, item_of, scored

from zppo.errors import DataError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.types import MEDIA_MARK

AI2D, EMBSPATIAL, PUZZLES = BENCHMARKS["ai2d"], BENCHMARKS["embspatial"], BENCHMARKS["visualpuzzles"]
BABY, INFOVQA = BENCHMARKS["babyvision"], BENCHMARKS["infovqa"]


def ai2d(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"question": "which of these define dairy item", "image": PICTURE, "answer": "2"}
    return row | {"options": ["c", "D", "b", "a"]} | changes


def test_ai2d_the_gold_is_an_index_written_as_text() -> None:
    item = item_of(AI2D, ai2d())
    assert item.question.text == f"{MEDIA_MARK}\nwhich of these define dairy item\n\nA. c\nB. D\nC. b\nD. a"
    assert (item.gold, item.question.answer) == ("C", "C. b")
    assert [medium.name for medium in item.question.media] == ["ai2d, default, test, row 0, image"]
    assert scored(AI2D, item, "C") == 1.0
    assert scored(AI2D, item, "B") == 0.0
    assert scored(AI2D, item, "E") is None


def test_ai2d_a_boxed_letter_counts_though_nothing_begins_with_it() -> None:
    assert scored(AI2D, item_of(AI2D, ai2d()), "\\text{C}") == 1.0


@pytest.mark.parametrize("answer", ["4", "C", ""])
def test_ai2d_an_answer_that_is_no_index_is_refused(answer: str) -> None:
    with pytest.raises(DataError, match="column 'answer' should be an index from 0 to 3"):
        item_of(AI2D, ai2d(answer=answer))


def test_a_row_without_its_image_is_refused() -> None:
    for nothing in (None, {"bytes": None, "path": None}, ""):
        with pytest.raises(DataError, match="ai2d, default, test, row 0: column 'image' holds no image"):
            item_of(AI2D, ai2d(image=nothing))


def embspatial() -> dict[str, Any]:
    return {
        "question_id": "mp3d_0",
        "data_source": "mp3d",
        "relation": "close",
        "question": "Among the listed objects, which one is closest?",
        "answer_options": ["door", "plant", "lamp", "bed"],
        "answer": 3,
        "image": PICTURE,
    }


def test_embspatial_letters_are_ours_and_the_answer_is_an_index() -> None:
    item = item_of(EMBSPATIAL, embspatial())
    assert item.question.text.endswith("closest?\n\nA. door\nB. plant\nC. lamp\nD. bed")
    assert (item.question.id, item.gold) == ("mp3d_0", "D")
    assert item.group == {"relation": "close", "source": "mp3d"}
    assert scored(EMBSPATIAL, item, "bed") == 1.0
    assert scored(EMBSPATIAL, item, "A") == 0.0


def test_embspatial_prose_is_not_searched_for_a_letter() -> None:
    item = item_of(EMBSPATIAL, embspatial())
    assert EMBSPATIAL.score(item, "A bed is the closest, I think.") is None
    assert scored(EMBSPATIAL, item, "The answer is near") is None


def puzzle(**changes: Any) -> dict[str, Any]:
    row = {"image": PICTURE, "question": "Which comes next?", "options": ["one", "two", "three", "four"], "answer": "B"}
    return row | {"category": "Inductive", "difficulty": "Hard"} | changes


def test_visualpuzzles_reads_the_split_train_and_options_from_the_row() -> None:
    item = item_of(PUZZLES, puzzle())
    assert PUZZLES.data.splits == ("train",)
    assert item.question.text == f"{MEDIA_MARK}\nWhich comes next?\n\nA. one\nB. two\nC. three\nD. four"
    assert item.group == {"category": "Inductive", "difficulty": "Hard"}
    assert scored(PUZZLES, item, "two") == 1.0
    assert scored(PUZZLES, item, "D") == 0.0


def test_visualpuzzles_options_drawn_in_the_image_are_named_in_the_question() -> None:
    item = item_of(PUZZLES, puzzle(options=None))
    assert item.question.text == (
        f"{MEDIA_MARK}\nWhich comes next?\n\nThe options (A), (B), (C) and (D) stand in the image."
    )
    assert item.question.answer == "B"
    assert scored(PUZZLES, item, "(B)") == 1.0
    assert scored(PUZZLES, item, "C") == 0.0
    assert scored(PUZZLES, item, "E") is None


def test_visualpuzzles_nothing_is_guessed_where_nothing_can_be_read() -> None:
    item = item_of(PUZZLES, puzzle())
    said = {repr(PUZZLES.score(item, "I cannot tell.")) for _ in range(20)}
    assert said == {"None"}


def test_visualpuzzles_the_unverified_columns_may_be_absent() -> None:
    row = {name: value for name, value in puzzle().items() if name not in ("category", "difficulty")}
    assert item_of(PUZZLES, row).group == {}


def baby(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "taskId": 457,
        "type": "Fine-grained Discrimination",
        "subtype": "Find the different",
        "question": "Which one differs?",
        "ansType": "choice",
        "options": ["left", "right"],
        "choiceAns": 1,
        "blankAns": None,
        "image": PICTURE,
        "coT": "Look closely.",
    }
    return row | changes


def test_babyvision_a_choice_has_an_index_and_the_split_is_train() -> None:
    item = item_of(BABY, baby())
    assert BABY.data.splits == ("train",)
    assert item.question.text == f"{MEDIA_MARK}\nWhich one differs?\n\nA. left\nB. right"
    assert (item.question.id, item.gold) == ("457", "B")
    assert scored(BABY, item, "B") == 1.0
    assert scored(BABY, item, "left") == 0.0


def test_babyvision_an_index_may_come_as_a_number_with_a_point() -> None:
    assert item_of(BABY, baby(choiceAns=1.0)).gold == "B"


def test_babyvision_a_blank_has_a_text() -> None:
    item = item_of(BABY, baby(ansType="blank", options=[], choiceAns=None, blankAns="(3, 4)"))
    assert item.question.text == f"{MEDIA_MARK}\nWhich one differs?"
    assert scored(BABY, item, "(3,4)") == 1.0
    assert scored(BABY, item, "(4,3)") is None
    assert BABY.score(item, "It is (3, 4).") is None


def test_babyvision_the_upstream_instruction_about_the_box_is_not_added() -> None:
    assert "boxed" not in item_of(BABY, baby()).question.text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"choiceAns": None}, "column 'choiceAns' should be an index from 0 to 1, not None"),
        ({"ansType": "blank", "blankAns": "null"}, "column 'blankAns' should hold the answer of a blank, not 'null'"),
        ({"ansType": "blank", "blankAns": None}, "column 'blankAns' should hold the answer of a blank, not None"),
        ({"ansType": "essay"}, "column 'ansType' should be 'choice' or 'blank', not 'essay'"),
    ],
)
def test_babyvision_a_row_without_its_answer_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        item_of(BABY, baby(**changes))


def infovqa(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"questionId": "98313", "question": "Which airport?", "answers": ["Kempegowda", "Bangalore"]}
    return row | {"answer_type": ["single span"], "image": PICTURE, "image_url": "", "ocr": "[]"} | changes


@pytest.mark.parametrize(
    ("answer", "score"),
    [("bangalore", 1.0), ("Kempegowda Intl", 10 / 15), ("Mumbai", 0.0), ("\\text{Bangalore}", 1.0)],
)
def test_infovqa_is_scored_by_anls_over_all_golds(answer: str, score: float) -> None:
    assert scored(INFOVQA, item_of(INFOVQA, infovqa()), answer) == pytest.approx(score)


def test_infovqa_the_box_is_scored_and_not_the_whole_response() -> None:
    item = item_of(INFOVQA, infovqa())
    assert item.question.text == f"{MEDIA_MARK}\nWhich airport?"
    said = INFOVQA.score(item, "<think>Long thoughts.</think>After all it is \\boxed{Bangalore}, far away.")
    assert said is not None
    assert (said.score, said.extracted) == (1.0, "Bangalore")


def test_infovqa_without_a_box_what_follows_the_thoughts_is_scored() -> None:
    item = item_of(INFOVQA, infovqa())
    for response, score in (("<think>x</think> Bangalore", 1.0), ("<think>Bangalore", 0.0), ("", 0.0)):
        said = INFOVQA.score(item, response)
        assert said is not None
        assert said.score == score


def test_infovqa_marks_escaped_for_latex_are_read_as_they_are_meant() -> None:
    item = item_of(INFOVQA, infovqa(answers=["67%", "$5 & more"]))
    assert scored(INFOVQA, item, "67\\%") == 1.0
    assert scored(INFOVQA, item, "\\$5 \\& more") == 1.0


def test_infovqa_a_row_of_the_test_split_is_refused() -> None:
    assert INFOVQA.data.splits == ("validation",)
    with pytest.raises(DataError, match="column 'answers' is empty, as in the test split"):
        item_of(INFOVQA, infovqa(answers=[]))
