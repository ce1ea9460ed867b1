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
