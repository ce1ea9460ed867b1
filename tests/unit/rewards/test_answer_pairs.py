"""Answers of known truth, from public reports about graders and from attacks on this one: nothing wrong is paid."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zppo.rewards.equivalence import Equivalence
from zppo.rewards.routing import RoutedScorer
from zppo.types import Question

HERE = Path(__file__).parent
CASES = [
    json.loads(line)
    for name in ("field_cases.jsonl", "responses.jsonl")
    for line in (HERE / name).read_text("utf-8").splitlines()
]
"""Rows of `zppo grade` with the expected verdict: reported ones, and ours of every answer type."""
PAIRS = [json.loads(line) for line in (HERE / "answer_pairs.jsonl").read_text("utf-8").splitlines()]
"""A reference, the content of a box, and the expected verdict."""


@pytest.fixture(scope="module")
def verdict() -> Iterator[RoutedScorer]:
    routed = RoutedScorer(Equivalence(deadline_s=60))  # math-verify takes its time on a crowded machine
    yield routed
    routed.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_response_gets_the_verdict_it_deserves(verdict: RoutedScorer, case: dict[str, Any]) -> None:
    answer = case["answer"] if isinstance(case["answer"], str) else json.dumps(case["answer"])
    question = Question(case["id"], "?", answer, case)
    assert verdict.grade([question], [case["response"]])[0].verdict == case["expected"]


def test_no_wrong_answer_is_paid_and_no_right_one_missed(verdict: RoutedScorer) -> None:
    questions = [Question("q", "?", pair["answer"]) for pair in PAIRS]
    graded = verdict.grade(questions, [f"so it is \\boxed{{{pair['box']}}}" for pair in PAIRS])
    otherwise = [(p, g.verdict) for p, g in zip(PAIRS, graded, strict=True) if g.verdict != p["expected"]]
    assert not otherwise


def test_the_verdict_does_not_depend_on_which_of_two_boxes_is_the_reference(verdict: RoutedScorer) -> None:
    swapped = [pair for pair in PAIRS if "#" not in pair["answer"] and pair["box"].strip()]
    questions = [Question("q", "?", pair["box"]) for pair in swapped]
    graded = verdict.grade(questions, [f"so it is \\boxed{{{pair['answer']}}}" for pair in swapped])
    otherwise = [(p, g.verdict) for p, g in zip(swapped, graded, strict=True) if g.verdict != p["expected"]]
    assert not otherwise
