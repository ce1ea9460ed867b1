"""AIME 2025, AIME 2026 and IMO-AnswerBench: short answers in mathematics."""

import pytest
from benchrows import item_of, scored

from zppo.errors import DataError
from zppo.evals.benchmarks import BENCHMARKS

AIME25, AIME26, IMO = BENCHMARKS["aime25"], BENCHMARKS["aime26"], BENCHMARKS["imo_answerbench"]


def test_aime25_asks_the_problem_as_it_stands() -> None:
    item = item_of(AIME25, {"question": "Find the sum of all bases $b>9$.", "answer": "70"})
    assert item.question.text == "Find the sum of all bases $b>9$."
    assert (item.question.id, item.gold, item.question.answer) == ("AIME2025-I/0", "70", "70")
    assert scored(AIME25, item, "70") == 1.0
    assert scored(AIME25, item, "070") == 1.0
    assert scored(AIME25, item, "71") == 0.0


def test_aime25_both_configs_are_read_and_their_rows_have_ids_of_their_own() -> None:
    row = {"question": "What is it?", "answer": "1"}
    first, second = (item_of(AIME25, row, config=config) for config in AIME25.data.configs)
    assert first.question.id != second.question.id
    assert AIME25.data.rows == 30


@pytest.mark.parametrize("gold", ["336^\\circ", "336^{\\circ}", "$336^\\circ$", "336°"])
def test_aime25_the_gold_with_a_degree_sign_is_a_whole_number(gold: str) -> None:
    item = item_of(AIME25, {"question": "Find the angle.", "answer": gold}, config="AIME2025-II", index=4)
    assert item.gold == "336"
    for answer in ("336", "336^\\circ", "336^{\\circ}"):
        assert scored(AIME25, item, answer) == 1.0
    assert scored(AIME25, item, "337") == 0.0


@pytest.mark.parametrize("gold", ["", "1000", "-3", "\\frac{1}{2}", "x"])
def test_an_aime_gold_that_is_no_whole_number_up_to_999_is_refused(gold: str) -> None:
    with pytest.raises(DataError, match="aime25, AIME2025-I, test, row 0: column 'answer' should be a whole number"):
        item_of(AIME25, {"question": "What is it?", "answer": gold})


def test_what_the_rules_cannot_decide_is_left_to_the_judge() -> None:
    item = item_of(AIME25, {"question": "What is it?", "answer": "70"})
    assert AIME25.score(item, "The answer is 70.") is None
    assert AIME25.score(item, "<think>It is 70, but then again") is None
    assert AIME25.score(item, "") is None
    assert scored(AIME25, item, "70 \\text{ or } 71") is None


def test_aime26_reads_the_split_train_and_answers_that_are_numbers() -> None:
    item = item_of(AIME26, {"problem_idx": 7, "problem": "How many?", "answer": 277})
    assert AIME26.data.splits == ("train",)
    assert (item.question.id, item.question.text, item.gold) == ("7", "How many?", "277")
    assert scored(AIME26, item, "277") == 1.0
    assert scored(AIME26, item, "27") == 0.0


def imo(answer: str) -> dict[str, str]:
    return {
        "Problem ID": "imo-bench-algebra-001",
        "Problem": "Find all $x$.",
        "Short Answer": answer,
        "Category": "Algebra",
        "Subcategory": "Operation",
        "Source": "IMO Shortlist 2021",
    }


def test_imo_answerbench_asks_the_problem_and_groups_by_category() -> None:
    item = item_of(IMO, imo("3"))
    assert IMO.data.splits == ("train",)
    assert (item.question.id, item.question.text) == ("imo-bench-algebra-001", "Find all $x$.")
    assert item.group == {"category": "Algebra"}
    assert IMO.aggregate([(item, 1.0), (item, 0.0)]) == {"score": 50.0, "category/Algebra": 50.0}


def test_imo_answerbench_symbolic_golds_are_compared_as_mathematics_first() -> None:
    item = item_of(IMO, imo("$2^{u-2}$."))
    assert scored(IMO, item, "2^{u-2}") == 1.0
    assert scored(IMO, item, "\\frac{2^u}{4}") == 1.0
    assert scored(IMO, item, "2^{u-1}") is None


def test_imo_answerbench_several_values_are_left_to_the_judge_unless_they_are_the_same() -> None:
    item = item_of(IMO, imo("1, 3"))
    assert scored(IMO, item, "1, 3") == 1.0
    assert scored(IMO, item, "1") is None
    assert IMO.judgement is None  # the shared comparison with the gold
