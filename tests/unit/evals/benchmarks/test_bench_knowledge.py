"""MMLU and its kin, GPQA Diamond, C-Eval: multiple choice without images."""

from typing import Any

import pytest
from benchrows import item_of, items_of, row_of, scored

from zppo.errors import DataError
from zppo.evals.benchmarks import BENCHMARKS

MMLU, PRO, REDUX = BENCHMARKS["mmlu"], BENCHMARKS["mmlu_pro"], BENCHMARKS["mmlu_redux"]
GPQA, CEVAL = BENCHMARKS["gpqa_diamond"], BENCHMARKS["ceval"]


def test_mmlu_options_are_lettered_lines_and_the_gold_is_a_class_label() -> None:
    row = {"question": "Find $1+1$.", "subject": "abstract_algebra", "choices": ["0", "2", "4", "6"], "answer": 1}
    item = item_of(MMLU, row, index=3)
    assert MMLU.data.configs == ("all",)
    assert item.question.text == "Find $1+1$.\n\nA. 0\nB. 2\nC. 4\nD. 6"
    assert (item.question.id, item.gold, item.question.answer) == ("3", "B", "B. 2")
    assert item.group == {"subject": "abstract_algebra"}
    for right in ("B", "(B)", "B. 2", "2", "\\text{B}"):
        assert scored(MMLU, item, right) == 1.0
    for wrong in ("A", "D. 6", "4"):
        assert scored(MMLU, item, wrong) == 0.0
    for open_ in ("7", "A or B", "B. 4"):
        assert scored(MMLU, item, open_) is None


def test_a_response_without_a_box_is_left_to_the_judge() -> None:
    item = item_of(MMLU, {"question": "Which?", "subject": "law", "choices": ["a", "b", "c", "d"], "answer": 0})
    for response in ("The answer is (A).", "<think>A, no, B", "", "A"):
        assert MMLU.score(item, response) is None


@pytest.mark.parametrize("answer", [4, -1, None, "x"])
def test_an_index_without_an_option_is_refused_naming_the_column(answer: Any) -> None:
    row = {"question": "Which?", "subject": "law", "choices": ["a", "b", "c", "d"], "answer": answer}
    with pytest.raises(DataError, match="mmlu, all, test, row 0: column 'answer' should be an index from 0 to 3"):
        item_of(MMLU, row)


def pro(**changes: Any) -> dict[str, Any]:
    row = {
        "question_id": 70,
        "question": "Typical regulatory bodies?",
        "options": [f"option {i}" for i in range(10)],
        "answer": "J",
        "answer_index": 9,
        "cot_content": "",
        "category": "business",
        "src": "ori_mmlu-business_ethics",
    }
    return row | changes


def test_mmlu_pro_letters_go_up_to_j() -> None:
    item = item_of(PRO, pro())
    assert item.question.text.endswith("\nI. option 8\nJ. option 9")
    assert (item.question.id, item.gold, item.group) == ("70", "J", {"category": "business"})
    assert scored(PRO, item, "J") == 1.0
    assert scored(PRO, item, "option 9") == 1.0
    assert scored(PRO, item, "I") == 0.0
    assert scored(PRO, item, "K") is None


def test_mmlu_pro_rows_have_three_to_ten_options() -> None:
    item = item_of(PRO, pro(options=["x", "y", "z"], answer="C", answer_index=2))
    assert item.question.text.endswith("A. x\nB. y\nC. z")


def test_mmlu_pro_letter_and_index_that_disagree_are_refused() -> None:
    with pytest.raises(DataError, match=r"'answer' \(J\) and 'answer_index' \(8\) disagree"):
        item_of(PRO, pro(answer_index=8))


def redux(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "question": "Which planet is the largest?",
        "choices": ["Mars", "Jupiter", "Venus", "Earth"],
        "answer": 1,
        "error_type": "ok",
        "source": None,
        "correct_answer": None,
        "potential_reason": None,
    }
    return row | changes


def test_mmlu_redux_asks_the_rows_without_an_error() -> None:
    item = item_of(REDUX, redux(), config="astronomy", index=12)
    assert item.question.text == "Which planet is the largest?\n\nA. Mars\nB. Jupiter\nC. Venus\nD. Earth"
    assert (item.question.id, item.gold, item.group) == ("astronomy/12", "B", {"subject": "astronomy"})
    assert scored(REDUX, item, "Jupiter") == 1.0
    assert scored(REDUX, item, "A") == 0.0


