"""What holds for any two answers: the same in another coat is equal, what differs in one sign or word is not."""

from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from zppo.rewards.equivalence import Equivalence

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
whole = st.integers(2, 99)
letter = st.sampled_from("abcmnpqrstxyz")
leaf = whole.map(str) | letter | st.just("\\pi")
expression = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("\\frac{{{0[0]}}}{{{0[1]}}}".format),
        st.tuples(inner, inner).map("({0[0]} + {0[1]})".format),
        st.tuples(inner, inner).map("({0[0]} - {0[1]})".format),
        st.tuples(inner, inner).map("{0[0]} \\cdot {0[1]}".format),
        st.tuples(inner, st.integers(2, 4)).map("({0[0]})^{{{0[1]}}}".format),
        inner.map("\\sqrt{{{}}}".format),
        inner.map("\\sin({})".format),
    ),
    max_leaves=6,
)
UNITS = ["cm", "m", "km", "miles", "hours", "minutes", "boys", "girls", "apples", "dollars", "cents", "kg", "blorps"]
COATS: list[Callable[[str], str]] = [
    "${}$".format,
    "\\({}\\)".format,
    "**{}**".format,
    "\\boxed{{{}}}".format,
    "  {} . ".format,
    "\\mathbf{{{}}}".format,
    "\\displaystyle {}".format,
    lambda text: text.replace("(", "\\left(").replace(")", "\\right)"),
    lambda text: text.replace("\\frac", "\\dfrac"),
    lambda text: text.replace(" ", "\\,"),
    lambda text: text.replace("\\cdot", "*").replace("\\pi", "π"),
]


@pytest.fixture(scope="module")
def equal() -> Iterator[Equivalence]:
    equivalence = Equivalence()
    yield equivalence
    equivalence.close()


@given(expression, st.sampled_from(COATS))
@few
def test_an_answer_is_equal_to_itself_in_another_coat(
    equal: Equivalence, text: str, coat: Callable[[str], str]
) -> None:
    assert equal(text, text) is True
    assert equal(text, coat(text)) is True
    assert equal(coat(text), text) is True


@given(expression, expression)
@few
def test_it_does_not_matter_which_is_the_reference(equal: Equivalence, one: str, other: str) -> None:
    assert equal(one, other) is equal(other, one)


@given(expression, letter)
@few
def test_another_term_sign_factor_or_power_is_another_answer(equal: Equivalence, text: str, name: str) -> None:
    assert not equal(text, f"{text} + {name}")
    assert not equal(f"{text} + {name}", f"{text} - {name}")
    assert not equal(f"{name} + 2", f"{name} + 2z_1")
    assert not equal(f"k \\cdot {text} + {name}^2", f"k \\cdot {text} + {name}^3")


@given(expression, letter, letter)
@few
def test_another_variable_is_another_answer(equal: Equivalence, text: str, one: str, other: str) -> None:
    assume(one != other)
    assert not equal(f"{text} + {one}_2", f"{text} + {other}_2")
    assert not equal(f"{one}_1", f"{one}_2")
    assert not equal(f"{one} = 5", f"{other} = 5")


@given(whole, st.sampled_from(UNITS), st.sampled_from(UNITS))
@few
def test_two_units_that_differ_are_never_equal_and_a_missing_one_is_forgiven(
    equal: Equivalence, number: int, one: str, other: str
) -> None:
    assert equal(f"{number} \\text{{ {one}}}", f"{number} {other}") is (one == other)
    assert equal(f"{number} \\text{{ {one}}}", f"{number}") is equal(f"{number}", f"{number} {one}") is True
    assert equal(f"{number} \\text{{ {one}}}", f"{number + 1}") is False


@given(whole, st.sampled_from(["thousand", "million", "billion", "lakh", "crore", "dozen", "hundred"]))
@few
def test_words_of_magnitude_multiply(equal: Equivalence, number: int, word: str) -> None:
    scales = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "lakh": 10**5, "crore": 10**7, "dozen": 12}
    scale = scales.get(word, 100)
    assert equal(f"{number} {word}", str(number * scale)) is True
    assert equal(f"{number} \\text{{ {word}}}", f"{number * scale:,}") is True
    assert equal(f"{number} {word}", str(number)) is False


@given(st.integers(8, 10**6), st.integers(2, 9), st.integers(2, 9))
@few
def test_the_base_is_part_of_a_number(equal: Equivalence, number: int, one: int, other: int) -> None:
    digits = oct(number)[2:].replace("8", "0")
    digits = "".join(str(int(digit) % min(one, other)) for digit in digits).lstrip("0") or "1"
    assert equal(f"{digits}_{one}", f"{digits}_{{{other}}}") is (one == other)
    assert equal(f"{digits}_{one}", digits) is False


