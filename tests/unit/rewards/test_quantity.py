"""Numbers agree within a tolerance; a unit may be missing on one side, but two different ones are wrong."""

from fractions import Fraction
from typing import Any

import pytest
from boxes import graded, question, reward
from hypothesis import given
from hypothesis import strategies as st

from zppo.errors import DataError
from zppo.rewards.graded import AnswerRule
from zppo.rewards.quantity import Quantity, compare_quantity, quantity_in, read_quantity

RULE = AnswerRule(read_quantity, compare_quantity)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1234.5", "1234.5", ""),
        ("1,234.5", "1234.5", ""),
        ("1{,}234{,}567", "1234567", ""),
        ("1 234 567", "1234567", ""),
        (r"-\frac12", "-1/2", ""),
        ("-3/4", "-3/4", ""),
        ("2 3/4 inches", "11/4", "in"),
        (r"-2\frac{3}{4}", "-11/4", ""),
        ("2 5/4", None, ""),
        ("1 234/567", "1234/567", ""),
        (r"3\times10^{8}\,\mathrm{m/s}", "3e8", "m/s"),
        (r"6.02 \cdot 10^{-23}", "6.02e-23", ""),
        ("2.5e3", "2500", ""),
        ("x = 5", "5", ""),
        (r"\approx 5", "5", ""),
        ("≈ 5", "5", ""),
        (r"\approx", None, ""),
        (r"\approxeq 5", None, ""),
        ("−5", "-5", ""),
        ("10^8", "1e8", ""),
        ("-10^{-8}", "-1e-8", ""),
        ("3·10⁻⁴", "3e-4", ""),
        ("10^{8.5}", None, ""),
        ("10^x", None, ""),
        ("210^8", None, ""),
        (r"v \approx 5", "5", ""),
        (r"\$3.50", "3.5", "$"),
        ("-€2", "-2", "€"),
        ("3.5 dollars", "3.5", "$"),
        (r"30^\circ", "30", "°"),
        ("30 degrees", "30", "°"),
        (r"50\%", "50", "%"),
        ("50 percent", "50", "%"),
        ("50 per cent", "50", "%"),
        (r"10\text{ cm}", "10", "cm"),
        (r"10\text{ cm}^2", "10", "cm^2"),
        ("9.8 m/s^2", "9.8", "m/s^2"),
        ("3 m/2", None, ""),
        ("5 kilometers", "5", "km"),
        ("12 apples", "12", "apples"),
        (r"2\pi", None, ""),
        ("2x", None, ""),
        ("5 or 7", None, ""),
        ("5 to 7", None, ""),
        ("5, 7", None, ""),
        ("(5)", None, ""),
        ("1/0", None, ""),
        (r"\sqrt{4}", None, ""),
        ("seven", None, ""),
        ("1e999999", None, ""),
        ("9" * 1000, None, ""),
        ("", None, ""),
    ],
)
def test_how_numbers_are_read(text: str, value: str | None, unit: str) -> None:
    assert quantity_in(text) == (None if value is None else Quantity(Fraction(value), unit))


def test_the_tolerance_is_relative_and_a_millionth_unless_the_question_says_otherwise() -> None:
    assert reward(RULE, question("3.141592653589793"), "3.141593") == 1.0
    assert reward(RULE, question("3.141592653589793"), "3.1416") == 0.0
    assert reward(RULE, question("9.81", tolerance=0.01), "9.8") == 1.0
    assert reward(RULE, question("9.81", tolerance=0.01), "9.7") == 0.0
    assert reward(RULE, question("9.81", tolerance=0), "9.8100000001") == 0.0
    assert reward(RULE, question("9.81", tolerance=None), "9.81") == 1.0


def test_an_absolute_tolerance_is_for_answers_about_zero() -> None:
    assert reward(RULE, question("0"), "0.001") == 0.0
    assert reward(RULE, question("0", absolute_tolerance=0.01), "0.001") == 1.0
    assert reward(RULE, question("100", tolerance=0, absolute_tolerance=0.5), "100.4") == 1.0


