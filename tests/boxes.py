"""Questions with an answer type, and what a rule says of a final answer to them."""

from typing import Any

from zppo.rewards.graded import Graded, Rule
from zppo.types import Question


def question(answer: str, **fields: Any) -> Question:
    return Question("q1", "?", answer, fields)


def graded(rule: Rule, asked: Question, box: str) -> Graded:
    return rule.grade([asked], [box])[0]


def reward(rule: Rule, asked: Question, box: str) -> float | None:
    return graded(rule, asked, box).reward
