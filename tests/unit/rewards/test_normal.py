"""The normal form takes away how an answer looks, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zppo.rewards.normal import normal_form, squeezed


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (r"$\text{5\,cm}$.", "5 cm"),
        ("**73**", "73"),
        ("*73*", "73"),
        (r"\(\mathbf{x}\)", "x"),
        (r"\boxed{\frac12}", r"\frac{1}{2}"),
        (r"\dfrac{1}2", r"\frac{1}{2}"),
        (r"\mathbf{\frac{\pi}{\frac{2}{3}}}", r"\frac{\pi}{\frac{2}{3}}"),
        (r"n\in\mathbb N", r"n\in N"),
        (r"\varnothing", r"\emptyset"),
        (r"\{ \}", r"\emptyset"),
        (r"x \leq 3", r"x \le 3"),
        ("x²", "x^{2}"),
        ("x₁", "x_{1}"),
        ("2√5", r"2\sqrt{5}"),
        ("½", r"\frac{1}{2}"),
        ("π", r"\pi"),
        ("−5", "-5"),
        ("1{,}234,567", "1234567"),
        ("1 234", "1234"),
        ("(1,234)", "(1,234)"),
        (r"30^{\circ}", "30°"),
        (r"0.1\overline{6}", r"\frac{15}{90}"),
        (r"\$5 \%", "$5 %"),
        ("$x=1$ and $x=2$", "x=1 and x=2"),
        ("2**3", "2**3"),
        ("", ""),
        (";", ";"),
    ],
)
def test_how_texts_are_written_in_normal_form(text: str, form: str) -> None:
    assert normal_form(text) == form


def test_spaces_do_not_count_but_between_digits() -> None:
    assert squeezed("2 x + 1 1/2") == "2x+1 1/2"


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20))
def test_the_normal_form_of_a_text_that_says_something_is_not_empty(text: str) -> None:
    assert normal_form(text)
