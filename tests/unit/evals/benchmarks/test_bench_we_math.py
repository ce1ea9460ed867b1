"""We-Math: a problem as a whole and in its steps."""

from typing import Any

import pytest
from benchrows import PICTURE, item_of, scored

from zppo.errors import DataError
from zppo.evals.benchmarks import BENCHMARKS
from zppo.types import MEDIA_MARK

WE = BENCHMARKS["we_math"]
ANGLES = "A. 15°;B. 75°; C. 90°; D. No correct answer"


def we(key: str = "2steps_1", option: str = ANGLES, **changes: Any) -> dict[str, Any]:
    row = {"ID": "2steps_7", "split": "testmini", "knowledge concept": "Angles", "question": "How large is the angle?"}
    row |= {"option": option, "answer": "B", "image_path": PICTURE, "key": key}
    return row | {"question number": 7, "knowledge concept description": "Angles: ..."} | changes


def test_wemath_options_come_in_one_text() -> None:
    item = item_of(WE, we())
    assert item.question.text == (
        f"{MEDIA_MARK}\nHow large is the angle?\n\nA. 15°\nB. 75°\nC. 90°\nD. No correct answer"
    )
    assert [scored(WE, item, answer) for answer in ("B", "75°", "A", "80°")] == [1.0, 1.0, 0.0, None]


@pytest.mark.parametrize(
    ("option", "texts"),
    [
        ("A. turn around ;C.; B. stay at ;C.;C. ①, ②;D. none", ["turn around ;C.", "stay at ;C.", "①, ②", "none"]),
        ("A. 45° B. 60° ;C. 120°", ["45°", "60°", "120°"]),
        ("A. ①;B．②", ["①", "②"]),
        ("A. 8;B. 9; F. No correct answer", ["8", "9", "No correct answer"]),
    ],
)
def test_wemath_a_semicolon_separates_options_only_before_the_next_letter(option: str, texts: list[str]) -> None:
    assert list(item_of(WE, we(option=option)).question.fields["options"].values()) == texts


def test_wemath_what_is_no_list_of_options_is_refused() -> None:
    with pytest.raises(DataError, match="column 'option' should be lettered options, not 'yes or no'"):
        item_of(WE, we(option="yes or no"))
    with pytest.raises(DataError, match="column 'key' should be such as 2steps_1 or 3steps_multi, not '4steps_1'"):
        item_of(WE, we(key="4steps_1"))


def answered(identity: str, *right: bool) -> list[tuple[Any, float]]:
    """The steps of a problem, and the whole as the last."""
    steps = len(right) - 1
    keys = [f"{steps}steps_{i}" for i in range(1, steps + 1)] + [f"{steps}steps_multi"]
    return [(item_of(WE, we(key=key, ID=identity)), float(r)) for key, r in zip(keys, right, strict=True)]


def test_wemath_steps_and_whole_belong_together_by_id_within_two_and_three_steps() -> None:
    whole = answered("1", True, True, True) + answered("1", True, True, True, False)
    numbers = WE.aggregate(whole)
    assert (numbers["strict"], numbers["loose"]) == (75.0, 75.0)
    assert numbers["score"] == pytest.approx(600 / 7)


@pytest.mark.parametrize(
    ("right", "strict", "loose"),
    [
        ((True, True, True), 100.0, 100.0),  # complete mastery
        ((True, True, False), 50.0, 50.0),  # inadequate generalisation
        ((True, False, True), 0.0, 100.0),  # rote memorisation by the strict measure alone
        ((False, False, True), 0.0, 0.0),  # rote memorisation
        ((True, False, False), 0.0, 0.0),  # insufficient knowledge
        ((False, False, False), 0.0, 0.0),
    ],
)
def test_wemath_the_four_ways_of_an_answer(right: tuple[bool, ...], strict: float, loose: float) -> None:
    numbers = WE.aggregate(answered("1", *right))
    assert (numbers["strict"], numbers["loose"]) == (strict, loose)


def test_wemath_a_problem_with_a_part_unscored_counts_for_accuracy_alone() -> None:
    whole, part = answered("1", True, True, True), answered("2", True, False, True)[:2]
    assert WE.aggregate(whole + part) == {"score": 80.0, "strict": 100.0, "loose": 100.0}
    assert WE.aggregate(part) == {"score": 50.0}
