"""Chains of relations, the names in them, and the intervals that inequalities are."""

import pytest

from zppo.rewards.relations import Interval, chain, interval, is_name


def test_a_chain_is_cut_at_signs_outside_of_brackets() -> None:
    assert chain(r"x = 2 + 3 = 5").parts == ("x", "2 + 3", "5")
    assert chain(r"1 < x \le 3").signs == ("<", r"\le")
    assert chain(r"f(x=1)").signs == ()
    assert chain("f(x) = 2x").name == "f(x)"
    assert chain("2x = 4").name == ""


def test_the_exact_part_of_an_approximation_counts() -> None:
    assert chain(r"\sqrt{2} \approx 1.41").parts == (r"\sqrt{2}",)
    assert chain(r"\approx 5").parts == ("5",)
    assert chain(r"x \approx 5").values == ("5",)


@pytest.mark.parametrize("text", ["x", r"\theta", "x_1", "f(x)", "AB", r"\angle ABC", "Area", "P(A)", "(x, y)", "|AB|"])
def test_names(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize("text", ["2x", "x+1", "xy", "e", r"\pi", "5", ""])
def test_what_is_no_name(text: str) -> None:
    assert not is_name(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(1, 3]", Interval("1", "3", "(]")),
        (r"1 < x \le 3", Interval("1", "3", "(]", "x")),
        (r"3 \ge x > 1", Interval("1", "3", "(]", "x")),
        (r"x \in [1, 3)", Interval("1", "3", "[)", "x")),
        ("x > 2", Interval("2", r"\infty", "()", "x")),
        (r"2 \ge x", Interval(r"-\infty", "2", "(]", "x")),
        ("x > y", None),
        ("x = 2", None),
        ("5", None),
    ],
)
def test_intervals(text: str, expected: Interval | None) -> None:
    assert interval(text) == expected
