"""Edit distance and ANLS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zppo.evals.metrics import anls, edit_distance, similarity

TEXTS = st.text("abc ", max_size=12)


def by_table(a: str, b: str) -> int:
    """The textbook table, row by row."""
    above = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        row = [i]
        for j, y in enumerate(b, start=1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y)))
        above = row
    return above[-1]


@given(TEXTS, TEXTS)
def test_the_distance_is_that_of_the_textbook_table(a: str, b: str) -> None:
    assert edit_distance(a, b) == by_table(a, b) == edit_distance(list(b), list(a))


def test_a_page_of_text_is_no_burden() -> None:
    page = "the quick brown fox jumps over the lazy dog " * 100
    assert edit_distance(page, page[10:] + "end") == 13


@pytest.mark.parametrize(("a", "b", "expected"), [("", "", 1.0), ("a", "", 0.0), ("kitten", "sitting", 4 / 7)])
def test_similarity_is_one_minus_the_distance_over_the_longer_length(a: str, b: str, expected: float) -> None:
    assert similarity(a, b) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("answer", "golds", "score"),
    [
        ("Paris", ["paris"], 1.0),
        ("  New   York ", ["new york"], 1.0),
        ("parish", ["paris", "london"], 5 / 6),
        ("abcd", ["abxy"], 0.5),
        ("abcde", ["abxyz"], 0.0),
        ("", ["paris"], 0.0),
    ],
)
def test_anls_is_the_best_similarity_and_nothing_below_one_half(answer: str, golds: list[str], score: float) -> None:
    assert anls(answer, golds) == pytest.approx(score)