def test_units() -> None:
    assert reward(RULE, question("5 km"), "5") == 1.0
    assert reward(RULE, question("5"), "5 km") == 1.0
    assert reward(RULE, question("5 km"), r"5\text{ kilometers}") == 1.0
    assert graded(RULE, question("5 km"), "5 m").reason == "the unit is m, not km"
    assert reward(RULE, question("50%"), "0.5") == 0.0, "nothing is converted"


SPELLINGS = [
    [
        *("m/s^2", "m/s²", "m s^{-2}", "m·s⁻²", r"\frac{m}{s^2}", r"\dfrac{\text{m}}{\text{s}^{2}}"),
        *(r"\mathrm{m\,s^{-2}}", r"\text{m}/\text{s}^2", "m/s/s", "meters per second squared"),
    ],
    ["J/(mol·K)", r"\frac{J}{mol \cdot K}", "J mol^{-1} K^{-1}", "J/mol/K", "joules / (K mol)"],
    ["m^2", "m²", r"\text{m}^2", "square meters", "metres squared", r"m\cdot m"],
    ["ms", r"\text{ms}"],
    ["m s", r"m \cdot s", "s m"],
    ["μm", "µm", r"\mu m", r"\mu\text{m}"],
    ["°C", r"^\circ C", r"^{\circ}\text{C}", "degrees Celsius", "° C"],
    ["J/mol·K"],
    ["m/s"],
    ["s/m"],
    ["m"],
    ["m^3"],
]


@pytest.mark.parametrize("same", SPELLINGS)
def test_a_unit_is_the_same_in_all_its_spellings_and_no_other(same: list[str]) -> None:
    read = {quantity_in(f"2 {unit}") for unit in same}
    assert len(read) == 1 and None not in read
    assert not read & {quantity_in(f"2 {unit}") for other in SPELLINGS if other is not same for unit in other}


@given(st.dictionaries(st.sampled_from(["m", "kg", "s", "mol", "K"]), st.integers(-3, 3).filter(bool), min_size=1))
def test_factors_of_a_unit_may_stand_in_any_order_but_not_with_other_powers(powers: dict[str, int]) -> None:
    def written(powers: dict[str, int]) -> Quantity | None:
        return quantity_in("2 " + r" \cdot ".join(f"{unit}^{{{power}}}" for unit, power in powers.items()))

    assert written(powers) is not None
    assert written(powers) == written(dict(reversed(powers.items())))
    assert written(powers) != written({unit: -power for unit, power in powers.items()})
    first = next(iter(powers))
    assert written(powers) != written(powers | {first: powers[first] + 4})


def test_the_reason_names_the_tolerance() -> None:
    assert graded(RULE, question("2"), "3").reason == "3 is not within the tolerance (relative 1e-06) of 2"
    assert graded(RULE, question("2"), "two").reason == "two is not a number"


@pytest.mark.parametrize(
    ("answer", "fields", "message"),
    [
        ("seven", {}, "the answer 'seven' is no number; use another answer_type"),
        ("7", {"tolerance": -1}, "tolerance is -1; a share of the answer, a number that is 0 or more"),
        ("7", {"tolerance": "1%"}, "tolerance is '1%'"),
        ("7", {"tolerance": True}, "tolerance is True"),
        ("7", {"absolute_tolerance": float("inf")}, "absolute_tolerance is inf"),
    ],
)
def test_a_question_that_cannot_be_graded_is_refused_by_id(answer: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=f"question 'q1': {message}"):
        RULE.check(question(answer, **fields))


@given(st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_thousands_separators_change_nothing(number: int, decimals: int) -> None:
    text = f"{number:,}" + (f".{'0' * decimals}" if decimals else "")
    assert quantity_in(text) == Quantity(Fraction(number))
