"""OCRBench v2: short answers, counts, formulas, handwritten choices."""

import pytest

from zppo.evals.ocr.answers import (
    contained,
    contained_chinese,
    counted,
    formula,
    formula_chinese,
    letters_equal,
    written_choice,
)

LONG = "turn left at the second light"


@pytest.mark.parametrize(
    ("answer", "golds", "score"),
    [
        ("The sign says STOP here", ["stop"], 1.0),
        ("line one\nline two", ["one line"], 1.0),
        ("stp", ["stop"], 0.0),
        ("go", ["stop", "go"], 1.0),
        (LONG, [LONG], 1.0),
        ("turn left at the second lights", [LONG], 1 - 1 / 30),
        (f"you must {LONG} and then stop", [LONG], 1 - 23 / 52),
        ("right", [LONG], 0.0),
    ],
)
def test_a_short_gold_must_occur_and_a_long_one_be_similar(answer: str, golds: list[str], score: float) -> None:
    assert contained(answer, golds) == pytest.approx(score)


def test_case_counts_only_where_the_row_says_so() -> None:
    assert (contained("stop", ["STOP"]), contained("stop", ["STOP"], case_sensitive=True)) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("answer", "gold", "score"),
    [
        ("答案是 北京 市", "北京市", 1.0),
        ("甲、乙", "甲,乙", 0.0),
        ("甲,乙,丙,丁", "甲, 乙, 丙, 丁", 1.0),
        ("甲,乙,丙,戊", "甲,乙,丙,丁", 6 / 7),
        ("甲", "甲,乙,丙,丁", 0.0),
    ],
)
def test_chinese_golds_are_without_spaces_and_long_from_four_parts_on(answer: str, gold: str, score: float) -> None:
    assert contained_chinese(answer, [gold]) == pytest.approx(score)


def test_a_choice_is_its_letters_alone() -> None:
    assert [letters_equal(answer, ["B"]) for answer in ("B", "(B).", "b", "B) seven", "")] == [1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("answer", "how", "score"),
    [
        ("There are 10 of them", "exact match", 1.0),
        ("9", "exact match", 0.0),
        ("10", "regression", 1.0),
        ("about 8 or 9", "regression", 0.8),
        ("15", "regression", 0.0),
        ("20", "regression", 0.0),
        ("0", "regression", 0.0),
        ("ten", "regression", 0.0),
    ],
)
def test_a_count_is_exact_or_near_enough(answer: str, how: str, score: float) -> None:
    assert counted(answer, ["10"], how) == pytest.approx(score)


def test_a_count_needs_one_of_two_methods() -> None:
    with pytest.raises(ValueError, match="'exact match' or 'regression', not 'None'"):
        counted("1", ["1"], "None")


def test_a_formula_must_occur_spaces_apart() -> None:
    assert formula("so: \\frac {a} {b}\n+ 1", ["\\frac{a}{b} + 1"]) == 1.0
    assert formula("\\frac{b}{a}", ["\\frac{a}{b}"]) == 0.0
    assert formula("\\text{若} x", ["若x"]) == 0.0
    assert formula_chinese("\\text{若} x", ["若\\text{x}"]) == 1.0


@pytest.mark.parametrize(
    ("answer", "score"), [("选 A、C", 1.0), ("A, C", 1.0), ("A和C", 1.0), ("AC", 1.0), ("A;B", 0.0)]
)
def test_letters_written_by_hand_may_be_separated(answer: str, score: float) -> None:
    assert written_choice(answer, "AC") == score
