"""The last box of a response is its answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zppo.rewards.boxed import last_boxed

balanced = st.recursive(
    st.text(st.characters(exclude_characters="\\{}"), max_size=8),
    lambda inner: st.lists(inner | inner.map(lambda s: "{" + s + "}"), max_size=4).map("".join),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{5}", "5"),
        (r"\boxed{3}, no: \boxed{4}.", "4"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\fbox{7}", "7"),
        (r"\boxed {8}", "8"),
        (r"\boxed{\text{a {b} c}} and }", r"\text{a {b} c}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\left[0, 1\right\}}", r"\left[0, 1\right\}"),
        ("\\boxed{\n1\\\\\n2\n}", "\n1\\\\\n2\n"),
        (r"\boxed{x = \boxed{6}}", "6"),
        (r"{ an open brace \boxed{5}", "5"),
        (r"\boxed{}", ""),
    ],
)
def test_content_of_the_last_box(text: str, answer: str) -> None:
    assert last_boxed(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"$\boxed 5$", "5"),
        (r"\boxed -1/2.", "-1/2"),
        (r"\boxed \frac{1}{2}$", r"\frac{1}{2}"),
        (r"\boxed \frac12", r"\frac12"),
        (r"option \boxed B", "B"),
        (r"\boxed{5}, in \boxed as asked", "5"),
        (r"\boxed{5}, see \boxedtheorem 7", "5"),
    ],
)
def test_a_box_without_braces_counts_when_an_answer_follows(text: str, answer: str) -> None:
    assert last_boxed(text) == answer


@pytest.mark.parametrize("text", ["", "the answer is 5", r"\boxed{5", r"\boxed", r"boxed{5}", r"\boxed{ {5}"])
def test_no_complete_box_is_no_answer(text: str) -> None:
    assert last_boxed(text) is None


def test_a_box_cut_off_by_the_length_limit_leaves_the_complete_one_before_it() -> None:
    assert last_boxed(r"\boxed{4}. Let me check: \boxed{\frac{1}{") == "4"
    assert last_boxed(r"\boxed{x = \boxed{6}") == "6"


@given(balanced)
def test_whatever_is_put_into_a_box_comes_out(content: str) -> None:
    assert last_boxed(f"x \\boxed{{{content}}}") == content


@given(st.text(st.sampled_from(r"\boxedfb{} 5A$"), max_size=40))
def test_any_text_gives_a_substring_or_nothing(text: str) -> None:
    answer = last_boxed(text)
    assert answer is None or answer in text


def test_a_response_full_of_open_boxes_costs_no_more_than_another() -> None:
    """In one pass: reading on from every open box would take hours."""
    assert last_boxed("\\boxed{" * 100_000) is None
    assert last_boxed("\\boxed{" * 50_000 + "}" * 50_000) == ""


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"<think>maybe \boxed{4}</think> It is \boxed{5}.", "5"),
        (r"maybe \boxed{4}</think> It is \boxed{5}.", "5"),
        (r"<think>so \boxed{4}</think>", "4"),
        ("<think>so \\boxed{4}</think>\n\n<|im_end|>\n", "4"),
        (r"so \boxed{4}</think>", "4"),
        (r"<think>one \boxed{3}</think><think>two \boxed{4}</think>", "4"),
        (r"It is \boxed{5}. <think>or \boxed{6}", "5"),
        (r"<think>\boxed{4}</think> It is \boxed{5}. <think>or \boxed{6}", "5"),
    ],
)
def test_a_box_outside_of_the_thoughts_counts_first_and_one_inside_only_if_nothing_follows(
    text: str, answer: str
) -> None:
    assert last_boxed(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        r"<think>maybe \boxed{4} but",
        r"<think>maybe \boxed{4}</think> I cannot solve it.",
        r"maybe \boxed{4}</think> I cannot solve it.",
        r"<think>\boxed{4}</think> <think>no, wait",
        "<think>\\boxed{4}</think>\nThe answer is \\boxed{4",
    ],
)
def test_thoughts_that_never_end_or_that_something_follows_hold_no_answer(text: str) -> None:
    assert last_boxed(text) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{2}, \boxed{3}, \boxed{5}", "2, 3, 5"),
        (r"$\boxed{2}$, $\boxed{3}$ and $\boxed{5}$.", "2, 3, 5"),
        (r"\boxed{2} \text{ and } \boxed{3}", "2, 3"),
        (r"\boxed{0.5} or \boxed{2}", "0.5, 2"),
        (r"\boxed{(1,2)}; \boxed{(3,4)}", "(1,2); (3,4)"),
        (r"first \boxed{1}, then \boxed{2}, \boxed{3}", "2, 3"),
        ("\\boxed{7}\n\n\\boxed{7}", "7"),
        (r"\boxed{7}, \boxed{7}", "7"),
    ],
)
def test_boxes_joined_by_commas_or_a_word_are_one_list(text: str, answer: str) -> None:
    assert last_boxed(text) == answer


@pytest.mark.parametrize(
    "text", [r"\boxed{41} \boxed{42} \boxed{43}", "\\boxed{1}\n\\boxed{2}", r"$\boxed{1}$$\boxed{2}$"]
)
def test_different_boxes_with_nothing_between_them_are_no_answer(text: str) -> None:
    assert last_boxed(text) is None


def test_space_between_boxes_costs_one_pass() -> None:
    assert last_boxed("\\boxed{1}" + "$ " * 50_000 + "so \\boxed{2}") == "2"
    assert last_boxed("\\boxed{1}, " * 20_000 + "\\boxed{1}") == "1"


@pytest.mark.parametrize("between", ["/", " | ", r" \mid ", r" \\ ", r" \lor "])
def test_different_boxes_with_a_sign_of_alternatives_between_them_are_no_answer(between: str) -> None:
    assert last_boxed(rf"\boxed{{42}}{between}\boxed{{43}}") is None
