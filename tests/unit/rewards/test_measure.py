"""A unit is distinguished from a variable, and words of magnitude are part of the number."""

import pytest

from zppo.rewards.measure import Measure, measured, same_unit


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("60 miles", "60", "mi"),
        ("60 km/h", "60", "km/h"),
        ("10km", "10", "km"),
        (r"2\pi cm", r"2\pi", "cm"),
        ("5 m", "5", "m"),
        ("5m", "5m", ""),
        ("x+2 h", "x+2 h", ""),
        ("2x-3m", "2x-3m", ""),
        ("2x cm", "2x", "cm"),
        ("$5", "5", "$"),
        ("$5 million", "(5)*1000000", "$"),
        ("1.5 million", "(1.5)*1000000", ""),
        ("3 hundred thousand people", "(3)*100000", "people"),
        ("13 students", "13", "students"),
        ("30°", "30", "°"),
        (r"\sin 30°", r"\sin 30°", ""),
        ("21st", "21", "st"),
        ("5 or 7", "5 or 7", ""),
        ("ab", "ab", ""),
    ],
)
def test_what_is_value_and_what_is_unit(text: str, value: str, unit: str) -> None:
    assert measured(text) == Measure(value, unit)


@pytest.mark.parametrize("text", ["5 squared", "3 quarters", "5 below zero", "5 north"])
def test_words_that_change_the_number_may_not_be_left_out(text: str) -> None:
    assert not measured(text).forgiven


def test_case_and_number_of_a_word_do_not_count() -> None:
    for one, other in (("Apples", "apple"), ("boxes", "box"), ("cherries", "cherry")):
        assert same_unit(one, other)
    assert not same_unit("boys", "girls")
    assert not same_unit("m", "M")
