r"""One of several accepted answers (`answer_type: any`): spellings of a name, answers of several annotators.

The answer of the question is a JSON list. The final answer of a response is compared with each element like an answer
of type `math`.
"""

import json
from collections.abc import Sequence

from zppo.rewards.equivalence import Equivalence
from zppo.rewards.graded import Graded, refuse, shown
from zppo.types import Question

MOST = 200
"""Accepted answers of a question. Each is compared with the box."""


class AnyRule:
    """Grades against lists of accepted answers; the comparisons of a whole batch are made together."""

    def __init__(self, equivalence: Equivalence) -> None:
        self._equivalence = equivalence

    def check(self, question: Question) -> None:
        read_accepted(question)

    def grade(self, questions: Sequence[Question], answers: Sequence[str]) -> list[Graded]:
        rows = [(read_accepted(q), answer) for q, answer in zip(questions, answers, strict=True)]
        pairs = list(dict.fromkeys((gold, answer) for accepted, answer in rows for gold in accepted))
        equal = dict(zip(pairs, self._equivalence.many(pairs), strict=True))
        return [compare_accepted({gold: equal[gold, answer] for gold in accepted}, answer) for accepted, answer in rows]


def read_accepted(question: Question) -> tuple[str, ...]:
    try:
        accepted = json.loads(question.answer)
    except (ValueError, RecursionError):
        accepted = None
    if not isinstance(accepted, list) or not 1 <= len(accepted) <= MOST:
        refuse(question, f"the answer {shown(question.answer)} must be a JSON list of 1 to {MOST} accepted answers")
    if not all(isinstance(each, str | int | float) and str(each).strip() for each in accepted):
        refuse(question, f"the answer {shown(question.answer)} must hold texts or numbers alone")
    return tuple(str(each) for each in accepted)


def compare_accepted(equal: dict[str, bool | None], box: str) -> Graded:
    """`equal` holds the verdict on each accepted answer; None where there was none in time."""
    right = next((gold for gold, same in equal.items() if same), None)
    if right is not None:
        return Graded(1.0, f"{shown(box)} is accepted as {shown(right)}", box)
    if None in equal.values():
        return Graded(None, f"whether {shown(box)} is accepted could not be told in time", box)
    return Graded(0.0, f"{shown(box)} is none of the {len(equal)} accepted answers", box)
