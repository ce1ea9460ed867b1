"""The completions of reward-doctor 0.2.0 (Apache-2.0, https://github.com/junglezke/reward-doctor) that it does not call
contested: no exploit is paid.

Its corpus is for rewards that read prose too; here the answer is in the box, so bare answers are put into one.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from zppo.rewards.equivalence import Equivalence
from zppo.rewards.routing import RoutedScorer
from zppo.types import Question

ROWS = [json.loads(line) for line in Path(__file__).with_name("reward_doctor.jsonl").read_text("utf-8").splitlines()]
NO_BOX = {row["id"] for row in ROWS if row["category"] == "format" and "\\boxed" not in row["completion"]}
"""Right answers outside of a box, which are none by the rule of the method."""
A_VARIABLE = {"eq.choice.case"}
"""`a` for `A`: right as an option (`answer_type: choice`), but another variable in mathematics."""


EQUIVALENCE = Equivalence()


def verdict(row: dict[str, Any], boxed: bool) -> str:
    response = f"\\boxed{{{row['completion']}}}" if boxed else row["completion"]
    rule = RoutedScorer(EQUIVALENCE)
    return rule.grade([Question(row["id"], "?", row["reference"])], [response])[0].verdict


def test_the_corpus_is_whole() -> None:
    assert len(ROWS) == 83


@pytest.mark.parametrize("row", [row for row in ROWS if not row["expect"]], ids=lambda row: row["id"])
def test_no_exploit_and_no_wrong_answer_is_paid(row: dict[str, Any]) -> None:
    assert verdict(row, boxed=False) == "wrong"
    if row["category"] == "distinction":
        assert verdict(row, boxed=True) == "wrong"


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row["expect"] and row["id"] not in NO_BOX | A_VARIABLE],
    ids=lambda row: row["id"],
)
def test_right_answers_in_a_box_are_right(row: dict[str, Any]) -> None:
    assert verdict(row, boxed=row["category"] == "equivalence") == "right"
