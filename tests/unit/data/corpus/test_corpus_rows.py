"""Rows of both sources, in all their forms, as drafts; and what makes them no part of the corpus."""

from collections.abc import Mapping
from typing import Any

import pytest

from zppo.data.corpus.reasons import REASONS, Excluded
from zppo.data.corpus.recipe import load_recipe
from zppo.data.corpus.rows import Draft, Origin, RowReader

VERO_PATHS = ("prompt", "image", "reward_model.ground_truth", "extra_info.reward_type", "extra_info.id", "id")
FINE_PATHS = ("source", "id", "question", "answer", "image", "pass_rate")
LIMITS = load_recipe()[0].limits
USER = {"role": "user", "content": "<image>How many?"}
SYSTEM = {"role": "system", "content": "Answer in tags."}


def vero(**changed: Any) -> dict[str, Any]:
    row = {
        "prompt": [SYSTEM, USER],
        "image": {"bytes": b"png", "path": None},
        "reward_model": {"style": "rule", "ground_truth": "3"},
        "extra_info": {"reward_type": "numeric", "tolerance": None, "id": "7", "answer": "three"},
    }
    return row | changed


def fine(**changed: Any) -> dict[str, Any]:
    row = {"source": "BMMR", "id": 7, "question": "<image>How many?", "answer": "3", "pass_rate": 0.5}
    return row | {"image": {"bytes": b"png", "path": None}} | changed


def ordering(answer: str) -> dict[str, Any]:
    """A list that is longer in JSON than in the source."""
    return vero(extra_info={"reward_type": "ordering"}, reward_model={"style": "rule", "ground_truth": answer})


def read(row: Mapping[str, Any]) -> Draft:
    if "source" in row:
        return RowReader("mmfinereason", "", {name: name for name in FINE_PATHS}, LIMITS).draft(row)
    return RowReader("vero", "stem-tqa", {name: name for name in VERO_PATHS}, LIMITS).draft(row)


def reason(row: Mapping[str, Any]) -> str:
    with pytest.raises(Excluded) as error:
        read(row)
    assert error.value.reason in REASONS
    return error.value.reason


@pytest.mark.parametrize(
    "prompt",
    [
        [SYSTEM, USER],
        [USER],
        {"role": ["system", "user"], "content": ["Answer in tags.", "<image>How many?"]},
        [{"role": "user", "content": [{"type": "image", "text": None}, {"type": "text", "text": "How many?"}]}],
    ],
)
def test_both_prompt_forms_of_vero_give_the_users_question_without_the_system_prompt(prompt: Any) -> None:
    assert read(vero(prompt=prompt)).prompt == "<image>How many?"


@pytest.mark.parametrize("image", [None, {"bytes": None, "path": "a.png"}, {"bytes": b"", "path": None}])
def test_a_row_without_an_image_has_no_bytes(image: Any) -> None:
    assert read(fine(image=image)).image == b""


def test_a_numbered_mark_is_the_image_once() -> None:
    assert read(fine(question="In <image 1> how many? (<image_1>)")).prompt == "In <image> how many? (image 1)"


def test_a_question_without_a_mark_gets_one_in_front() -> None:
    assert read(fine(question=" How many? ")).prompt == "<image>\nHow many?"
    assert read(fine(question="In <image> how many?")).prompt == "In <image> how many?"


def test_the_origin_is_the_config_or_the_source_value_with_the_rows_id() -> None:
    assert read(vero()).origin == Origin("vero", "stem-tqa", "7")
    assert read(vero(id="top")).origin.id == "top"
    assert read(vero(extra_info={"reward_type": "numeric"})).origin.id == ""
    assert read(fine()).origin == Origin("mmfinereason", "BMMR", "7")


def test_the_reference_answer_of_vero_is_the_ground_truth_and_no_other_column() -> None:
    assert read(vero()).scored.answer == "3"
    assert reason(vero(reward_model={"style": "rule", "ground_truth": None})) == "answer_missing"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (vero(prompt=[]), "prompt_unreadable"),
        (vero(prompt=None), "prompt_unreadable"),
        (vero(prompt=[USER, USER]), "prompt_unreadable"),
        (vero(prompt=[USER, {"role": "assistant", "content": "3"}]), "prompt_unreadable"),
        (vero(prompt={"role": ["user"], "content": []}), "prompt_unreadable"),
        (vero(prompt=[{"role": "user", "content": None}]), "prompt_unreadable"),
        (vero(prompt=[{"role": "user", "content": "<image> "}]), "prompt_unreadable"),
        (vero(prompt=[None]), "prompt_unreadable"),
        (fine(question=None), "prompt_unreadable"),
        (fine(question="<image><image> same?"), "image_marks"),
        (fine(answer=None), "answer_missing"),
        (fine(answer=" \n"), "answer_missing"),
        (fine(answer="x" * 513), "answer_long"),
        (fine(question="<image 2> or <image 1>?"), "image_marks"),
        (fine(question="<image> or <image 1>?"), "image_marks"),
        (fine(question="What is in the <video>?"), "image_marks"),
        (fine(question="<image 1>"), "prompt_unreadable"),
        (fine(question="What\0?"), "text_broken"),
        (fine(answer="\ud800"), "text_broken"),
        (fine(id="a\0"), "text_broken"),
        (vero(prompt=[USER | {"content": "What\0?"}]), "text_broken"),
        (ordering("1," * 200), "answer_long"),
        (fine(pass_rate=0.51), "pass_rate_high"),
        (fine(pass_rate=None), "pass_rate_missing"),
        (fine(pass_rate=float("nan")), "pass_rate_missing"),
        (fine(pass_rate=-0.25), "pass_rate_missing"),
        (fine(pass_rate=50.0), "pass_rate_missing"),
        (fine(pass_rate="0.25"), "pass_rate_missing"),
        (vero(extra_info=None), "reward_type_unknown"),
        (vero(extra_info={"reward_type": "vibes"}), "reward_type_unknown"),
        (vero(extra_info={"reward_type": "clicking"}), "reward_type_unscored"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(row: dict[str, Any], expected: str) -> None:
    assert reason(row) == expected


def test_limits_are_inclusive() -> None:
    assert len(read(fine(answer="x" * 512)).scored.answer) == 512
    assert read(fine(pass_rate=0.5)).pass_rate == 0.5


def test_numbers_in_the_place_of_texts_are_read_as_texts() -> None:
    assert read(fine(answer=3)).scored.answer == "3"
    assert reason(fine(answer=float("nan"))) == "answer_missing"
    assert reason(fine(answer=True)) == "answer_missing"
