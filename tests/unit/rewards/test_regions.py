"""A box in an image is right when it overlaps enough with the reference."""

from typing import Any

import pytest
from boxes import graded, question, reward
from hypothesis import given
from hypothesis import strategies as st

from zppo.errors import DataError
from zppo.rewards.graded import AnswerRule
from zppo.rewards.regions import Region, compare_region, iou, read_region, region_in

RULE = AnswerRule(read_region, compare_region)
COORDINATES = st.floats(-1e6, 1e6)
REGIONS = st.builds(Region, *[COORDINATES] * 4)


@pytest.mark.parametrize(
    "box",
    [
        "[0, 0, 10, 10]",
        "(0,0,10,10)",
        "0, 0, 10, 10",
        "[0.0, 0.0, 10.0, 10]",
        "$[0,0,10,10]$",
        "(0,0),(10,10)",
        "[[0, 0], [10, 10]]",
        "((.0, .0), (10., 10))",
    ],
)
def test_four_numbers_in_any_brackets_are_a_box(box: str) -> None:
    assert reward(RULE, question("[0, 0, 10, 10]"), box) == 1.0


@pytest.mark.parametrize(
    "box",
    [
        "",
        "0, 0, 10",
        "[0, 0, 10, 10, 5]",
        "left",
        "[10, 10, 0, 0]",
        "[0, 0, 0, 10]",
        "0 0 10 10",
        "(0,0),(10)",
        "(0,0) (10,10)",
        "(0,0),(10,10),(5,5)",
        "(0,0),(., 10)",
    ],
)
def test_anything_else_is_wrong(box: str) -> None:
    assert reward(RULE, question("[0, 0, 10, 10]"), box) == 0.0


def test_the_threshold_is_one_half_unless_the_question_says_otherwise() -> None:
    asked = "[0, 0, 10, 10]"
    assert graded(RULE, question(asked), "[0, 0, 10, 5]").reward == 1.0
    assert graded(RULE, question(asked), "[0, 0, 10, 4]").reason == "IoU 0.40 is below 0.5"
    assert graded(RULE, question(asked, iou=0.3), "[0, 0, 10, 4]").reason == "IoU 0.40 reaches 0.3"
    assert reward(RULE, question(asked, iou=0.9), "[0, 0, 10, 5]") == 0.0


@pytest.mark.parametrize(
    ("answer", "fields", "message"),
    [
        ("the cat", {}, "the answer 'the cat' is no box"),
        ("[10, 10, 0, 0]", {}, "is no box; write .* with x1 < x2 and y1 < y2"),
        ("[0, 0, 1, 1]", {"iou": 0}, "iou is 0; the least intersection over union"),
        ("[0, 0, 1, 1]", {"iou": 50}, "iou is 50"),
    ],
)
def test_a_question_that_cannot_be_graded_is_refused_by_id(answer: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=f"question 'q1': .*{message}"):
        RULE.check(question(answer, **fields))


@given(REGIONS, REGIONS)
def test_iou_is_symmetric_and_bounded(a: Region, b: Region) -> None:
    assert iou(a, b) == iou(b, a)
    assert 0 <= iou(a, b) <= 1


@given(REGIONS)
def test_a_region_with_an_area_is_its_own_match(region: Region) -> None:
    assert iou(region, region) == (1.0 if region.area else 0.0)


@given(st.tuples(*[st.integers(-9999, 9999)] * 4))
def test_what_is_written_is_what_is_read(corners: tuple[int, ...]) -> None:
    assert region_in(str(list(corners))) == Region(*corners)
