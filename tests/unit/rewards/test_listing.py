"""What the elements of an answer are, and whether their order counts."""

import pytest

from zppo.rewards.listing import UNION, listed, order, rows


@pytest.mark.parametrize(
    ("text", "elements", "brackets"),
    [
        ("1331 and 1728", ("1331", "1728"), ""),
        (r"\{1, 2\}", ("1", "2"), "{}"),
        (r"(1, 2]", ("1", "2"), "(]"),
        (r"\pm 2", ("2", "-2"), ""),
        (r"(-\infty, 1) \cup (1, \infty)", (r"(-\infty, 1)", r"(1, \infty)"), UNION),
        (r"x \ne 1", (r"(-\infty, 1)", r"(1, \infty)"), UNION),
        ("R", (r"-\infty", r"\infty"), "()"),
        ("5", ("5",), ""),
    ],
)
def test_elements(text: str, elements: tuple[str, ...], brackets: str) -> None:
    read = listed(text)
    assert (read.elements, read.brackets) == (elements, brackets)


@pytest.mark.parametrize(
    ("one", "other", "in_order"),
    [
        ("1, 2", r"\{2, 1\}", False),
        ("1, 2", "(1, 2)", True),
        ("(1, 2)", "[1, 2]", None),
        ("(1, 2, 3)", "[1, 2, 3]", True),
        (r"\{1, 2\}", "(1, 2)", None),
        ("x = 1, y = 2", "1, 2", True),
        ("x = 1, x = 2", "1, 2", False),
        (r"(1, 2) \cup (3, 4)", "(1, 2), (3, 4)", None),
        (r"(1, 2) \cup (3, 4)", "1 < x < 2 or 3 < x < 4", False),
    ],
)
def test_order(one: str, other: str, in_order: bool | None) -> None:
    assert order(listed(one), listed(other)) is in_order


def test_the_cells_of_a_matrix() -> None:
    assert rows(r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}") == [["1", "2"], ["3", "4"]]
    assert rows("(1, 2)") == []
