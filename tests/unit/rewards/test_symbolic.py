"""Expressions in LaTeX and in plain notation are read whole or not at all, and compared by value."""

from fractions import Fraction

import pytest

from zppo.rewards.symbolic.compare import equivalent
from zppo.rewards.symbolic.tree import Unreadable, read
from zppo.rewards.symbolic.values import TooLarge, Undefined, exact


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\frac{\pi}{2}", "pi/2"),
        (r"2\cdot x^{10}", "2*x**10"),
        (r"\sin^2 x", "1 - cos(x)^2"),
        (r"\sin^{-1} x", "asin(x)"),
        (r"\log_2 8", "3"),
        (r"\sqrt[3]{-8}", "-2"),
        (r"2\frac{1}{3}", "7/3"),
        (r"\frac12", "0.5"),
        ("n!", "n(n-1)!"),
        (r"\binom{n}{2}", "n(n-1)/2"),
        (r"\left|x\right|".replace(r"\left", "").replace(r"\right", ""), r"\sqrt{x^2}"),
        ("1/2x", r"\frac{x}{2}"),
        ("f(x+1)", "f(1+x)"),
        ("14 - i", "14.0 + -1.0i"),
        ("2x+4y-3=0", r"y = -\frac{1}{2}x + \frac{3}{4}"),
        ("xy = 6", r"y = \frac{6}{x}"),
        ("x > 3", "6 < 2x"),
        ("e^{16} - 1", "-1 + exp(16)"),
        (r"\ln(x^2)", r"2\ln x"),
        ("4.123106", r"\sqrt{17}"),
        (r"\sqrt{2}\sqrt{3} - \sqrt{6}", "0"),
        (r"e^{-2000}", r"\frac{1}{e^{2000}}"),
    ],
)
def test_equal_values(one: str, other: str) -> None:
    assert equivalent(one, other) and equivalent(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x+2h", "x+2"),
        ("|x|", "x"),
        (r"\ln|x|", r"\ln x"),
        (r"\frac{1}{2004!}", r"\frac{1}{2006!}"),
        (r"\frac{2^{2005}+1}{3 \cdot 2^{2006}}", r"\frac{1}{6}"),
        (r"\sqrt{2} + 10^{-30}", r"\sqrt{2}"),
        ("2516_8", "2516_7"),
        ("x_1", "x_2"),
        ("f(x+1)", "f(x) + f(1)"),
        ("O(n)", r"\Theta(n)"),
        ("3x-y+13=0", "3x+4y+14=0"),
        ("x > 3", "2x < 6"),
        ("x > 3", r"x \ge 3"),
        ("x = 5", "y = 5"),
        (r"\log 2", r"\ln 2"),
        (r"\sqrt{17}", "4.12"),
        ("7", "6.9999999"),
        ("e^{-200}", "e^{-300}"),
        ("e^{-2000}", "e^{-3000}"),
        ("e^{-2000}", "0"),
        ("x + e^{-90}", "x"),
        ("1/7", "0.142858"),
    ],
)
def test_different_values(one: str, other: str) -> None:
    assert not equivalent(one, other) and not equivalent(other, one)


@pytest.mark.parametrize(
    "text", ["", "2 3", "x +", "(x", r"\foo", "1, 2", "x ?", r"\frac{1}", "2^", "--x", "(" * 100 + "x" + ")" * 100]
)
def test_what_is_not_understood_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_exact_values_have_a_limit() -> None:
    assert exact(read(r"\frac{5!}{2^{-3}} - |{-7}|")) == Fraction(953)
    assert exact(read("x")) is exact(read(r"\sqrt{4}")) is None
    with pytest.raises(TooLarge):
        exact(read("9^{9^{9}}"))
    with pytest.raises(Undefined):
        exact(read("1/(2-2)"))