@given(st.integers(2, 300), st.integers(-3, 3), st.integers(10**9, 10**12))
@few
def test_rational_numbers_are_compared_exactly(equal: Equivalence, power: int, step: int, number: int) -> None:
    assert equal(f"\\frac{{1}}{{{power}!}}", f"\\frac{{1}}{{{power + 2}!}}") is False
    assert equal(f"2^{{{power}}} + {4 + step}", f"2^{{{power}}} + 4") is (step == 0)
    assert equal(f"\\frac{{{number}}}{{{number + 1}}}", f"\\frac{{{number + step}}}{{{number + 1}}}") is (step == 0)


@given(st.lists(st.integers(-99, 99), min_size=2, max_size=5, unique=True), st.randoms(use_true_random=False))
@few
def test_lists_and_sets_have_no_order_and_tuples_have_one(equal: Equivalence, numbers: list[int], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = random.sample(numbers, len(numbers))
    one, other = (", ".join(map(str, each)) for each in (numbers, shuffled))
    assert equal(one, other) is True
    assert equal(f"\\{{{one}\\}}", f"\\{{{other}\\}}") is True
    assert equal(f"({one})", f"({other})") is (numbers == shuffled)
    assert equal(one, f"{other}, 100") is False


@given(st.integers(1, 12), st.integers(0, 59), st.sampled_from("ap"), st.sampled_from("ap"))
@few
def test_the_half_of_the_day_counts(equal: Equivalence, hour: int, minute: int, one: str, other: str) -> None:
    assert equal(f"{hour}:{minute:02} \\text{{ {one}.m.}}", f"{hour}:{minute:02} {other.upper()}M") is (one == other)


@given(
    st.text(st.sampled_from("\\frac{}()[]^_ 0123.,x+-*/=<>|!%°$abtexpi√²π'\"&~:;\n"), max_size=40), st.text(max_size=15)
)
@settings(max_examples=300, deadline=None)
def test_no_text_brings_the_comparison_down(text: str, other: str) -> None:
    equal = Equivalence(command=["no worker is needed"])
    equal._remembered_or_asked = lambda gold, answer: None  # type: ignore[method-assign]
    for pair in ((text, other), (other, text), ("5", text), (text, "x = 5 cm")):
        assert equal(*pair) in (True, False, None)


HEAVY = {
    "spaces": "5" + " " * 20_000 + "6",
    "fractions": "\\frac{1}{" * 800 + "x" + "}" * 800,
    "braces": "{" * 5000 + "x" + "}" * 5000,
    "brackets": "(" * 5000 + "x" + ")" * 5000,
    "digits": "1" * 20_000,
    "sum": "x" + "+x" * 3000,
    "signs": "-" * 5000 + "x",
    "commands": "\\text{" * 3000,
    "dollars": "$" * 20_000,
    "stars": "*" * 20_000,
    "words": "5 " + "word " * 3000,
    "equations": "=5" * 3000,
    "options": "(A) " * 3000,
    "groups": "1" + " 000" * 3000,
    "matrix": "\\begin{pmatrix}" + "1&" * 3000 + "\\end{pmatrix}",
    "period": "0.\\overline{" + "3" * 3000 + "}",
}


@pytest.mark.parametrize("kind", HEAVY)
def test_a_heavy_text_is_another_answer_and_takes_no_worker_to_its_deadline(equal: Equivalence, kind: str) -> None:
    equal.metrics()
    assert equal("x + 5", HEAVY[kind]) is False
    assert equal(HEAVY[kind], "x + 5") is False
    assert equal.metrics() == {"grader/calls": 2.0, "grader/timeouts": 0.0, "grader/crashes": 0.0}


@pytest.mark.parametrize("tower", ["9**9**9**9", "9^{9^{9^{9}}}", "99999999!", "x^{10^{10^{10}}}"])
def test_a_number_too_large_is_never_right(tower: str) -> None:
    equal = Equivalence(deadline_s=1.0)
    assert not equal("5", tower)
    equal.close()


@given(st.fractions(max_denominator=50), st.sampled_from([1, 3, 7]))
@few
def test_a_fraction_is_the_same_extended(equal: Equivalence, value: Fraction, factor: int) -> None:
    over, under = value.numerator * factor, value.denominator * factor
    assert equal(str(value), f"\\frac{{{over}}}{{{under}}}") is True
    assert equal(str(value), f"{over + 1}/{under}") is False
