"""A text states an answer where it stands whole: not as an operand, an index, a label or an article."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zppo.teacher.statements import stated_at


def states(text: str, answer: str) -> bool:
    return any(True for _ in stated_at(text, answer))


@pytest.mark.parametrize(
    ("text", "answer", "told"),
    [
        ("3*3 = 9", "9", True),
        ("9.", "9", True),
        ("(9)", "9", True),
        ("19 and 90, 9.5, 0.9, x9", "9", False),
        ("so it is \\frac{1} {2}", "\\frac{1}{2}", True),
        ("the Red Sea", "red sea", True),
        ("the redsea", "red sea", True),
        ("predated", "red", False),
        ("take a look", "A", False),
        ("choose A", "A", True),
        ("choose A", "(A)", True),
        ("add -3", "-3", True),
        ("the side is 9cm", "9", True),
        ("", "{}", False),
        ("nothing at all", "\\text{}", False),
        ("it is 9.0", "9", True),
        ("divide: 18/2", "9", False),
        ("half of it, \\frac12", "1/2", True),
        ("half of it, 2/4", "0.5", True),
        ("that makes 1,000", "1000", True),
        ("that makes 1000", "1,000", True),
        ("that makes 9 1/7", "64/7", True),
        ("that makes 9\\frac{1}{7} cm", "9 1/7", True),
        ("1/7 of 19 1/7", "64/7", False),
        ("120,120*2", "120", True),
        ("18,18*2", "1818", False),
        ("a red one", "\\text{red}", True),
        ("it is 9", "$9$", True),
        ("it is x", "\\(x\\)", True),
    ],
)
def test_an_answer_is_told_when_it_stands_on_its_own(text: str, answer: str, told: bool) -> None:
    assert states(text, answer) is told


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("a^2 + b^2", "2"),
        ("step 1", "1"),
        ("Step 1: subtract", "1"),
        ("1. Subtract\n2. Divide", "1"),
        ("1. Subtract\n2. Divide", "2"),
        ("part 2", "2"),
        ("equation (3)", "3"),
        ("x_2 and x_{2}", "2"),
        ("x^{-2}", "2"),
        ("2x + 3 = y", "2"),
        ("9 + 3", "9"),
        ("9 - 3 = y", "9"),
        ("3 \\times 9", "9"),
        ("\\sqrt{9}", "9"),
        ("\\frac{9}{2}", "9"),
        ("\\frac{2}{9}", "9"),
        ("f(9)", "9"),
        ("(9)^2", "9"),
        ("(-9)^2", "9"),
        ("2nd", "2"),
        ("2\\pi r", "2"),
        ("\\log_2 8", "2"),
        ("18/2", "2"),
        ("3:2", "2"),
        ("Eq. 2", "2"),
        ("\\frac{1}{2}bh", "1/2"),
        ("2(x+1)", "2"),
        ("x^2 + 3x", "x^2"),
        ("2 x + 3", "2"),
        ("9cm + 3cm", "9"),
    ],
)
def test_a_number_that_is_part_of_something_larger_states_nothing(text: str, answer: str) -> None:
    assert not states(text, answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("= 9", "9"),
        ("the answer is 9", "9"),
        ("you get 9 cm", "9"),
        ("there are 9 of them", "9"),
        ("**9**", "9"),
        ("is **9** a lot", "9"),
        ("_9_", "9"),
        ("9 - a nice number", "9"),
        ("9 - that is all", "9"),
        ("the answer - 9", "9"),
        ("9 km/h", "9"),
        ("9 m/s^2", "9"),
        ("9 cm^2", "9"),
        ("9^\\circ", "9"),
        ("9%", "9"),
        ("$9$", "9"),
        ("\\(9\\)", "9"),
        ("\\text{9}", "9"),
        ("x = -9", "9"),
        ("it is 9!", "9"),
        ("9. is it", "9"),
        ("there are 9 a day", "9"),
        ("(9)", "9"),
        ("x = 9\n", "9"),
        ("- 9", "9"),
        ("+ 9 pears", "9"),
        ("* 9", "9"),
        ("9 = 3+6", "9"),
        ("x = 9\\\\", "9"),
        ("9 apples", "9"),
        ("step 1: 9 apples", "9"),
        ("from x -9", "9"),
        ("is 9, so", "9"),
        ("is 9: done", "9"),
        ("9\\text{ cm}", "9"),
        ("9 \\text{ cm}", "9"),
        ("9\\,cm", "9"),
        ("x\\approx 9", "9"),
    ],
)
def test_a_number_that_stands_whole_is_stated(text: str, answer: str) -> None:
    assert states(text, answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("A train leaves", "A"),
        ("a train", "A"),
        ("A = \\pi r^2", "A"),
        ("V = A h", "A"),
        ("V = A \\cdot h", "A"),
        ("points A, B and C", "A"),
        ("train A leaves before B", "A"),
        ("Note: A train leaves", "A"),
        ("f(A)", "A"),
        ("so I add", "I"),
        ("x^A", "A"),
        ("a+b", "a"),
    ],
)
def test_a_letter_that_is_an_article_a_name_or_a_variable_states_no_choice(text: str, answer: str) -> None:
    assert not states(text, answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("option A", "A"),
        ("(A)", "A"),
        ("A is right", "A"),
        ("the answer is A", "A"),
        ("choose A", "A"),
        ("A.", "A"),
        ("A", "A"),
        ("**A**", "A"),
        ("Answer: A", "A"),
        ("so it is (a)", "A"),
        ("option A because", "A"),
        ("it is A.", "A"),
        ("B fits", "B"),
        ("so go with B", "B"),
        ("Hint.\n\nA.", "A"),
        ("So the correct option must be **(A)**", "A"),
        ("\\textbf{A} is correct", "A"),
        ("the answer is $A$", "A"),
    ],
)
def test_a_letter_in_brackets_alone_or_said_to_be_right_is_stated(text: str, answer: str) -> None:
    assert states(text, answer)


@pytest.mark.parametrize("answer", ["9 cm", "\\$9", "9\\%", "x = 9", "9 apples", "9^\\circ"])
def test_an_answer_with_a_unit_is_stated_by_its_number_alone(answer: str) -> None:
    assert states("so it is 9", answer) and states(f"so it is {answer}", answer)
    assert not states("step 9: take 90 and 9x", answer)


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ("9", ["The answer is nine.", "Nine", "you get nine apples", "nine"]),
        ("12", ["that makes twelve", "a dozen is twelve."]),
        ("25", ["twenty-five", "that is twenty five"]),
        ("1", ["the answer is one", "x = one", "One."]),
        (
            "1000",
            ["1{,}000", "1\\,000", "1 000", "1\u2009000", "1\u00a0000", "one thousand", "a thousand", "$10^3=1\\ 000$"],
        ),
        ("2500", ["two thousand five hundred", "two thousand, five hundred"]),
        ("0.5", ["50%", "50\\%", "50 percent", "\\dfrac{1}{2}"]),
        ("50%", ["0.5", "1/2", "50 %"]),
        ("1500", ["1.5\\times 10^3", "1.5 \\cdot 10^{3}", "1.5 × 10³", "1.5e3"]),
        ("\\frac{\\pi}{2}", ["\\pi/2", "it is $\\frac{\\pi}{2}$", "\\dfrac \\pi 2", "π/2"]),
        ("\\pi/2", ["\\frac{\\pi}{2}", "\\tfrac\\pi2"]),
        ("\\frac{x+1}{2}", ["(x+1)/2", "\\frac{x + 1}{2}"]),
        ("\\frac{\\sqrt{3}}{2}", ["√3/2", "\\sqrt3/2"]),
        ("\\sqrt{2}", ["\\sqrt 2", "√2", "\\sqrt2"]),
        ("2^{10}", ["2^10", "2^{10}", "2¹⁰"]),
        ("6\\pi", ["6\\cdot \\pi", "6 \\pi", "6π"]),
        ("2\\cdot 3^5", ["2 \\times 3^{5}", "2*3^5"]),
        ("3, 4", ["3 and 4", "4 and 3", "x = 3 or x = 4", "three and four", "(3,4)"]),
        ("3 and 4", ["3, 4"]),
        ("great tit", ["a great-tit", "Great tit"]),
        ("well-known", ["well known"]),
        (
            "B",
            ["It's B.", "This leads to B", "This matches B", "We find B", "B, because it is", "pick b", "the letter b"],
        ),
        ("No", ["The answer is no.", "No.", "No, it is not", "so, no", "Answer: no", "the answer is no because"]),
        ("True", ["The claim is true.", "option true", "So true", "x = True", "the statement is true because"]),
        ("Yes", ["Yes!", "the answer: **yes**"]),
    ],
)
def test_an_answer_is_stated_in_whatever_way_it_is_written(answer: str, texts: list[str]) -> None:
    assert [text for text in texts if not states(text, answer)] == []


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ("No", ["There is no remainder", "so no remainder is left", "Note: no digit repeats", "nothing"]),
        ("True", ["It is true that the sum is even", "which is true for all n", "the true value"]),
        ("Yes", ["yesterday", "a yes vote"]),
        ("1", ["the one that is left", "one of the sides", "is one of them", "look at one side", "one-third"]),
        ("2", ["the two sides", "these two numbers", "two-step", "two thirds", "step two"]),
        ("9", ["ninety", "nine plus three", "nine times three", "3 times 9", "nine-sided", "nineteen", "nine hundred"]),
        ("1000", ["21 000", "1 0000", "100 0"]),
        ("1", ["be 100% sure"]),
        ("1.5", ["1.5\\times 10^3"]),
        ("\\frac{\\pi}{2}", ["3\\pi/2", "\\pi/20", "2\\pi"]),
        ("\\sqrt{2}", ["\\sqrt{21}", "\\sqrt{2}/2", "3√2"]),
        ("2^{10}", ["12^10", "2^{100}", "2^10 - 1"]),
        ("3, 4", ["3 apples", "step 3 and step 4"]),
        ("x-1", ["x 1"]),
        ("B", ["a train and a bus", "points A, B and C", "b = 3"]),
    ],
)
def test_what_only_looks_like_an_answer_states_nothing(answer: str, texts: list[str]) -> None:
    assert [text for text in texts if states(text, answer)] == []


@pytest.mark.parametrize("answer", ["\\frac{\\pi}{2}", "\\sqrt{ 2 }", "1{,}000", "\\frac{1}{2}"])
def test_a_statement_begins_where_its_latex_begins(answer: str) -> None:
    text = f"then x^{{2}} \\cdot y = {answer} cm"
    assert min(stated_at(text, answer)) == text.index(answer)


def test_a_number_of_any_length_is_read() -> None:
    assert not states("9" * 5000 + ". and so on", "9")


def test_a_list_counts_from_one_so_that_another_number_before_a_full_stop_is_a_statement() -> None:
    assert not states("1. subtract\n2. divide\n3. check", "3")
    assert states("3. check", "3")
    assert states("1. subtract\n3. check", "3")


def test_a_statement_begins_at_the_answer_itself() -> None:
    text = "So 9 + 3 is not 9, and the answer is (B)."
    assert list(stated_at(text, "9")) == [text.index("9,")]
    assert list(stated_at(text, "B")) == [text.index("B")]


@given(
    st.integers(0, 10**9),
    st.sampled_from(["= {}", "it is {}.", "{} cm", "- {}", "**{}**", "${}$", "x = 5 + 4 = {}", "1. add\n2. get {}"]),
)
def test_every_number_is_stated_as_a_result(value: int, result: str) -> None:
    assert states(result.format(value), str(value))


@given(
    st.integers(10, 10**9),
    st.sampled_from(
        ["x + {}", "{} - x", "a^{{{}}}", "{}x", "y*{}", "\\frac{{{}}}{{x}}", "f({})", "step {}", "{}(x+y)"]
    ),
)
def test_no_operand_is_a_statement(value: int, expression: str) -> None:
    assert not states(expression.format(value), str(value))