@pytest.mark.parametrize("error", ["wrong_groundtruth", "no_correct_answer", "multiple_correct_answers", "expert"])
def test_mmlu_redux_error_filter_leaves_erroneous_rows_out(error: str) -> None:
    assert items_of(REDUX, redux(error_type=error, correct_answer="0")) == []


def test_mmlu_redux_an_error_type_nobody_knows_is_refused() -> None:
    with pytest.raises(DataError, match="unknown error_type 'wrong_ground_truth'; did you mean 'wrong_groundtruth'"):
        items_of(REDUX, redux(error_type="wrong_ground_truth"))


def test_mmlu_redux_has_57_subjects_of_100_rows() -> None:
    assert len(REDUX.data.configs) == 57
    assert REDUX.data.rows == 5700


def gpqa(**changes: Any) -> dict[str, Any]:
    row = {
        "Question": "Which state has the sharper energy?\n",
        "Correct Answer": "10^-4 eV\n",
        "Incorrect Answer 1": "10^-11 eV",
        "Incorrect Answer 2": " 10^-8 eV",
        "Incorrect Answer 3": "10^-9  eV",
        "High-level domain": "Physics",
        "Record ID": "rec06pnAkLOr2t2mp",
    }
    return row | changes


def test_gpqa_the_order_of_the_options_is_the_same_in_every_run() -> None:
    first, again = item_of(GPQA, gpqa()), item_of(GPQA, gpqa())
    assert first == again
    assert first.question.text == (
        "Which state has the sharper energy?\n\nA. 10^-8 eV\nB. 10^-11 eV\nC. 10^-4 eV\nD. 10^-9 eV"
    )
    assert first.gold == "C"
    assert scored(GPQA, first, "C") == 1.0
    assert scored(GPQA, first, "A") == 0.0


def test_gpqa_the_right_answer_stands_at_every_place() -> None:
    golds = [item_of(GPQA, gpqa(Question=f"Question {i}?")).gold for i in range(200)]
    assert all(30 < golds.count(letter) < 70 for letter in "ABCD")


def test_gpqa_texts_are_stripped_and_without_title_marks() -> None:
    item = item_of(GPQA, gpqa(**{"Correct Answer": "Gluons [title] and quarks "}))
    assert "Gluons. and quarks" in item.question.text.splitlines()[-1] or "Gluons. and quarks\n" in item.question.text
    assert " [title]" not in item.question.text


def test_gpqa_two_equal_answers_are_refused() -> None:
    with pytest.raises(DataError, match="two of the four answers are the same text"):
        item_of(GPQA, gpqa(**{"Incorrect Answer 1": "10^-4 eV"}))


def test_gpqa_is_gated() -> None:
    assert GPQA.data.gated


def ceval(**changes: Any) -> dict[str, Any]:
    row = {"id": 5, "question": "下列排序方法中____是稳定的。", "explanation": ""}
    return row | {"A": "快速排序", "B": "归并排序", "C": "堆排序", "D": "希尔排序", "answer": "B"} | changes


def test_ceval_asks_in_chinese_with_four_options() -> None:
    item = item_of(CEVAL, ceval(), config="college_programming")
    assert item.question.text == "下列排序方法中____是稳定的。\n\nA. 快速排序\nB. 归并排序\nC. 堆排序\nD. 希尔排序"
    assert (item.question.id, item.gold) == ("college_programming/5", "B")
    assert scored(CEVAL, item, "归并排序") == 1.0
    assert scored(CEVAL, item, "B") == 1.0
    assert scored(CEVAL, item, "C") == 0.0


def test_ceval_all_52_subjects_are_configs_and_only_val_is_scored() -> None:
    assert len(CEVAL.data.configs) == 52
    assert CEVAL.data.splits == ("val",)
    assert all(CEVAL.items(row_of(CEVAL, ceval(), config=subject)) for subject in CEVAL.data.configs)


def test_ceval_score_is_the_mean_over_rows_and_the_mean_over_subjects_stands_beside_it() -> None:
    law, logic = (item_of(CEVAL, ceval(), config=subject) for subject in ("law", "logic"))
    numbers = CEVAL.aggregate([(law, 1.0), (law, 1.0), (law, 1.0), (logic, 0.0)])
    assert numbers == {"score": 75.0, "area/humanities": 75.0, "macro": 50.0}


def test_ceval_a_letter_without_an_option_is_refused() -> None:
    with pytest.raises(DataError, match="column 'answer' should be a letter of ABCD, not 'E'"):
        item_of(CEVAL, ceval(answer="E"))
