"""Options, dates, times, ratios and numbers in a base are compared part by part."""

import pytest

from zppo.rewards.literals import same_option, same_parts


@pytest.mark.parametrize(
    ("gold", "answer", "same"),
    [
        ("B", "(B)", True),
        ("B", "(B) 7", True),
        ("(B) 7", "7", True),
        ("(B) 7", "(B) 8", False),
        ("B", "(C) 7", False),
        ("B", "(B) or (C)", False),
        ("B", "(B) and not C", False),
        ("x", "y", None),
        ("A + B", "B + A", None),
    ],
)
def test_options(gold: str, answer: str, same: bool | None) -> None:
    assert same_option(gold, answer, str.__eq__) is same


@pytest.mark.parametrize(
    ("gold", "answer", "same"),
    [
        ("2023-01-02", "2023/1/2", True),
        ("2023-01-02", "2023-02-01", False),
        ("2023-01-02", "2020", False),
        ("May 5", "5 May", True),
        ("May 5", "May 5th", True),
        ("May 5", "Mar 5", False),
        ("May 5, 2020", "May 5, 2021", False),
        ("3 AM", "3:00 a.m", True),
        ("3 AM", "3 PM", False),
        ("3:30", "3:30 PM", True),
        ("15:30", "3:30 PM", True),
        ("12:00", "1:00", False),
        ("36", "12 PM", None),
        ("27:00", "3:00", False),
        ("3-2", "2-3", False),
        ("2:3", "2:3", True),
        ("2:3", "4:6", False),
        ("2:3", r"\frac{2}{3}", True),
        ("2516_8", "2516_{8}", True),
        ("2516_8", "2516 base 8", True),
        ("2516_8", "2516_7", False),
        ("2516_8", "2516", False),
        ("45_{10}", "45", True),
        ("1A_{16}", "1a_{16}", True),
        ("x_2", "x_3", None),
        ("5", "6", None),
    ],
)
def test_parts(gold: str, answer: str, same: bool | None) -> None:
    assert same_parts(gold, answer) is same
    assert same_parts(answer, gold) is same
